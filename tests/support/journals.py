"""Streams, samples and a journal with its one writer, for tests of the store and what stands on it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

from facilityd.errors import StoreFull
from facilityd.model.quality import Reason
from facilityd.model.sample import NS, Sample, SignalType, Stream, Value
from facilityd.model.settings import RetentionSettings
from facilityd.store.batch import Batch, DeadLetterLine, LineKind, Receipt
from facilityd.store.cursors import CursorWrite
from facilityd.store.dead_letters import DeadLetterLineWrite
from facilityd.store.journal import Journal
from facilityd.store.meta import add_counts
from facilityd.store.retention import Retention
from facilityd.store.samples import SampleWrite

T0 = 1_790_000_040 * NS
"""A whole minute in September 2026."""
DAY = 86400 * NS


def stream(device: str = "hoist-1", unit: str = "drive", count: int = 3, expected: int = 30 * NS) -> Stream:
    """A stream of ``count`` floats."""
    names = tuple(f"s{n}" for n in range(count))
    return Stream(device, "hoist", unit, "bus-1", names, (SignalType.FLOAT,) * count, expected)


def sample(of: Stream, at: int, *values: Value | None, **reasons: Reason) -> Sample:
    """A sample; missing values are filled with the seconds since T0; reasons by signal name."""
    filled = (*values, *(((at - T0) / NS,) * (len(of.signals) - len(values))))
    return Sample(of, at, at, filled, {of.signals.index(name): reason for name, reason in reasons.items()})


def open_journal(folder: Path, **settings: Any) -> Journal:
    """A journal in ``folder`` with room for everything."""
    wanted = {"max_bytes": 2**30, "max_age": 90 * DAY, "ballast_bytes": 65536} | settings
    return Journal.open(folder / "journal.db", **wanted)


@contextmanager
def connected(path: Path) -> Iterator[apsw.Connection]:
    """A connection of the test's own to a journal that may be open."""
    db = apsw.Connection(str(path))
    try:
        db.set_busy_timeout(5000)
        yield db
    finally:
        db.close()


def rows(path: Path, sql: str) -> list[Any]:
    """Read a stored journal."""
    with connected(path) as db:
        return db.execute(sql).fetchall()


def edit(path: Path, sql: str) -> None:
    """Change a stored journal behind the back of its writer."""
    with connected(path) as db:
        db.execute(sql)


def purge(path: Path, most: int) -> None:
    """Forget the oldest samples, counted, as the journal does where its file is full."""
    with connected(path) as db, db:
        counts = Counter[str]()
        Retention(db, 2**30, 90 * DAY, RetentionSettings()).purge(most, counts)
        add_counts(db, counts)


class CommitDoor:
    """The flow's commit, over a real journal on a disk that can be full for a while."""

    def __init__(self, journal: Journal) -> None:
        self.journal, self.full = journal, False

    async def commit(self, batch: Batch) -> Receipt:
        if self.full:
            raise StoreFull("no room", where="here")
        return self.journal.commit(batch)


class Keeper:
    """The one writer in its thread, as the pipeline has it."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.thread = ThreadPoolExecutor(1)

    async def call(self, work: Callable[..., Any], *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self.thread, work, *args)

    async def store(self, *samples: Sample) -> None:
        await self.call(self.journal.commit, [SampleWrite(samples)])

    async def advance(self, sink: str, kind: LineKind, row: int) -> None:
        await self.call(self.journal.commit, [CursorWrite(sink, kind, row)])

    async def add_dead_letter_line(self, letter: DeadLetterLine) -> None:
        await self.call(self.journal.commit, [DeadLetterLineWrite((letter,))])

    def close(self) -> None:
        self.thread.shutdown()
        self.journal.close()
