"""Roll-ups as they lie in the journal: blocks of buckets of one signal and level, compressed by columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from struct import Struct
from typing import Any

import apsw

from facilityd.model.sample import NS, Number
from facilityd.store.columns import Column, DamagedColumns, pack, unpack
from facilityd.store.rollup import HOUR, Rollup
from facilityd.store.schema import select


@dataclass(frozen=True, slots=True)
class Level:
    """A width of buckets, and how many lie in one block. ``name`` is its key in ``store.retention``."""

    number: int
    name: str
    width: int
    size: int

    @property
    def span(self) -> int:
        """The time that a block covers, ns."""
        return self.width * self.size


LEVELS = (
    Level(1, "rollup_1min", 60 * NS, 60),
    Level(2, "rollup_15min", 900 * NS, 96),
    Level(3, "rollup_1h", HOUR, 192),
)
"""From fine to coarse; each width divides the next. A block is an hour, a day, eight days."""
MINUTES, QUARTERS, HOURS = LEVELS

KEY = Struct("<qqqq")
"""Stream, signal, number of the level, number of the block: where it lies, as its checksum has it."""
_GET = "SELECT count, data FROM rollup WHERE stream = ? AND signal = ? AND level = ? AND block = ?"
_PUT = "INSERT OR REPLACE INTO rollup(stream, signal, level, block, count, data) VALUES(?, ?, ?, ?, ?, ?)"
_DROP = "DELETE FROM rollup WHERE stream = ? AND signal = ? AND level = ? AND block = ?"
_BETWEEN = """
SELECT block, count, data FROM rollup WHERE stream = ? AND signal = ? AND level = ? AND block BETWEEN ? AND ?
ORDER BY block
"""


@dataclass(frozen=True, slots=True)
class RollupBlock:
    """The bytes of ``count`` buckets that lie at a place; none: the block goes."""

    place: tuple[int, int, int, int]
    count: int
    data: bytes

    def store(self, db: apsw.Connection) -> None:
        """Put it in place of what was there. Within a transaction."""
        if self.count:
            db.execute(_PUT, (*self.place, self.count, self.data))
        else:
            db.execute(_DROP, self.place)


def packed_buckets(
    db: apsw.Connection, stream: int, signal: int, level: Level, hour: int, rollups: Sequence[Rollup]
) -> RollupBlock:
    """Return the block with an hour's buckets (from ``hour``, ns UTC, on) in place of what was there."""
    block = hour // level.span
    place = stream, signal, level.number, block
    if level.span == HOUR:
        kept = list(rollups)
    else:
        rows = select(db, _GET, place)
        before = _readable(rows[0], stream, signal, level, block) if rows else []
        kept = [one for one in before if not hour <= one.start < hour + HOUR]
        kept = sorted([*kept, *rollups], key=lambda one: one.start)
    return RollupBlock(place, len(kept), _packed(kept, level, block, KEY.pack(*place)) if kept else b"")


def store_buckets(
    db: apsw.Connection, stream: int, signal: int, level: Level, hour: int, rollups: Sequence[Rollup]
) -> None:
    """Put an hour's buckets (from ``hour``, ns UTC, on) in place of what was there. Within a transaction."""
    packed_buckets(db, stream, signal, level, hour, rollups).store(db)


def stored_buckets(
    db: apsw.Connection, stream: int, signal: int, level: Level, since: int, until: int
) -> list[Rollup]:
    """Return the stored buckets that start at since <= start < until (ns UTC); a damaged block has none."""
    found: list[Rollup] = []
    for block, count, data in packed_blocks(db, stream, signal, level, since, until):
        rollups = _readable((count, data), stream, signal, level, block)
        found += [one for one in rollups if since <= one.start < until]
    return found


def packed_blocks(
    db: apsw.Connection, stream: int, signal: int, level: Level, since: int, until: int
) -> list[tuple[int, int, bytes]]:
    """Return (number, how many buckets, bytes) of the blocks that touch since..until (ns UTC), in order."""
    first, last = since // level.span, (until - 1) // level.span
    return select(db, _BETWEEN, (stream, signal, level.number, first, last))


def _readable(row: tuple[int, bytes], stream: int, signal: int, level: Level, block: int) -> list[Rollup]:
    try:
        return _unpacked(*row, level, block, KEY.pack(stream, signal, level.number, block))
    except (DamagedColumns, TypeError, ValueError, IndexError):
        return []  # no value, rather than a wrong one


STORED = (
    "count", "bad", "covered", "good", "first", "last", "least", "greatest", "integral", "resets", "before",
)  # fmt: skip
"""The fields in the order of their columns: what is often the same lies side by side."""
_BUILT = tuple(STORED.index(field.name) for field in fields(Rollup) if field.name in STORED)
"""The columns in the order in which a Rollup is built."""


def _packed(rollups: Sequence[Rollup], level: Level, block: int, key: bytes) -> bytes:
    states = sorted({value for one in rollups for value in one.states})
    places: Column = [one.start // level.width - block * level.size for one in rollups]
    columns = [places, *([_plain(getattr(one, name)) for one in rollups] for name in STORED)]
    for value in states:
        columns += [[value] * len(rollups), [one.states.get(value) for one in rollups]]
    return pack(columns, key)


def _plain(value: Number | None) -> int | float | None:
    return int(value) if isinstance(value, bool) else value


def _unpacked(count: int, data: bytes, level: Level, block: int, key: bytes) -> list[Rollup]:
    places, *columns = unpack(data, count, key)
    known, behind = columns[: len(STORED)], columns[len(STORED) :]
    states = [(int(names[0] or 0), held) for names, held in zip(behind[::2], behind[1::2], strict=True)]
    base, width = block * level.size, level.width
    starts = [(base + int(place or 0)) * width for place in places]
    # The columns hold the types that were packed: count and its like are whole, the integral is a float.
    rows: Any = zip(starts, *(known[place] for place in _BUILT), strict=True)
    found = [Rollup(*row) for row in rows]
    for value, held in states:
        for one, length in zip(found, held, strict=True):
            if length is not None:
                one.states[value] = int(length)
    return found
