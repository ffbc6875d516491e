"""Roll-ups follow the samples: which hours are due, and how an hour is rolled up again, whole.

An hour of a stream is due when a sample lies in it, or holds into it; that is noted in the transaction that
stores the sample. It is rolled up from all that the journal holds of it, and the note removed, in one
transaction. So whatever comes late, twice or after a step of the clock, and wherever a crash falls, a roll-up
is what recomputing it would give.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter

import apsw

from facilityd.model.sample import SignalType
from facilityd.store.batch import Write, WriteContext
from facilityd.store.history import Carrier
from facilityd.store.packing import Values
from facilityd.store.rollup import HOUR, Held, Rollup, joined, merged, number_of, roll, stale_after
from facilityd.store.rollup_blocks import (
    HOURS,
    LEVELS,
    MINUTES,
    Level,
    RollupBlock,
    packed_buckets,
    stored_buckets,
)
from facilityd.store.rows import UNREADABLE, stream_of
from facilityd.store.schema import MINUTE, select, single
from facilityd.store.stream_rows import stream_rows

ROLLED, TOO_LATE = "rolled_hours", "rollup_too_late"
FEW = 240
"""Samples in an hour, four a minute: of no more than these there are no roll-ups of a minute."""
_DUE = "SELECT hour, stream FROM rollup_due WHERE hour < ? ORDER BY hour, stream LIMIT ?"
_DONE = "DELETE FROM rollup_due WHERE hour = ? AND stream = ?"
_STREAM = "SELECT device, unit, family, link, signals, types, expected FROM stream WHERE id = ?"
_SIGNALS = "SELECT signal FROM rollup WHERE stream = ? AND level = ? AND block = ?"
_NEWEST = """
WITH RECURSIVE m(n) AS (SELECT ?1 UNION ALL SELECT n + 1 FROM m WHERE n < ?2)
SELECT max(s.id) FROM m CROSS JOIN sample s ON s.at / 60000000000 = m.n AND s.stream = ?3
"""
_PURGED = "SELECT 1 FROM purged_hour WHERE hour = ?"


@dataclass(frozen=True, slots=True)
class HourSamples:
    """What a roll-up of an hour of one stream is computed from, and its types."""

    types: tuple[SignalType, ...]
    stale: int
    rows: Sequence[tuple[int, Values, frozenset[int]]]

    def held(self, signal: int) -> list[Held]:
        """Return one signal's values."""
        return [(at, number_of(values[signal]), signal not in bad) for at, values, bad in self.rows]

    def rollups(self, signal: int, hour: int, width: int, until: int | None = None) -> list[Rollup]:
        """Return a signal's buckets within an hour, or of it up to an instant (ns UTC); none of a text."""
        kind = self.types[signal]
        if kind is SignalType.TEXT:
            return []
        states = kind is SignalType.ENUM
        end = hour + HOUR if until is None else until
        fine = roll(self.held(signal), hour, end, MINUTES.width, self.stale, states=states)
        return list(joined(fine, width)) if width > MINUTES.width else fine


def read_hour(
    db: apsw.Connection, stream: int, types: tuple[SignalType, ...], expected: int, hour: int
) -> HourSamples:
    """Return what lies in an hour (from ``hour``, ns UTC, on) of a stream, and what holds into it."""
    stale = stale_after(expected)
    rows = stream_rows(db, stream, types, hour - stale, hour + HOUR)
    samples = [(at, values, frozenset(reasons)) for at, values, reasons in rows]
    return HourSamples(types, stale, samples)


@dataclass(frozen=True, slots=True)
class RolledHour:
    """An hour (its number since 1970) of a stream, rolled up when its newest sample was of id ``newest``.

    ``late``: samples of it are gone already, so what is there stays.
    """

    number: int
    stream: int
    newest: int | None
    blocks: tuple[RollupBlock, ...] = ()
    late: bool = False

    def store(self, to: WriteContext) -> None:
        """Store it, unless a sample has come meanwhile: then the hour stays due."""
        if _newest(to.db, self.stream, self.number) != self.newest:
            return
        for block in self.blocks:
            block.store(to.db)
        to.counts[TOO_LATE if self.late else ROLLED] += 1
        to.db.execute(_DONE, (self.number, self.stream))
        to.samples.rolled(self.stream)


@dataclass(frozen=True, slots=True)
class RolledHoursWrite(Write):
    """Hours that were rolled up beside the writer."""

    hours: Sequence[RolledHour]

    def apply(self, to: WriteContext) -> None:
        """Store them."""
        for one in self.hours:
            one.store(to)


