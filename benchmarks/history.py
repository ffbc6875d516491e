"""What reading years costs: `python benchmarks/history.py`; figures in docs/decisions/0028-roll-ups.md.

A signal read each second for 30 days to 960 buckets, and 30 signals by the hour for a year, from roll-ups.
"""

from __future__ import annotations

import random
import statistics
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from facilityd.model.sample import NS, Sample, SignalType, Stream
from facilityd.store.batch import Write, WriteContext
from facilityd.store.journal import Journal
from facilityd.store.reader import JournalReader
from facilityd.store.rollup import HOUR, Rollup
from facilityd.store.rollup_blocks import HOURS, QUARTERS, store_buckets
from facilityd.store.rollup_columns import read_columns
from facilityd.store.rollups import RollupWrite
from facilityd.store.samples import SampleWrite

T0 = 1_790_000_000 * NS // (8 * 24 * HOUR) * 8 * 24 * HOUR
DAYS, SIGNALS, YEAR = 30, 30, 365 * 24
FAST = Stream("fast", "f", "u", "l", ("s",), (SignalType.FLOAT,), NS)
WIDE = Stream("wide", "f", "u", "l", tuple(f"s{n}" for n in range(SIGNALS)), (SignalType.FLOAT,) * SIGNALS)


def hours() -> Iterator[list[Sample]]:
    chance, value = random.Random(1), 20.0
    for hour in range(DAYS * 24):
        found = []
        for second in range(3600):
            value = round(value + chance.uniform(-0.05, 0.05), 2)
            at = T0 + hour * HOUR + second * NS
            found.append(Sample(FAST, at, at, (value,)))
        yield found


@dataclass(frozen=True, slots=True)
class YearWrite(Write):
    """The blocks of a year as rolling it up would write them: nobody waits for a year of samples."""

    stream: int

    def apply(self, to: WriteContext) -> None:
        chance = random.Random(2)
        for signal in range(SIGNALS):
            for block in range(0, YEAR, HOURS.size):
                rolled = []
                for hour in range(block, block + HOURS.size):
                    low, at = round(chance.uniform(10, 20), 2), T0 + hour * HOUR
                    one = Rollup(at, 120, 0, low, low + 5, low + 1, low + 2, HOUR, HOUR, 3600 * (low + 2.5))
                    rolled.append(one)
                store_buckets(to.db, self.stream, signal, HOURS, T0 + block * HOUR, rolled)


def timed(title: str, work: Callable[[], int]) -> None:
    walls = []
    for _ in range(9):
        began = perf_counter()
        count = work()
        walls.append(perf_counter() - began)
    print(f"{title:52} {statistics.median(walls) * 1e3:8.1f} ms, best {min(walls) * 1e3:.1f} ({count})")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.db"
        with Journal.open(path, max_bytes=2**32, max_age=2**62, durable=False) as journal:
            for samples in hours():
                journal.commit([SampleWrite(samples)])
                journal.commit([RollupWrite(samples[-1].at, 0, 9)])
            journal.commit([RollupWrite(T0 + (DAYS + 1) * 24 * HOUR, 0, 99)])
            journal.commit([SampleWrite([Sample(WIDE, T0, T0, (0.0,) * SIGNALS)])])
            journal.commit([RollupWrite(T0 + 9 * HOUR, 0, 9), YearWrite(2)])
        until = T0 + DAYS * 24 * HOUR
        with JournalReader.open(path) as reader:
            wide, quarters = 45 * 60 * NS, QUARTERS
            timed(
                "30 days of 1 s to 960 buckets of 45 min",
                lambda: len(read_columns(reader, "fast", "s", T0, until, quarters).joined(wide, T0)),
            )
            timed(
                "a year of 30 signals by the hour",
                lambda: sum(
                    len(read_columns(reader, "wide", name, T0, T0 + YEAR * HOUR, HOURS))
                    for name in WIDE.signals
                ),
            )
            timed("an hour of 1 s, samples", lambda: len(list(reader.history("fast", "s", T0, T0 + HOUR))))


if __name__ == "__main__":
    main()
