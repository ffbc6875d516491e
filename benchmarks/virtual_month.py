"""Thirty virtual days of the demonstration site: how long, how much, and where the time goes.

    python benchmarks/virtual_month.py [DAYS] [--profile] [--halves]

``--halves``: two halves of the time at once, each in a process of its own, as CI with two cores would.
The whole path: adapter, journal, rules, alarms, notices, at the shipped duty-dependent periods. Run
twice with one seed for the same digest.
"""

from __future__ import annotations

import cProfile
import hashlib
import json
import logging
import pstats
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from zoneinfo import ZoneInfo

from facilityd.config.load import load
from facilityd.model.sample import NS
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.store.reader import JournalReader

ROOT = Path(__file__).resolve().parents[1]
ROOMS = {
    "simulators/": "simulated field (physics, registers, devices)",
    "devices/": "adapters (timetable, polls, decoding, duty)",
    "facilityd/detect": "rules",
    "facilityd/store": "journal (Python)",
    "builtin <method 'execute": "journal (SQLite)",
    "facilityd/scenario": "virtual clock and wire",
    "facilityd/": "the rest of the daemon",
    "builtin": "built-in functions",
}


def play(days: float, folder: Path, seed: int = 1, after: float = 0.0) -> tuple[float, VirtualRuntime]:
    site = load(ROOT / "config" / "square")
    start = round(datetime(2026, 10, 1, tzinfo=ZoneInfo(site.timezone)).timestamp() + after * 86400) * NS
    began = time.perf_counter()
    with VirtualRuntime(site, folder, start=start, seed=seed) as runtime:
        runtime.advance(days * 86400)
    return time.perf_counter() - began, runtime


def counted(journal: Path) -> tuple[int, int]:
    samples = values = last = 0
    with JournalReader.open(journal) as reader:
        while rows := reader.samples_after(last, 20_000):
            last = rows[-1].id
            samples += len(rows)
            values += sum(len(reader.stream(row.stream).signals) for row in rows)
    return samples, values


def where(profile: cProfile.Profile) -> dict[str, float]:
    spent: Counter[str] = Counter()
    for (file, _, name), (_, _, own, _, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        key = (
            file.removeprefix(f"{ROOT}/")
            if str(ROOT) in file
            else f"builtin {name}"
            if file == "~"
            else "asyncio"
        )
        key = key if ".venv" not in key else "asyncio"
        spent[
            next((room for prefix, room in ROOMS.items() if key.startswith(prefix)), "Python's library")
        ] += own
    return {room: round(100 * own / spent.total(), 1) for room, own in spent.most_common()}


def main() -> None:
    logging.getLogger("facilityd").setLevel(logging.ERROR)
    logging.getLogger("devices").setLevel(logging.ERROR)
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    days = float(words[0]) if words else 30.0
    if "--halves" in sys.argv:
        began = time.perf_counter()
        with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
            told = list(pool.map(month, (days / 2,) * 2, (0.0, days / 2)))
        print(
            json.dumps({"seconds for all": round(time.perf_counter() - began, 1), "halves": told}, indent=1)
        )
        return
    print(json.dumps(month(days), indent=1))
    if "--profile" in sys.argv:
        with tempfile.TemporaryDirectory() as folder:
            profile = cProfile.Profile()
            profile.runcall(play, 1.0, Path(folder))
            print(json.dumps(where(profile), indent=1))


def month(days: float, after: float = 0.0) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        took, runtime = play(days, Path(folder), after=after)
        samples, values = counted(runtime.journal)
        return {
            "days": days, "seconds": round(took, 1), "times life": round(days * 86400 / took), "samples": samples,
            "values": values, "values per s": round(values / took), "notices": len(runtime.mailbox.taken),
            "units": len(runtime.site.units), "devices": len(runtime.site.devices),
            "sha256": hashlib.sha256(runtime.journal.read_bytes()).hexdigest()[:16],
        }  # fmt: skip


if __name__ == "__main__":
    main()
