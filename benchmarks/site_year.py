"""A year of the demonstration site in its journal: how large, how soon it starts, how soon it answers.

    nice python benchmarks/site_year.py [--raw 90] [--days 365] [--keep FOLDER]

A virtual day costs 11 to 20 s of a core, so a year is not played: eight days in June are, by the whole daemon, with
a leak, a failed lamp and an emergency stop among them. The first, with the daemon's start, is left out; the year is
the week of the other seven again and again, each day with its own instants. The last ``--raw`` days (what a site keeps
by default) go through the journal's own writer as samples, are rolled up and sealed day by day and forgotten as the
daemon does it; of the days before only what is left of them is stored: roll-ups of an hour and of a quarter, and changes
of alarms. What the copies do not have is a year's variety: its seasons, its weather, its wear.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from time import perf_counter
from zoneinfo import ZoneInfo

from site_year_figures import DAY, ROOT, figures, say

from facilityd.config.load import load
from facilityd.config.site import Site
from facilityd.model.sample import NS, Sample
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.store.batch import ChangeRecord, Write, WriteContext
from facilityd.store.changes import ChangeWrite
from facilityd.store.journal import Journal
from facilityd.store.meta import JudgedWrite
from facilityd.store.reader import JournalReader
from facilityd.store.rollup import Rollup
from facilityd.store.rollup_blocks import HOURS, QUARTERS, Level, store_buckets
from facilityd.store.rollups import RolledHoursWrite
from facilityd.store.samples import SampleWrite

WEEK = 7
PORTION = 5000
FAULTS = {2: [("fountain-2", "leakage")], 4: [("bridges", "L1")], 5: [("hoist-1", "estop")]}
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
    """Play the days, unless they are kept; return their journal and when the first began (ns UTC)."""
    site = load(SITE, secrets=False)
    start = round(datetime(2026, 6, 10, tzinfo=ZoneInfo("UTC")).timestamp()) * NS
    kept = folder / "journal.db"
    if kept.exists():
        return kept, start
    with VirtualRuntime(site, folder, start=start, seed=1) as runtime:
        for day in range(1 + WEEK):
            runtime.advance(86_400 / 2)
            for device, fault in FAULTS.get(day, ()):
                runtime.fault(device, fault, duration=3600.0)
            runtime.advance(86_400 / 2)
            say(f"day {day + 1} of {1 + WEEK} played")
    return runtime.journal, start


class Recorded:
    """The days that were played, to be stored again at other instants."""

    def __init__(self, path: Path, start: int) -> None:
        self._reader, self._start = JournalReader.open(path), start
        self._changes = self._reader.changes()

    def samples(self, day: int, at: int) -> Iterator[list[Sample]]:
        """Iterate over a day's samples as if it had begun at ``at`` (ns UTC), in the order they were stored."""
        begin = self._start + day * DAY
        last, by = self._reader.before(begin), at - begin
        while rows := self._reader.samples_after(last, PORTION):
            last = rows[-1].id
            found = [self._reader.sample(row) for row in rows]
            yield [
                replace(one, at=one.at + by, steady=one.at + by)
                for one in found
                if begin <= one.at < begin + DAY
            ]
            if found[0].at > begin + DAY:
                return

    def changes(self, day: int, at: int) -> list[ChangeRecord]:
        """Return a day's changes of alarms as if it had begun at ``at`` (ns UTC)."""
        begin = self._start + day * DAY
        return [
            ChangeRecord(
                replace(one.change, at=one.change.at + at - begin), None, (), one.state, one.condition, one.priority
            )
            for one in self._changes
            if begin <= one.change.at < begin + DAY
        ]  # fmt: skip


def fill(path: Path, site: Site, played: Recorded, days: int, raw: int) -> None:
    """Store the year; it ends a day before now, so that retention would leave it as it is."""
    first = time.time_ns() // DAY * DAY - days * DAY
    old: list[list[tuple[int, int, Level, list[Rollup]]]] = []
    kept = site.store
    with (
        Journal.open(
            path, site=site.id, max_bytes=kept.max_size, max_age=kept.keep, retention=kept.retention, durable=False
        ) as journal,
        JournalReader.open(path) as reader,
    ):  # fmt: skip
        for n in range(days):
            at, of = first + n * DAY, 1 + n % WEEK
            if n < WEEK or n >= days - raw:
                for part in played.samples(of, at):
                    journal.commit([SampleWrite(part)])
                while hours := reader.roll_due(at + DAY, at - kept.keep, 50, 0.02):
                    journal.commit([RolledHoursWrite(hours)])
                if n == WEEK - 1:
                    say(f"a week as rows: {spread(reader)}")
                if n >= WEEK - 1:  # sealed a day after its end, as the daemon does
                    seal(journal, reader, at + DAY - (0 if n < days - raw else kept.seal_after))
                if n == WEEK - 1:
                    say(f"the same sealed: {spread(reader)}")
                    old = [left_of(reader, first + n * DAY) for n in range(WEEK)]
            else:
                shift = n // WEEK * WEEK * DAY
                journal.commit([
                    OldDay(stream, signal, level, [replace(one, start=one.start + shift) for one in found])
                    for stream, signal, level, found in old[n % WEEK]
                ])  # fmt: skip
            journal.commit([ChangeWrite(played.changes(of, at))])
            if n % 10 == 0:
                say(f"day {n}: {path.stat().st_size / 2**20:,.0f} MiB")
        journal.commit(
            [JudgedWrite(reader.last_sample())]
        )  # else the daemon would judge the year when it starts


def seal(journal: Journal, reader: JournalReader, until: int) -> None:
    for write in reader.sealing(until):
        if write is not None:
            journal.commit([write])


def left_of(reader: JournalReader, at: int) -> list[tuple[int, int, Level, list[Rollup]]]:
    """Return what is left of a day once its samples are forgotten."""
    return [
        (number, index, level, found)
        for number, stream in reader.streams().items()
        for index, signal in enumerate(stream.signals)
        for level in (HOURS, QUARTERS)
        if (found := reader.rollups(stream.device, signal, at, at + DAY, level))
    ]


def spread(reader: JournalReader) -> str:
    """Say how much room samples, sealed samples and roll-ups take, each."""
    tables, stored = reader.space().tables, reader.counters().get("stored", 0)
    sizes = ", ".join(
        f"{name} {tables.get(name, 0) / 2**20:.1f} MiB" for name in ("sample", "chunk", "rollup", "change")
    )
    samples = (tables.get("sample", 0) + tables.get("chunk", 0)) / max(1, stored) * 1e6 / 2**20
    return f"{stored:,} samples stored; {sizes}; samples {samples:.1f} MiB per million stored"


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
        (folder / "days").mkdir(exist_ok=True)
        recorded, start = play(folder / "days")
        say(f"{1 + WEEK} days played in {perf_counter() - began:.0f} s")
        own, path = folder / "site", folder / "journal.db"
        shutil.copytree(SITE, own, dirs_exist_ok=True)
        text = (own / "site.yaml").read_text(encoding="utf-8")
        (own / "site.yaml").write_text(text.replace("store: {", f"store: {{path: {path}, "), encoding="utf-8")
        site = load(own, secrets=False)
        if not path.exists():
            began = perf_counter()
            fill(path, site, Recorded(recorded, start), options.days, min(options.raw, options.days - WEEK))
            say(f"{options.days} days stored in {perf_counter() - began:.0f} s")
        figures(path, own, site)


if __name__ == "__main__":
    main()
