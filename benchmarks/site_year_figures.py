"""What a year's journal answers, and after how long: the figures of benchmarks/site_year.py."""

from __future__ import annotations

import os
import re
import resource
import socket
import subprocess
import sys
import time
from pathlib import Path
from time import perf_counter

from facilityd.config.site import Site
from facilityd.model.sample import NS
from facilityd.query.history import HOUR, HistoryQuery
from facilityd.query.site import SiteQuery
from facilityd.query.timeline import TimelineQuery
from facilityd.store.journal import Journal
from facilityd.store.reader import JournalReader

ROOT = Path(__file__).resolve().parents[1]
DAY = 86_400 * NS


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


def start(own: Path, path: Path, told: Path) -> tuple[float, float]:
    """Start the daemon on a journal; return after how long it says READY=1 to systemd, and the CPU till then, s."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        told.unlink(missing_ok=True)
        manager.bind(str(told))
        manager.settimeout(300)
        text = re.sub(
            r"path: [^,}]+", f"path: {path}", (own / "site.yaml").read_text(encoding="utf-8"), count=1
        )
        (own / "site.yaml").write_text(text, encoding="utf-8")
        began, before = perf_counter(), spent()
        daemon = subprocess.Popen(
            [sys.executable, "-m", "facilityd", "run", str(own)], cwd=ROOT,
            env={**os.environ, "NOTIFY_SOCKET": str(told)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            while b"READY=1" not in manager.recv(4096):
                pass
            took = perf_counter() - began
        finally:
            daemon.terminate()
            daemon.wait(60)
    return took, spent() - before


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
    for name, of in (("an empty journal", path.with_name("empty.db")), ("the year", path)) * 3:
        of.with_name("empty.db").unlink(missing_ok=True)
        took, cost = start(own, of, path.with_name("notify"))
        say(f"the daemon on {name}: ready after {took:.2f} s, {cost:.2f} s of CPU with its stop")
