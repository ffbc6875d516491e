"""What takes the room in a journal: its tables to the page, samples by stream, roll-ups by signal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import apsw

from facilityd.store.schema import select, single

# Each page is looked at: a journal of 2 GiB takes seconds.
_TABLES = """
SELECT coalesce(s.tbl_name, d.name), sum(d.pgsize) FROM dbstat d LEFT JOIN sqlite_schema s ON s.name = d.name
WHERE d.aggregate = 1 GROUP BY 1
"""
_SLICES, _ROWS = 64, 300
"""Samples are looked at in so many places, so many in each: all of them would take a minute."""
_SLICE = "SELECT stream, length(data) + coalesce(length(reasons), 0) FROM sample WHERE id >= ? LIMIT ?"
_ROLLUPS = "SELECT stream, signal, level, sum(length(data)), sum(count) FROM rollup GROUP BY 1, 2, 3"
_SEALED = """
SELECT stream, sum(length(data) + coalesce(length(texts), 0)), sum(count), min(first_at) FROM chunk
GROUP BY stream
"""
_ROW = 35
"""Bytes of a sample beside its data: id, stream, instant, checksum and the entry in the index, about."""


@dataclass(frozen=True, slots=True)
class RollupUse:
    """The roll-ups of one signal of a stream at one level: their bytes, and how many buckets there are."""

    stream: int
    signal: int
    level: int
    size: int
    buckets: int


@dataclass(frozen=True, slots=True)
class SpaceUse:
    """``tables``: bytes of each with its indices.

    ``streams``: each one's share of the samples that are rows, estimated; ``sealed_streams``: of the others.
    ``samples``: how many rows there are, ``sealed``: how many samples are sealed.
    ``oldest`` and ``newest``: instants of the first and last sample, ns UTC.
    """

    tables: Mapping[str, int]
    streams: Mapping[int, float]
    rollups: tuple[RollupUse, ...]
    samples: int
    oldest: int
    newest: int
    sealed: int = 0
    sealed_streams: Mapping[int, float] = field(default_factory=dict)


def space_use(db: apsw.Connection) -> SpaceUse:
    """Return what takes the room. Raises UsageError for damage."""
    tables = dict(select(db, _TABLES))
    first, last = select(db, "SELECT coalesce(min(id), 0), coalesce(max(id), 0) FROM sample")[0]
    ends = [single(db, "SELECT at FROM sample WHERE id = ?", (number,)) or 0 for number in (first, last)]
    rollups = tuple(RollupUse(*row) for row in select(db, _ROLLUPS))
    sealed = select(db, _SEALED)
    whole, number = sum(row[1] for row in sealed), sum(row[2] for row in sealed)
    shares = {stream: size / whole for stream, size, *_ in sealed}
    oldest = min([*(row[3] for row in sealed), *(ends[:1] if last else [])], default=0)
    # Between the first row and the last there are ids whose samples are sealed: those of one that was
    # kept as its stream's last word.
    count = single(db, "SELECT count(*) FROM sample") if sealed else last - first + 1 if last else 0
    return SpaceUse(tables, _shares(db, first, last), rollups, count, oldest, ends[1], number, shares)


def _shares(db: apsw.Connection, first: int, last: int) -> dict[int, float]:
    seen: Counter[int] = Counter()
    step = max(1, (last - first + 1) // _SLICES)
    for start in range(first, last + 1, step):
        for stream, size in select(db, _SLICE, (start, min(_ROWS, step))):
            seen[stream] += size + _ROW
    whole = seen.total()
    return {stream: size / whole for stream, size in seen.items()}
