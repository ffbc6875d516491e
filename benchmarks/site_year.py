"""A year of the demonstration site in its journal: how large, how soon it starts, how soon it answers.

    nice python benchmarks/site_year.py [--raw 90] [--days 365] [--keep FOLDER]

One day is played in virtual time by the whole daemon; the year is that day again and again, each with its own
instants. The last ``--raw`` days (what a site keeps by default) are stored as samples, rolled up and sealed by
the daemon's own code; of the days before only their roll-ups are there, as after a year: of an hour and of a
quarter. What the copies do not have is a year's variety: alarms and findings are a day's, times so many.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from time import perf_counter
from zoneinfo import ZoneInfo

from facilityd.config.load import load
from facilityd.config.site import Site
from facilityd.model.sample import NS, Sample
from facilityd.query.history import HOUR, HistoryQuery
from facilityd.query.site import SiteQuery
from facilityd.query.timeline import TimelineQuery
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.store.batch import ChangeRecord, Write, WriteContext
from facilityd.store.changes import ChangeWrite
from facilityd.store.journal import Journal
from facilityd.store.reader import JournalReader
from facilityd.store.rollup import Rollup
from facilityd.store.rollup_blocks import HOURS, QUARTERS, Level, store_buckets
from facilityd.store.rollups import RollupWrite
from facilityd.store.samples import SampleWrite

ROOT = Path(__file__).resolve().parents[1]
DAY = 86_400 * NS
PORTION = 5000
SITE = ROOT / "config" / "square"


@dataclass(frozen=True, slots=True)
class OldDay(Write):
    """What is left of a day whose samples are forgotten."""

    stream: int
    signal: int
    level: Level
    rollups: list[Rollup]

    def apply(self, to: WriteContext) -> None:
        parts: dict[int, list[Rollup]] = {}
        for one in self.rollups:
            parts.setdefault(one.start // self.level.span, []).append(one)
        for found in parts.values():
            store_buckets(to.db, self.stream, self.signal, self.level, found[0].start, found)


def play(folder: Path) -> tuple[Path, int]:
    """Play one day, unless it is kept; return its journal and when it began (ns UTC)."""
    site = load(SITE, secrets=False)
    start = round(datetime(2026, 6, 10, tzinfo=ZoneInfo("UTC")).timestamp()) * NS
    kept = folder / "journal.db"
    if kept.exists():
        return kept, start
    with VirtualRuntime(site, folder, start=start, seed=1) as runtime:
        runtime.advance(86_400)
    return runtime.journal, start


def day_of(path: Path) -> tuple[list[Sample], list[ChangeRecord]]:
    with JournalReader.open(path) as reader:
        samples, last = [], 0
        while rows := reader.samples_after(last, PORTION):
            last = rows[-1].id
            samples += [reader.sample(row) for row in rows]
        changes = [
            ChangeRecord(row.change, None, (), row.state, row.condition, row.priority)
            for row in reader.changes()
        ]
    return samples, changes


def moved(samples: list[Sample], by: int) -> Iterator[list[Sample]]:
    for begin in range(0, len(samples), PORTION):
        part = samples[begin : begin + PORTION]
        yield [replace(one, at=one.at + by, steady=one.at + by) for one in part]


def fill(path: Path, site: str, day: Path, start: int, days: int, raw: int) -> int:
    """Store the year; it ends a day before now, so that retention would leave it as it is."""
    samples, changes = day_of(day)
    end = time.time_ns() // DAY * DAY
    first = end - days * DAY
    size = {"max_bytes": 2**33, "max_age": 2**62, "durable": False}
    with Journal.open(path, site=site, **size) as journal:
        for part in moved(samples, first - start):  # so that every stream is known
            journal.commit([SampleWrite(part)])
        journal.commit([RollupWrite(first + 2 * DAY, 0, 10**6)])
        with JournalReader.open(path) as reader:
            old = [
                (number, index, level, reader.rollups(stream.device, signal, first, first + DAY, level))
                for number, stream in reader.streams().items()
                for index, signal in enumerate(stream.signals)
                for level in (HOURS, QUARTERS)
            ]
        for n in range(1, days):
            by = n * DAY
            told = [
                replace(one, change=replace(one.change, at=one.change.at + first - start + by))
                for one in changes
            ]
            if n < days - raw:
                journal.commit([
                    OldDay(stream, signal, level, [replace(one, start=one.start + by) for one in found])
                    for stream, signal, level, found in old if found
                ])  # fmt: skip
            else:
                for part in moved(samples, first - start + by):
                    journal.commit([SampleWrite(part)])
                journal.commit([RollupWrite(first + by + DAY, 0, 10**6)])
            journal.commit([ChangeWrite(told)])
            if n % 10 == 0:
                say(f"day {n}: {path.stat().st_size / 2**20:,.0f} MiB")
        journal.commit([RollupWrite(end + DAY, 0, 10**6)])
        before = path.stat().st_size
        with JournalReader.open(path) as reader:
            for write in reader.sealing(end - DAY):
                if write is not None:
                    journal.commit([write])
        say(f"file before sealing {before / 2**20:,.0f} MiB (its pages are used again, not given back)")
    return len(samples)


def say(text: str) -> None:
    print(text, flush=True)


def command(site: Path, *words: str) -> tuple[float, int]:
    """Return the least CPU time of three, in s (a busy machine says little by the clock), and the bytes."""
    walls, size = [], 0
    for _ in range(3):
        began = spent()
        made = subprocess.run(
            [sys.executable, "-m", "facilityd", words[0], str(site), *words[1:]],
            cwd=ROOT, capture_output=True, check=False,
        )  # fmt: skip
        walls.append(spent() - began)
        size = len(made.stdout)
        assert made.returncode in (0, 1), made.stderr.decode()[-500:]
    return min(walls), size


def spent() -> float:
    """Return the CPU time of all commands so far, in s."""
    found = resource.getrusage(resource.RUSAGE_CHILDREN)
    return found.ru_utime + found.ru_stime


def opened(path: Path, site: Site) -> tuple[float, float]:
    """Return how long the journal takes to open: for the daemon's writer, and for a reader."""
    began = perf_counter()
    Journal.open(path, site=site.id, max_bytes=2**33, max_age=2**62).close()
    writer = perf_counter() - began
    began = perf_counter()
    JournalReader.open(path, site.id).close()
    return writer, perf_counter() - began


