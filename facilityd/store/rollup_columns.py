"""Roll-ups by columns: years as arrays, without an object for each bucket. Never loaded by the daemon.

What is read is what ``JournalReader.rollups`` returns; a figure that is missing there is NaN here, and values
are floats (whole numbers beyond 2**53 are rounded).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import apsw
import numpy as np
from numpy.typing import NDArray

from facilityd.model.sample import NS
from facilityd.store.column_arrays import unpack_arrays
from facilityd.store.history import Carrier
from facilityd.store.reader import JournalReader
from facilityd.store.rollup import HOUR, Rollup
from facilityd.store.rollup_blocks import KEY, MINUTES, STORED, Level, packed_blocks
from facilityd.store.rollups import due_hours, live_rollups

_WHOLE = ("count", "bad", "covered", "good")
_FLOATS = ("least", "greatest", "integral")
FIELDS = (*_WHOLE, *_FLOATS)
_PLACES = (0, *(1 + STORED.index(name) for name in FIELDS))
"""The columns of a block that are read: where each bucket begins, and the fields."""
_TYPES = (np.int64,) * (1 + len(_WHOLE)) + (np.float64,) * len(_FLOATS)


@dataclass(frozen=True, slots=True)
class RollupColumns:
    """Buckets of one signal as arrays of one length, in the order of ``start`` (ns UTC).

    As in ``Rollup``: ``count`` and ``bad`` samples, ``covered`` and ``good`` ns, ``integral`` in value x s.
    """

    start: NDArray[np.int64]
    count: NDArray[np.int64]
    bad: NDArray[np.int64]
    covered: NDArray[np.int64]
    good: NDArray[np.int64]
    least: NDArray[np.float64]
    greatest: NDArray[np.float64]
    integral: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.start)

    @property
    def mean(self) -> NDArray[np.float64]:
        """The mean over the time in which a value held, NaN where none did."""
        with np.errstate(invalid="ignore", divide="ignore"):
            found: NDArray[np.float64] = self.integral * NS / self.covered
        return found

    def joined(self, width: int, since: int = 0) -> RollupColumns:
        """Return wider buckets of ``width`` ns, counted from ``since``."""
        if not len(self):
            return self
        places = (self.start - since) // width
        found = self.grouped(places)
        return replace(found, start=since + np.unique(places) * width)

    def grouped(self, places: NDArray[np.int64]) -> RollupColumns:
        """Return one bucket for those that follow each other with the same number in ``places``.

        It begins where the first of them does.
        """
        if not len(self):
            return self
        edges = np.flatnonzero(np.diff(places, prepend=places[0] - 1))
        join = {"least": np.fmin, "greatest": np.fmax}
        fields = [join.get(name, np.add).reduceat(getattr(self, name), edges) for name in FIELDS]
        return RollupColumns(self.start[edges], *fields)

    def where(self, keep: NDArray[np.bool_]) -> RollupColumns:
        """Return the buckets for which ``keep`` is true."""
        return RollupColumns(*(getattr(self, name)[keep] for name in ("start", *FIELDS)))


def columns_of(rollups: Sequence[Rollup]) -> RollupColumns:
    """Return buckets as columns."""

    def column(name: str, kind: Any) -> Any:
        found = (getattr(one, name) for one in rollups)
        return np.array([np.nan if value is None else value for value in found], kind)

    names = ("start", *_WHOLE)
    return RollupColumns(
        *(column(name, np.int64) for name in names), *(column(name, np.float64) for name in _FLOATS)
    )


def together(parts: Iterable[RollupColumns]) -> RollupColumns:
    """Return all buckets in the order of their starts, those of one start as one."""
    found = list(parts) or [columns_of(())]
    if len(found) == 1:
        return found[0]
    whole = RollupColumns(*(np.concatenate([getattr(p, n) for p in found]) for n in ("start", *FIELDS)))
    order = np.argsort(whole.start, kind="stable")
    return RollupColumns(*(getattr(whole, name)[order] for name in ("start", *FIELDS))).joined(1)


def stored_columns(
    db: apsw.Connection, stream: int, signal: int, level: Level, since: int, until: int
) -> RollupColumns:
    """Return the stored buckets that start at since <= start < until (ns UTC); a damaged block has none."""
    blocks = packed_blocks(db, stream, signal, level, since, until)
    parts = [(n, data, KEY.pack(stream, signal, level.number, block)) for block, n, data in blocks]
    arrays, counts = unpack_arrays(parts, _PLACES, _TYPES)
    arrays[0] += np.repeat(np.array([block * level.size for block, *_ in blocks], np.int64), counts)
    arrays[0] *= level.width
    found = RollupColumns(*arrays)
    if not len(found) or (since <= found.start[0] and found.start[-1] < until):
        return found
    return found.where((found.start >= since) & (found.start < until))


def read_columns(
    reader: JournalReader, device: str, signal: str, since: int, until: int, level: Level
) -> RollupColumns:
    """Return what ``JournalReader.rollups`` does, as columns: a year in a few milliseconds."""

    def work(db: apsw.Connection, carriers: Sequence[Carrier]) -> RollupColumns:
        return together([_live(db, one, level, since, until) for one in carriers])

    return reader.of_signal(device, signal, work)


def _live(db: apsw.Connection, carrier: Carrier, level: Level, since: int, until: int) -> RollupColumns:
    """Return what ``live_rollups`` does, as columns."""
    whole = until // level.width * level.width

    def computed(first: int, last: int) -> RollupColumns:
        one = carrier
        return columns_of(
            live_rollups(db, one.stream, one.types, one.expected, one.index, level, first, last)
        )

    if level is MINUTES:
        return computed(since, until)
    found = stored_columns(db, carrier.stream, carrier.index, level, since, whole)
    fresh = due_hours(db, carrier.stream, since, whole) if whole > since else []
    parts = [found.where(~np.isin(found.start // HOUR * HOUR, fresh))] if fresh else [found]
    parts += [computed(max(since, hour), min(hour + HOUR, whole)) for hour in fresh]
    if whole < until:
        parts.append(computed(max(since, whole), until))
    return together(parts)
