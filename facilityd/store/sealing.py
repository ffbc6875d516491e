"""Old samples are sealed: first a chunk is written, then the rows that are in it go. Both in small steps.

Days (UTC) are taken one after the other, in each one stream after the other; then the rows of the day go,
minute by minute, since what was written together lies together. Reading and packing is done beside the
writer. A crash anywhere leaves rows that are in a chunk too: readers take them once, and the next round
removes them. What comes late for a sealed day is a row like any other, and is sealed by itself.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass

import apsw

from facilityd.model.sample import SignalType
from facilityd.store.batch import Write, WriteContext
from facilityd.store.chunk import MOST_ROWS, SampleChunk, SealedRow, chunk_of
from facilityd.store.packing import spell
from facilityd.store.rollup import HOUR
from facilityd.store.rows import UNREADABLE, stream_of
from facilityd.store.schema import MINUTE, select, single
from facilityd.store.stream_rows import raw_rows

log = logging.getLogger(__name__)
SEALED = "sealed"
"""The counter of samples that were sealed."""
DAY = 24 * HOUR
MOST_GONE = 150
"""Rows that are removed in one transaction."""
_DAYS = "SELECT min(at / 60000000000) FROM sample WHERE at / 60000000000 >= ?"
_STREAMS = "SELECT id, device, unit, family, link, signals, types, expected FROM stream ORDER BY id"
_DUE = "SELECT 1 FROM rollup_due WHERE hour BETWEEN ? AND ? AND stream = ? LIMIT 1"
_SENT = "SELECT min(sample) FROM sink WHERE active = 1"
_KNOWN = "SELECT first_at, last_at, last FROM chunk WHERE stream = ? AND last_at >= ? AND last_at < ?"
# What is purged goes by ids or by instants, the least first.
_THERE = """
SELECT EXISTS (SELECT 1 FROM sample WHERE id = ?1) AND EXISTS
    (SELECT 1 FROM sample WHERE at / 60000000000 = ?3 / 60000000000 AND stream = ?2 AND at = ?3)
"""
_PUT = """
INSERT INTO chunk(stream, first, last, first_at, last_at, count, texts, data)
VALUES(?, ?, ?, ?, ?, ?, CAST(? AS TEXT), ?)
"""
# A row is in a chunk when its instant is within the chunk's and it was there when that was made: what came
# later has a greater id. Each stream's last sample stays a row as well: it is what `latest` shows.
_COVERED = """
SELECT s.id FROM sample s WHERE s.at / 60000000000 = ?1
AND EXISTS (SELECT 1 FROM chunk c WHERE c.stream = s.stream AND c.last_at >= s.at
    AND c.last_at < s.at + 86400000000000 AND c.first_at <= s.at AND c.last >= s.id)
AND NOT EXISTS (SELECT 1 FROM tail t WHERE t.stream = s.stream AND t.sample = s.id)
LIMIT ?2
"""
_GONE = "DELETE FROM sample WHERE id IN (SELECT value FROM json_each(?))"


@dataclass(frozen=True, slots=True)
class ChunkWrite(Write):
    """Samples are in a chunk as well; only while their rows are there, for what was purged stays so."""

    chunk: SampleChunk

    def apply(self, to: WriteContext) -> None:
        """Write it, and count its samples."""
        one = self.chunk
        if not to.db.execute(_THERE, (one.first, one.stream, one.first_at)).get:
            return
        to.db.execute(
            _PUT,
            (one.stream, one.first, one.last, one.first_at, one.last_at, one.count, one.texts, one.data),
        )
        to.counts[SEALED] += one.count
        to.samples.resealed()


@dataclass(frozen=True, slots=True)
class SealedRowsDelete(Write):
    """Rows, by their ids, that are in chunks go."""

    ids: tuple[int, ...]

    def apply(self, to: WriteContext) -> None:
        """Remove them."""
        to.db.execute(_GONE, (json.dumps(self.ids),))


def sealing(db: apsw.Connection, until: int) -> Iterator[Write | None]:
    """Iterate over what is to be committed to seal the days that end by ``until`` (ns UTC), in order.

    Each is to be committed before the next is asked for; None is a place to rest. Reads ``db`` only.
    """
    day = _next_day(db, 0)
    while day is not None and day + DAY <= until:
        for stream, types in _streams(db):
            yield from (ChunkWrite(one) for one in _chunks(db, stream, types, day))
            yield None
        yield from _leavings(db, day)
        day = _next_day(db, day + DAY)


def _next_day(db: apsw.Connection, since: int) -> int | None:
    found = single(db, _DAYS, (since // MINUTE,))
    return None if found is None else int(found) * MINUTE // DAY * DAY


def _streams(db: apsw.Connection) -> list[tuple[int, tuple[SignalType, ...]]]:
    """Return the streams that can be read, by id, with their types."""
    found = []
    for number, *columns in select(db, _STREAMS):
        try:
            types = stream_of(*columns).types
        except UNREADABLE:
            continue
        if types:
            found.append((number, types))
    return found


def _chunks(
    db: apsw.Connection, stream: int, types: tuple[SignalType, ...], day: int
) -> Iterator[SampleChunk]:
    """Iterate over the chunks of a stream's day: of what every sink has and what is rolled up."""
    if single(db, _DUE, (day // HOUR, (day + DAY) // HOUR, stream)):
        return
    sent = single(db, _SENT)
    known = select(db, _KNOWN, (stream, day, day + 2 * DAY))
    rows: list[SealedRow] = []
    for hour in range(day, day + DAY, HOUR):
        for number, at, values, reasons in raw_rows(db, stream, types, hour, hour + HOUR):
            sealed = any(first_at <= at <= last_at and number <= last for first_at, last_at, last in known)
            if not sealed and (sent is None or number <= sent):
                rows.append((number, at, values, spell(reasons, len(types)) if reasons else None))
        while len(rows) >= MOST_ROWS:
            yield from _packed(stream, types, rows[:MOST_ROWS])
            del rows[:MOST_ROWS]
    if rows:
        yield from _packed(stream, types, rows)


def _packed(stream: int, types: tuple[SignalType, ...], rows: list[SealedRow]) -> Iterator[SampleChunk]:
    try:
        yield chunk_of(stream, types, rows)
    except ValueError as error:
        log.warning("samples %d to %d stay as they are: %s", rows[0][0], rows[-1][0], error)


def _leavings(db: apsw.Connection, day: int) -> Iterator[SealedRowsDelete]:
    """Iterate over the rows of a day that are in a chunk, a few hundred at a time."""
    ids: list[int] = []
    for minute in range(day // MINUTE, (day + DAY) // MINUTE):
        while own := _covered(db, minute, ids):
            ids += own
            if len(ids) >= MOST_GONE:
                yield SealedRowsDelete(tuple(ids))
                ids = []
            else:
                break
    if ids:
        yield SealedRowsDelete(tuple(ids))


def _covered(db: apsw.Connection, minute: int, before: list[int]) -> list[int]:
    return [number for (number,) in select(db, _COVERED, (minute, MOST_GONE - len(before)))]
