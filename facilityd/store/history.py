"""One signal over time: its values, its buckets, its gaps. Streamed, page by page."""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

import apsw

from facilityd.model.downtime import Downtime
from facilityd.model.quality import Reason
from facilityd.model.sample import STALE_PERIODS, Number, SignalType
from facilityd.store.checksum import sound
from facilityd.store.packing import layout
from facilityd.store.rows import StoredSample, stored
from facilityd.store.schema import MINUTE, select, single
from facilityd.store.sealed import Point, SealedSignal, first_sealed, united

# The next minutes that hold anything: gaps of months cost one step.
_MINUTES = """
WITH RECURSIVE m(n) AS (
    SELECT min(at / 60000000000) FROM sample WHERE at / 60000000000 >= ?1
    UNION ALL SELECT (SELECT min(at / 60000000000) FROM sample WHERE at / 60000000000 > n)
    FROM m WHERE n < ?2 LIMIT 60
) SELECT n FROM m WHERE n <= ?2
"""
_Row = tuple[int, bytes, bytes | None, int | None]
_ROWS = """
SELECT at, data, CAST(reasons AS BLOB), checksum FROM sample
WHERE at / 60000000000 IN (SELECT value FROM json_each(?))
AND stream = ? AND at >= ? AND at < ? ORDER BY at
"""
_LATEST = """
SELECT s.id, s.stream, s.at, s.data, CAST(s.reasons AS BLOB), s.checksum
FROM tail t JOIN sample s ON s.id = t.sample ORDER BY s.stream
"""
_BEFORE = """
SELECT max(id) FROM sample
WHERE at / 60000000000 = (SELECT max(at / 60000000000) FROM sample WHERE at / 60000000000 < ?)
"""


@dataclass(frozen=True, slots=True)
class Carrier:
    """A stream that carries the signal, at ``index``. ``expected`` in ns."""

    stream: int
    types: tuple[SignalType, ...]
    index: int
    expected: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """``count`` values from ``start`` (ns UTC) on; ``bad`` samples were not good.

    An uncertain value is shown, so it counts in both. Without values the figures are None.
    """

    start: int
    count: int
    mean: float | None
    low: float | None
    high: float | None
    bad: int


@dataclass(frozen=True, slots=True)
class Gap:
    """From ``since`` to before ``until`` (ns UTC) there is no value; without a reason no sample either.

    ``downtime``: nobody watched then.
    """

    since: int
    until: int
    reason: Reason | None
    downtime: Downtime | None = None


def latest(db: apsw.Connection) -> list[StoredSample]:
    """Return the last sample of every stream that still has one."""
    return [stored(row) for row in select(db, _LATEST)]