@dataclass(frozen=True, slots=True)
class RollupWrite(Write):
    """Hours that are due and ended before ``until`` (ns UTC), ``most`` of them, rolled up within the commit.

    ``horizon`` (ns UTC): of what lies before it samples may be gone already.
    """

    until: int
    horizon: int
    most: int = 1

    def apply(self, to: WriteContext) -> None:
        """Compute and store them."""
        for number, stream in select(to.db, _DUE, (self.until // HOUR, self.most)):
            roll_hour(to.db, stream, number, self.horizon).store(to)


def roll_due(
    db: apsw.Connection, until: int, horizon: int, most: int, budget: float
) -> tuple[RolledHour, ...]:
    """Roll up hours that are due, as ``RollupWrite`` says; no further one after ``budget`` seconds."""
    begun, found = perf_counter(), []
    for number, stream in select(db, _DUE, (until // HOUR, most)):
        found.append(roll_hour(db, stream, number, horizon))
        if perf_counter() - begun > budget:
            break
    return tuple(found)


def roll_hour(db: apsw.Connection, stream: int, number: int, horizon: int) -> RolledHour:
    """Return an hour of a stream rolled up; ``horizon`` as in ``RollupWrite``. Reads only."""
    newest = _newest(db, stream, number)
    if not _is_whole(db, stream, number, horizon):
        return RolledHour(number, stream, newest, late=True)
    return RolledHour(number, stream, newest, tuple(_blocks(db, stream, number * HOUR)))


def _newest(db: apsw.Connection, stream: int, number: int) -> int | None:
    """Return the greatest id of the rows that an hour is computed from: what comes later is greater."""
    first, last = (number - 1) * HOUR // MINUTE, (number + 1) * HOUR // MINUTE - 1
    found: int | None = single(db, _NEWEST, (first, last, stream))
    return found


def _is_whole(db: apsw.Connection, stream: int, number: int, horizon: int) -> bool:
    """Return whether rolling an hour up loses nothing: its samples are all there, or it never was."""
    hour = number * HOUR
    if hour >= horizon and not db.execute(_PURGED, (number,)).get:
        return True
    signals = [signal for (signal,) in select(db, _SIGNALS, (stream, HOURS.number, hour // HOURS.span))]
    return not any(stored_buckets(db, stream, one, HOURS, hour, hour + HOUR) for one in signals)


def _blocks(db: apsw.Connection, stream: int, hour: int) -> Iterator[RollupBlock]:
    found = select(db, _STREAM, (stream,))
    try:
        known = stream_of(*found[0])
    except (*UNREADABLE, UnicodeDecodeError):
        return
    samples = read_hour(db, stream, known.types, known.expected, hour)
    for signal, kind in enumerate(known.types):
        if kind is SignalType.TEXT:
            continue
        fine = samples.rollups(signal, hour, MINUTES.width)
        for level in LEVELS:
            few = level is MINUTES and len(samples.rows) <= FEW
            own: list[Rollup] = [] if few else list(joined(fine, level.width))
            yield packed_buckets(db, stream, signal, level, hour, own)


def due_hours(db: apsw.Connection, stream: int, since: int, until: int) -> list[int]:
    """Return the beginnings (ns UTC) of the hours within a span that a stream's roll-ups do not have yet."""
    sql = "SELECT hour FROM rollup_due WHERE stream = ? AND hour BETWEEN ? AND ? ORDER BY hour"
    rows = select(db, sql, (stream, since // HOUR, (until - 1) // HOUR))
    return [number * HOUR for (number,) in rows]


def level_for(width: int) -> Level | None:
    """Return the widest level whose buckets make up buckets of ``width`` ns; None where none does."""
    fitting = [level for level in LEVELS if width % level.width == 0]
    return fitting[-1] if fitting else None


def is_due(db: apsw.Connection, until: int) -> bool:
    """Return whether an hour that ended before an instant (ns UTC) is to be rolled up."""
    return single(db, "SELECT 1 FROM rollup_due WHERE hour < ? LIMIT 1", (until // HOUR,)) is not None


def settled_hours(db: apsw.Connection, carriers: Iterable[Carrier], since: int, until: int) -> list[Rollup]:
    """Return the buckets of an hour of a signal that are stored and not due again, in order.

    For callers that read the samples of all other hours anyway: nothing is computed.
    """
    parts = []
    for one in carriers:
        found = stored_buckets(db, one.stream, one.index, HOURS, since, until)
        due = set(due_hours(db, one.stream, since, until))
        parts.append([hour for hour in found if hour.start not in due] if due else found)
    return parts[0] if len(parts) == 1 else merged(parts)


def live_rollups(
    db: apsw.Connection, stream: int, types: tuple[SignalType, ...], expected: int, signal: int,
    level: Level, since: int, until: int,
) -> list[Rollup]:  # fmt: skip
    """Return the buckets that start at since <= start < until (ns UTC), in order, of one stream's signal.

    Hours that are not rolled up yet are computed from their samples, likewise minutes of an hour of few,
    and a bucket that ``until`` ends early.
    """
    whole = until // level.width * level.width
    if whole < until:
        hour = whole // HOUR * HOUR
        samples = read_hour(db, stream, types, expected, hour)
        cut = [one for one in samples.rollups(signal, hour, level.width, until) if one.start >= whole]
        before = live_rollups(db, stream, types, expected, signal, level, since, whole)
        return [*before, *(one for one in cut if one.start >= since)]
    found = stored_buckets(db, stream, signal, level, since, until)
    fresh = set(due_hours(db, stream, since, until))
    if level is MINUTES:
        hours = stored_buckets(db, stream, signal, HOURS, since // HOUR * HOUR, until)
        fine = {one.start // HOUR * HOUR for one in found}
        fresh |= {one.start for one in hours if one.start not in fine}
    if not fresh:
        return found
    found = [one for one in found if one.start // HOUR * HOUR not in fresh]
    for hour in fresh:
        samples = read_hour(db, stream, types, expected, hour)
        found += [one for one in samples.rollups(signal, hour, level.width) if since <= one.start < until]
    return sorted(found, key=lambda one: one.start)
