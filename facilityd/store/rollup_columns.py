"""Roll-ups by columns: years as arrays, without an object for each bucket. Never loaded by the daemon.

What is read is what ``JournalReader.rollups`` returns; a figure that is missing there is NaN here, and values
are floats (whole numbers beyond 2**53 are rounded).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
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
        return replace(found, start=since + (found.start - since) // width * width)

    def grouped(self, places: NDArray[np.int64]) -> RollupColumns:
        """Return one bucket for those that follow each other with the same number in ``places``.

        It begins where the first of them does.
        """
        if not len(self):
            return self
        edges = np.flatnonzero(np.diff(places, prepend=places[0] - 1))
        if len(edges) == len(self):
            return self
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


def _stored_columns(
    db: apsw.Connection, carriers: Sequence[Carrier], level: Level, since: int, until: int
) -> list[RollupColumns]:
    """Return the stored buckets of each that start at since <= start < until; a damaged block has none."""
    parts, numbers, sizes = [], [], []
    for one in carriers:
        blocks = packed_blocks(db, one.stream, one.index, level, since, until)
        parts += [
            (n, data, KEY.pack(one.stream, one.index, level.number, block)) for block, n, data in blocks
        ]
        numbers += [block * level.size for block, *_ in blocks]
        sizes.append(len(blocks))
    arrays, counts = unpack_arrays(parts, _PLACES, _TYPES)
    arrays[0] += np.repeat(np.array(numbers, np.int64), counts)
    arrays[0] *= level.width
    ends = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])[np.cumsum([0, *sizes])]
    found = []
    for begin, end in pairwise(ends.tolist()):
        own = RollupColumns(*(array[begin:end] for array in arrays))
        inside = not len(own) or (since <= own.start[0] and own.start[-1] < until)
        found.append(own if inside else own.where((own.start >= since) & (own.start < until)))
    return found


def read_columns(
    reader: JournalReader, device: str, signal: str, since: int, until: int, level: Level
) -> RollupColumns:
    """Return what ``JournalReader.rollups`` does, as columns: a year in a few milliseconds."""
    return read_many_columns(reader, [(device, signal)], since, until, level)[0]


def read_many_columns(
    reader: JournalReader, names: Sequence[tuple[str, str]], since: int, until: int, level: Level
) -> list[RollupColumns]:
    """Return what ``read_columns`` does of each signal by its device and name: decoded together."""
    each = [reader.of_signal(*name, lambda _, carriers: carriers) for name in names]
    every = [carrier for carriers in each for carrier in carriers]
    found = iter(reader.of_signal("", "", lambda db, _: _live(db, every, level, since, until)))
    return [together([next(found) for _ in carriers]) for carriers in each]


def _live(
    db: apsw.Connection, carriers: Sequence[Carrier], level: Level, since: int, until: int
) -> list[RollupColumns]:
    """Return what ``live_rollups`` does of each, as columns."""
    whole = until // level.width * level.width
    if level is MINUTES:
        return [_computed(db, one, level, since, until) for one in carriers]
    stored = _stored_columns(db, carriers, level, since, whole)
    due: dict[int, list[int]] = {}
    found = []
    for one, columns in zip(carriers, stored, strict=True):
        if one.stream not in due:
            due[one.stream] = due_hours(db, one.stream, since, whole) if whole > since else []
        fresh = due[one.stream]
        parts = [columns.where(~np.isin(columns.start // HOUR * HOUR, fresh))] if fresh else [columns]
        parts += [_computed(db, one, level, max(since, hour), min(hour + HOUR, whole)) for hour in fresh]
        if whole < until:
            parts.append(_computed(db, one, level, max(since, whole), until))
        found.append(together(parts))
    return found


def _computed(db: apsw.Connection, one: Carrier, level: Level, since: int, until: int) -> RollupColumns:
    return columns_of(live_rollups(db, one.stream, one.types, one.expected, one.index, level, since, until))