def before(db: apsw.Connection, at: int) -> int:
    """Return the id of the last sample stored for an instant before ``at`` (ns UTC), about; 0 if none.

    Where samples of the time were sealed it is one from at most a day before.
    """
    found = int(single(db, _BEFORE, (at // MINUTE,)) or 0)
    sealed = first_sealed(db, at)
    return found if sealed is None else sealed - 1


def points(db: apsw.Connection, carriers: Sequence[Carrier], since: int, until: int) -> Iterator[Point]:
    """Iterate over a signal's values in the order of their instants, since <= at < until."""
    runs = [_run(db, carrier, since, until) for carrier in carriers]
    return runs[0] if len(runs) == 1 else heapq.merge(*runs, key=itemgetter(0))


def _run(db: apsw.Connection, carrier: Carrier, since: int, until: int) -> Iterator[Point]:
    sealed = SealedSignal(db, carrier.stream, carrier.types, carrier.index, (since, until))
    for begin, end, page in _pages(db, carrier.stream, since, until):
        yield from united(sealed.points(begin, end), _raw(carrier, page))


def _raw(carrier: Carrier, page: Iterable[_Row]) -> Iterator[Point]:
    packed, index = layout(carrier.types), carrier.index
    column = packed.column(index)
    for at, found, told, check in page:
        data, text = sound(carrier.stream, at, found, told, check)
        if text is None and len(data) == packed.whole_size:
            yield at, column.unpack(data)[0], None
        else:
            values, reasons = packed.unpack(data, text)
            yield at, values[index], reasons.get(index)


def _pages(db: apsw.Connection, stream: int, since: int, until: int) -> Iterator[tuple[int, int, list[_Row]]]:
    """Iterate over spans (ns UTC) that follow each other, with the rows of a stream in each."""
    first, last, begin = _minute(since), _minute(until), since
    while True:
        minutes = [minute for (minute,) in select(db, _MINUTES, (first, last))]
        if not minutes:
            yield begin, until, []
            return
        end = min(until, (minutes[-1] + 1) * MINUTE)
        yield begin, end, select(db, _ROWS, (json.dumps(minutes), stream, since, until))
        first, begin = minutes[-1] + 1, end


def _minute(at: int) -> int:
    """Return what SQL's division returns, which rounds towards zero."""
    return at // MINUTE if at >= 0 else -(-at // MINUTE)


def buckets(run: Iterable[Point], since: int, width: int) -> Iterator[Bucket]:
    """Iterate over the buckets that hold any sample."""
    start, bad = since, 0
    values: list[Number] = []
    for at, value, reason in run:
        if at >= start + width:
            if values or bad:
                yield _bucket(start, values, bad)
            start, values, bad = since + (at - since) // width * width, [], 0
        if value is not None and not isinstance(value, str):
            values.append(value)
        bad += reason is not None
    if values or bad:
        yield _bucket(start, values, bad)


def _bucket(start: int, values: Sequence[Number], bad: int) -> Bucket:
    if not values:
        return Bucket(start, 0, None, None, None, bad)
    return Bucket(start, len(values), sum(values) / len(values), min(values), max(values), bad)


def gaps(
    read: Callable[[int, int], Iterator[Point]],
    expected: int,
    since: int,
    until: int,
    begin: int | None = None,
) -> Iterator[Gap]:
    """Iterate over the intervals without values, clipped to since..until; ``read`` reads a span (ns UTC).

    ``expected``: the slowest period in ns of the streams that carry the signal. ``begin``: they are clipped
    to begin..until, for since..until is a part in which a gap ends that began at the value before it.
    """
    silence, first = STALE_PERIODS * expected, since if begin is None else begin
    for gap in _gaps(read(since - silence, until), since, until, silence):
        if gap.until > max(gap.since, since):
            yield Gap(max(gap.since, first), gap.until, gap.reason)


def explained(found: Iterable[Gap], downtimes: Sequence[Downtime], expected: int) -> Iterator[Gap]:
    """Cut gaps without a reason where nobody watched; what is left and too short for a gap goes with that.

    ``expected`` as in ``gaps``.
    """
    silence = STALE_PERIODS * expected
    for gap in found:
        own = _explaining(gap, downtimes, silence) if gap.reason is None else []
        yield from _cut(gap, own, silence)


def _explaining(gap: Gap, downtimes: Sequence[Downtime], silence: int) -> list[Downtime]:
    """Return the downtimes that explain a gap: a short restart within a long silence does not."""
    own = [one for one in downtimes if one.since < gap.until and one.until > gap.since]
    long = [one for one in own if min(one.until, gap.until) - max(one.since, gap.since) > silence]
    return (
        long
        or [one for one in own if one.since - gap.since <= silence and gap.until - one.until <= silence][:1]
    )


def _cut(gap: Gap, downtimes: Sequence[Downtime], silence: int) -> Iterator[Gap]:
    edge = gap.since
    for number, one in enumerate(downtimes):
        following = downtimes[number + 1].since if number + 1 < len(downtimes) else gap.until
        begin = one.since if one.since - edge > silence else edge
        end = min(one.until, gap.until)
        end = following if following - end <= silence else end
        if begin > edge:
            yield Gap(edge, begin, None)
        yield Gap(begin, end, None, one)
        edge = end
    if gap.until > edge:
        yield Gap(edge, gap.until, gap.reason)


def _gaps(run: Iterable[Point], since: int, until: int, silence: int) -> Iterator[Gap]:
    last, bad_since, why = since - silence - 1, since, None
    for at, value, reason in run:
        if at - last > silence:
            if why:
                yield Gap(bad_since, last, why)
            yield Gap(last, at, None)
            why = None
        now = reason if value is None else None
        if now is not why:
            if why:
                yield Gap(bad_since, at, why)
            bad_since, why = at, now
        last = at
    if until - last > silence:
        if why:
            yield Gap(bad_since, last, why)
        yield Gap(last, until, None)
    elif why:
        yield Gap(bad_since, until, why)
