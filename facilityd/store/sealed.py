"""Sealed samples as they are found: by stream and time, and whether an instant is taken.

Whoever reads both raw rows and chunks asks for the rows first: a sample is sealed before its row goes, so
what is no row any more is in a chunk by then, and what is in both is taken once.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from operator import itemgetter

import apsw

from facilityd.model.quality import Reason
from facilityd.model.sample import SignalType, Value
from facilityd.store.chunk import LONGEST, SampleChunk, SealedRow
from facilityd.store.rollup import HOUR
from facilityd.store.schema import select

Point = tuple[int, Value | None, Reason | None]
"""(at in ns UTC, value or None, reason or None)."""
_LAST = 2**63 - 1
_WITHIN = """
SELECT id, first_at, last_at FROM chunk
WHERE stream = ?1 AND last_at >= ?2 AND last_at < ?4 AND first_at < ?3 ORDER BY first_at, id
"""
_GET = """
SELECT stream, first, last, first_at, last_at, count, CAST(texts AS BLOB), data FROM chunk WHERE id = ?
"""
_FIRST = """
SELECT min(c.first) FROM stream s CROSS JOIN chunk c ON c.stream = s.id AND c.last_at >= ?1 AND c.last_at < ?2
"""
_REMEMBERED = 64
_AT = itemgetter(0)


def chunk(db: apsw.Connection, number: int) -> SampleChunk | None:
    """Return a chunk by its id, None where it was forgotten."""
    rows = select(db, _GET, (number,))
    if not rows:
        return None
    *bounds, texts, data = rows[0]
    # Where bits of the row's own head have flipped a column may be of any type.
    stream, first, last, first_at, last_at, count = (n if isinstance(n, int) else 0 for n in bounds)
    return SampleChunk(stream, first, last, first_at, last_at, count, texts, data)


def chunks_within(db: apsw.Connection, stream: int, since: int, until: int) -> list[tuple[int, int, int]]:
    """Return (id, first, last instant) of a stream's chunks that touch since..until (ns UTC), in order."""
    return select(db, _WITHIN, (stream, since, until, min(until + LONGEST, _LAST)))


def damaged_spans(db: apsw.Connection, stream: int, since: int, until: int) -> list[tuple[int, int]]:
    """Return (first, last instant) of a stream's damaged chunks that touch since..until, ns UTC."""
    found = (
        (chunk(db, number), first, last) for number, first, last in chunks_within(db, stream, since, until)
    )
    return [(first, last) for one, first, last in found if one is None or not one.sound]


def first_sealed(db: apsw.Connection, at: int) -> int | None:
    """Return the least id in the chunks that end within two days from ``at`` (ns UTC) on, None without."""
    found = select(db, _FIRST, (at, min(at + 2 * LONGEST, _LAST)))
    return None if found[0][0] is None else int(found[0][0])


class SealedSignal:
    """One signal's sealed values within a ``span``, read in their order; the last chunk is remembered."""

    def __init__(
        self, db: apsw.Connection, stream: int, types: Sequence[SignalType], index: int, span: tuple[int, int]
    ) -> None:
        self._db, self._stream, self._types, self._index, self._span = db, stream, types, index, span
        self._known: dict[int, list[Point]] = {}

    def points(self, since: int, until: int) -> Iterator[Point]:
        """Iterate over the values at since <= at < until (ns UTC), each instant once."""
        group: list[int] = []
        end = since
        for number, first_at, last_at in chunks_within(self._db, self._stream, since, until):
            if group and first_at > end:
                yield from self._joined(group, since, until)
                group = []
            group.append(number)
            end = max(end, last_at) if len(group) > 1 else last_at
        if group:
            yield from self._joined(group, since, until)

    def _joined(self, group: Sequence[int], since: int, until: int) -> Iterable[Point]:
        """Return what chunks hold that overlap in time: what came late was sealed by itself."""
        known = self._known
        self._known = {n: known[n] if n in known else self._read(n) for n in group}
        parts = self._known.values()
        found = next(iter(parts)) if len(group) == 1 else _once(chain.from_iterable(parts))
        return found[bisect_left(found, since, key=_AT) : bisect_left(found, until, key=_AT)]

    def _read(self, number: int) -> list[Point]:
        found = chunk(self._db, number)
        return found.points(self._types, self._index, *self._span) if found else []


def _once(points: Iterable[Point]) -> list[Point]:
    found = {one[0]: one for one in points}
    return [found[at] for at in sorted(found)]


def united(sealed: Iterator[Point], raw: Iterable[Point]) -> Iterator[Point]:
    """Iterate over sealed and raw values in the order of their instants, each instant once."""
    first = next(sealed, None)
    if first is None:
        yield from raw
        return
    rows = iter(raw)
    row = next(rows, None)
    for point in chain([first], sealed):
        while row is not None and row[0] < point[0]:
            yield row
            row = next(rows, None)
        if row is not None and row[0] == point[0]:
            row = next(rows, None)
        yield point
    if row is not None:
        yield row
        yield from rows


def sealed_rows(
    db: apsw.Connection, stream: int, types: Sequence[SignalType], since: int, until: int
) -> dict[int, SealedRow]:
    """Return a stream's sealed samples at since <= at < until (ns UTC) by their instants, in no order."""
    found: dict[int, SealedRow] = {}
    for number, _, _ in chunks_within(db, stream, since, until):
        one = chunk(db, number)
        if one is not None:
            found.update((row[1], row) for row in one.rows(types) if since <= row[1] < until)
    return found


class SealedInstants:
    """Which instants sealed samples have: no late one may take them again. For the one writer."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._known: dict[tuple[int, int], set[int]] = {}

    def forget(self) -> None:
        """Look again: chunks came or went."""
        self._known.clear()

    def taken(self, stream: int, at: int) -> bool:
        """Return whether a stream has a sealed sample at an instant (ns UTC)."""
        hour = at // HOUR
        known = self._known.get((stream, hour))
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[stream, hour] = self._look(stream, hour * HOUR)
        return at in known

    def _look(self, stream: int, hour: int) -> set[int]:
        found: set[int] = set()
        for number, _, _ in chunks_within(self._db, stream, hour, hour + HOUR):
            one = chunk(self._db, number)
            if one is not None:
                found.update(at for at in one.instants() if hour <= at < hour + HOUR)
        return found
