"""Samples in the order in which they were stored, whether their rows are there still or were sealed."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from functools import cache

import apsw

from facilityd.model.sample import SignalType
from facilityd.store.chunk import SealedRow
from facilityd.store.packing import Layout, layout
from facilityd.store.rows import UNREADABLE, StoredSample, stored, stream_of
from facilityd.store.schema import select, single
from facilityd.store.sealed import chunk

_AFTER = """
SELECT id, stream, at, data, CAST(reasons AS BLOB), checksum FROM sample WHERE id > ? ORDER BY id LIMIT ?
"""
_ANY = "SELECT 1 FROM chunk WHERE last > ? LIMIT 1"
_OPEN = "SELECT id, first FROM chunk WHERE first <= ? AND last > ? AND id > ?"
_NEXT = "SELECT id, first FROM chunk WHERE first > ? ORDER BY first LIMIT 1"
_NEWEST = "SELECT max(id) FROM chunk"
_STREAM = "SELECT device, unit, family, link, signals, types, expected FROM stream WHERE id = ?"


class _OpenChunk:
    """A chunk that is being read; the samples behind ``place`` are yet to come, in the order of ids."""

    def __init__(self, stream: int, types: Sequence[SignalType], rows: list[SealedRow]) -> None:
        self._stream, self._layout = stream, layout(tuple(types))
        self._rows, self._place = sorted(rows, key=lambda row: row[0]), 0

    @property
    def id(self) -> int | None:
        """The id of the next sample, None where there is none any more."""
        return self._rows[self._place][0] if self._place < len(self._rows) else None

    def skip(self, after: int) -> None:
        """Go on behind an id."""
        while self.id is not None and self.id <= after:
            self._place += 1

    def take(self) -> StoredSample:
        """Return the next sample as a row that was never sealed."""
        number, at, values, why = self._rows[self._place]
        self.skip(number)
        return StoredSample(number, self._stream, at, self._data(self._layout, values), why)

    @staticmethod
    def _data(packed: Layout, values: tuple[object, ...]) -> bytes:
        return packed.data(values)  # type: ignore[arg-type]


class ForwardReader:
    """Reads on where it left off; chunks that are half read stay in memory, one for each stream at most."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._types = cache(self._read_types)
        self._begin(-1)

    def _begin(self, after: int) -> None:
        self._heap: list[tuple[int, int, _OpenChunk]] = []
        self._after, self._opened, self._newest = after, after, 0

    def read(self, after: int, limit: int) -> list[StoredSample]:
        """Return samples in the order of their ids, from the one after ``after`` on; ``limit`` at most."""
        raw = [stored(row) for row in select(self._db, _AFTER, (after, limit))]
        if single(self._db, _ANY, (after,)) is None:
            self._begin(-1)
            return raw
        if after != self._after:
            self._begin(after)
        newest = single(self._db, _NEWEST) or 0
        for number, _ in select(self._db, _OPEN, (self._opened, after, self._newest)):
            self._open(number, after)
        self._newest = newest
        found = self._merged(raw, limit)
        self._after = found[-1].id if found else after
        return found

    def _merged(self, raw: Sequence[StoredSample], limit: int) -> list[StoredSample]:
        """Return the first of both, each once."""
        found: list[StoredSample] = []
        place = 0
        while len(found) < limit:
            row = raw[place] if place < len(raw) else None
            sealed = self._peek(row.id if row else None)
            if row is None and sealed is None:
                break
            if sealed is None or (row is not None and row.id <= sealed):
                found.append(row)  # type: ignore[arg-type]  # one of the two is there
                place += 1
                if sealed == row.id:  # type: ignore[union-attr]
                    self._drop(found[-1])
            else:
                found.append(self._take())
        return found

    def _peek(self, before: int | None) -> int | None:
        """Return the id of the next sealed sample, having opened the chunks that may hold it."""
        while True:
            first = self._heap[0][0] if self._heap else None
            edge = min((one for one in (first, before) if one is not None), default=None)
            if edge is not None and edge <= self._opened:
                return first
            following = select(self._db, _NEXT, (self._opened,))
            if not following or (edge is not None and following[0][1] > edge):
                self._opened = max(self._opened, edge or 0) if following else 2**62
                return first
            number, self._opened = following[0]
            self._open(number, self._after)

    def _open(self, number: int, after: int) -> None:
        found = None if any(number == n for _, n, _ in self._heap) else chunk(self._db, number)
        if found is None:
            return
        types = self._types(found.stream)
        one = _OpenChunk(found.stream, types, found.rows(types))
        one.skip(after)
        if one.id is not None:
            heapq.heappush(self._heap, (one.id, number, one))

    def _take(self) -> StoredSample:
        _, number, one = heapq.heappop(self._heap)
        found = one.take()
        if one.id is not None:
            heapq.heappush(self._heap, (one.id, number, one))
        return found

    def _drop(self, row: StoredSample) -> None:
        """Pass over the sealed sample that is a row still."""
        while self._heap and self._heap[0][0] == row.id:
            self._take()

    def _read_types(self, stream: int) -> tuple[SignalType, ...]:
        try:
            rows = select(self._db, _STREAM, (stream,))
            return stream_of(*rows[0]).types if rows else ()
        except (*UNREADABLE, UnicodeDecodeError):
            return ()