QUESTIONS = (
    ("status", "--json"),
    ("alarms", "--json"),
    ("history", "fountain-2", "power", "--since", "2d", "--until", "1d", "--json"),
    ("history", "fountain-2", "power", "--since", "365d", "--bucket", "1d", "--json"),
    ("history", "fountain-2", "power", "--since", "30d", "--bucket", "15min", "--json"),
    ("compare", "fountain-*", "--since", "7d", "--json"),
    ("kpi", "--json"),
    ("storage", "--json"),
)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--days", type=int, default=365)
    asked.add_argument("--raw", type=int, default=90)
    asked.add_argument("--keep", type=Path)
    options = asked.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = options.keep or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        began = perf_counter()
        (folder / "day").mkdir(exist_ok=True)
        day, start = play(folder / "day")
        say(f"one day played in {perf_counter() - began:.0f} s")
        own, path = folder / "site", folder / "journal.db"
        shutil.copytree(SITE, own, dirs_exist_ok=True)
        text = (own / "site.yaml").read_text(encoding="utf-8")
        (own / "site.yaml").write_text(text.replace("store: {", f"store: {{path: {path}, "), encoding="utf-8")
        site = load(own, secrets=False)
        began = perf_counter()
        count = fill(path, site.id, day, start, options.days, min(options.raw, options.days - 1))
        say(f"{options.days} days of {count:,} samples stored in {perf_counter() - began:.0f} s")
        figures(path, own, site)


def asked(site: Site) -> None:
    """Say what questions cost in a process that has loaded the site, in CPU: the least of three."""
    now = time.time_ns() // HOUR * HOUR
    names = [(d.id, s) for d in site.devices.values() for stream in d.streams for s in stream.signals][:30]
    power = ("fountain-2", "power")
    with SiteQuery(site) as query:
        works = {
            "the devices now": lambda: len(query.devices()),
            "355 days by the day, with gaps": lambda: len(
                query.history(HistoryQuery(*power, now - 360 * DAY, now - 5 * DAY, DAY)).buckets
            ),
            "30 days by 15 min, with gaps": lambda: len(
                query.history(HistoryQuery(*power, now - 40 * DAY, now - 10 * DAY, DAY // 96)).buckets
            ),
            "30 signals, 355 days by the hour, as arrays": lambda: len(
                query.columns(tuple(names), now - 360 * DAY, now - 5 * DAY, HOUR).start
            ),
            "what happened in a week (timeline)": lambda: len(
                query.timeline(TimelineQuery(now - 12 * DAY, now - 5 * DAY)).entries
            ),
            "what takes the room": lambda: len(query.storage().parts),
        }
        for name, work in works.items():
            costs = []
            for _ in range(3):
                began = time.process_time()
                count = work()
                costs.append(time.process_time() - began)
            say(f"{min(costs) * 1e3:6.0f} ms of CPU  {name}: {count}")


def figures(path: Path, own: Path, site: Site) -> None:
    with JournalReader.open(path) as reader:
        counted = reader.counters()
        say(f"journal {path.stat().st_size / 2**20:,.0f} MiB; stored {counted.get('stored', 0):,} samples")
        say(f"parts {reader.space()}"[:600])
    writer, reading = opened(path, site)
    say(f"opened for writing in {writer:.2f} s, for reading in {reading * 1e3:.1f} ms")
    asked(site)
    for words in QUESTIONS:
        wall, size = command(own, *words)
        say(f"{wall:6.2f} s of CPU  {size:>10,} B  facilityd {' '.join(words)}")


if __name__ == "__main__":
    main()
