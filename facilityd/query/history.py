"""What was: one signal over a span, as values or buckets, with its gaps told and never closed."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from itertools import islice
from operator import attrgetter
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from devices.family import Signal
from facilityd.app.builtin import all_devices
from facilityd.config.site import Site
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.sample import NS, SignalType, Value
from facilityd.notify.hours import local_date, midnight
from facilityd.query.alarms import require_device
from facilityd.query.gaps import DataGap, GapQuery, read_gaps
from facilityd.query.instant_text import CalendarMonth
from facilityd.query.instants import iso_instant
from facilityd.store.history_reader import HistoryReader
from facilityd.store.rollup import Rollup, joined
from facilityd.store.rollup_blocks import Level
from facilityd.store.rollups import level_for
from facilityd.yaml_source import suggestion

MOST_BUCKETS = 100_000
T = TypeVar("T")
HOUR, DAY = 3600 * NS, 86_400 * NS


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """A signal from ``since`` to before ``until``, ns UTC; in buckets of ``bucket`` ns, or 0: every value.

    A ``CalendarMonth`` is a bucket from the first of a month to the next, on the site's clock.
    ``gaps``: they are asked for too, which costs a second pass over the span. ``most``: more values or
    gaps are refused, 0: none are.
    """

    device: str
    signal: str
    since: int
    until: int
    bucket: int = 0
    gaps: bool = True
    most: int = 0

    @property
    def size(self) -> int:
        """How many buckets are asked for; 0 where none are."""
        return (self.until - self.since) // self.bucket if self.bucket else 0


@dataclass(frozen=True, slots=True)
class HistoryPoint:
    """A stored value at ``at`` (ns UTC); ``quality`` is ``good`` or the reason why not."""

    at: int
    value: Value | None
    quality: str

    def plain(self, zone: str) -> dict[str, object]:
        """Return data for JSON and CSV; ``time`` in the site's zone."""
        return {
            "at": self.at, "time": iso_instant(self.at, zone), "value": self.value, "quality": self.quality,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class HistoryBucket:
    """The values from ``at`` (ns UTC) on for one bucket; without any, ``mean`` and its like are None.

    ``bad``: samples that were not good; an uncertain value counts in both.
    """

    at: int
    count: int
    mean: float | None
    least: float | None
    greatest: float | None
    bad: int

    def plain(self, zone: str) -> dict[str, object]:
        """Return data for JSON and CSV; ``time`` in the site's zone."""
        return {
            "at": self.at, "time": iso_instant(self.at, zone), "count": self.count, "mean": self.mean,
            "least": self.least, "greatest": self.greatest, "bad": self.bad,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class HistoryQuality:
    """How complete an answer is: ``values`` shown, ``bad`` samples, ``missing`` ns without a value.

    An uncertain value is shown, so it counts in both of the first.
    """

    values: int
    bad: int
    missing: int


@dataclass(frozen=True, slots=True)
class HistoryAnswer:
    """What the journal has: ``points``, or ``buckets`` where those were asked for; and the ``gaps``.

    There is a bucket for each step of the span, also where nothing was stored.
    """

    query: HistoryQuery
    signal: Signal
    zone: str
    points: tuple[HistoryPoint, ...]
    buckets: tuple[HistoryBucket, ...]
    gaps: tuple[DataGap, ...]

    @property
    def quality(self) -> HistoryQuality:
        """How many values there are, how many samples were bad, and for how long there is no value.

        Without gaps in the question nothing is known to be missing.
        """
        bad = sum(point.quality != "good" for point in self.points) + sum(b.bad for b in self.buckets)
        values = sum(point.value is not None for point in self.points) + sum(b.count for b in self.buckets)
        return HistoryQuality(values, bad, sum(gap.missing for gap in self.gaps))

    def rows(self) -> Iterator[dict[str, object]]:
        """Yield the points or buckets as flat data, each with the same keys: rows of a CSV."""
        yield from (one.plain(self.zone) for one in (self.buckets if self.query.bucket else self.points))

    def plain(self) -> dict[str, Any]:
        """Return data for JSON."""
        return {
            "device": self.query.device, "signal": self.query.signal, "unit": self.signal.unit,
            "rows": list(self.rows()), "gaps": [gap.plain() for gap in self.gaps],
        }  # fmt: skip


def require_signal(site: Site, device: str, signal: str) -> Signal:
    """Return a signal that a device brings, facilityd itself too. Raises UsageError where there is none."""
    devices = site.devices if device in site.devices else all_devices(site)
    known = require_device(devices, device)
    bound = {name for stream in known.streams for name in stream.signals}
    if signal not in bound:
        raise UsageError(
            Wording("ask.has-no-signal", device=device, signal=signal), hint=suggestion(signal, bound)
        )
    return known.family.signals[signal]


def read_history(
    site: Site, reader: HistoryReader, query: HistoryQuery, now: int | None = None
) -> HistoryAnswer:
    """Return the answer, as asked at ``now`` (ns UTC; None: at present).

    Raises UsageError for what there is not, and for more than MOST_BUCKETS buckets.
    """
    about = _checked(site, query)
    points = () if query.bucket else _at_most(query.most, _points(reader, query))
    buckets = tuple(_buckets(site, reader, query)) if query.bucket else ()
    gaps = _at_most(query.most, read_gaps(site, reader, _gap_query(query, now))) if query.gaps else ()
    return HistoryAnswer(query, about, site.timezone, points, buckets, gaps)


def read_history_page(
    site: Site, reader: HistoryReader, query: HistoryQuery, now: int, most: int
) -> HistoryAnswer:
    """Return at most about ``most`` values, of whole instants; the answer's question says where they end.

    Its gaps are those of the whole span: none is shorter because a page ends in it. Raises UsageError as
    ``read_history`` does.
    """
    about, end, points = _checked(site, query), query.until, list[HistoryPoint]()
    for point in _points(reader, query):
        if len(points) >= most and point.at != points[-1].at:
            end = point.at
            break
        points.append(point)
    gaps = _at_most(most, read_gaps(site, reader, _gap_query(query, now))) if query.gaps else ()
    return HistoryAnswer(replace(query, until=end), about, site.timezone, tuple(points), (), gaps)


def _gap_query(asked: HistoryQuery, now: int | None) -> GapQuery:
    now = time.time_ns() if now is None else now
    return GapQuery(asked.device, asked.signal, asked.since, asked.until, now, asked.bucket)


def iter_points(site: Site, reader: HistoryReader, query: HistoryQuery) -> Iterator[HistoryPoint]:
    """Iterate over the values while they are read. Raises UsageError at once for what there is not."""
    _checked(site, query)
    return _points(reader, query)


def _at_most(most: int, rows: Iterable[T]) -> tuple[T, ...]:
    found = tuple(islice(rows, most + 1 if most else None))
    if most and len(found) > most:
        raise UsageError(Wording("ask.more-than-values", most=most), hint=Wording("ask.ask-for-buckets-or"))
    return found


def _checked(site: Site, query: HistoryQuery) -> Signal:
    about = require_signal(site, query.device, query.signal)
    if query.since >= query.until or query.bucket < 0:
        raise UsageError(Wording("ask.span-longer-than-expected"))
    if query.bucket and about.type is SignalType.TEXT:
        raise UsageError(
            Wording("ask.text-has-no-mean", signal=query.signal), hint=Wording("ask.ask-for-its-values")
        )
    if query.size > MOST_BUCKETS:
        raise UsageError(
            Wording("ask.more-than-buckets", most_buckets=MOST_BUCKETS),
            hint=Wording("ask.ask-for-longer-ones-or"),
        )
    return about


def _points(reader: HistoryReader, asked: HistoryQuery) -> Iterator[HistoryPoint]:
    for at, value, reason in reader.history(asked.device, asked.signal, asked.since, asked.until):
        yield HistoryPoint(at, value, str(reason or "good"))


def _buckets(site: Site, reader: HistoryReader, asked: HistoryQuery) -> Iterator[HistoryBucket]:
    empty = partial(HistoryBucket, count=0, mean=None, least=None, greatest=None, bad=0)
    read = _RollupsOnce(reader, asked)
    for first, last, width in bucket_grid(site, asked):
        level = level_for(width)
        if level is not None and first % level.width == 0:
            rollups = list(joined(read.within(first, last, level), width, first))
        else:
            rollups = reader.rolled(asked.device, asked.signal, first, last, width)
        known = {one.start: _rolled(one) for one in rollups}
        for start in range(first, last, width):
            yield known.get(start) or empty(start)


class _RollupsOnce:
    """The roll-ups of a question, read once: it goes by days, and their blocks are longer."""

    def __init__(self, reader: HistoryReader, asked: HistoryQuery) -> None:
        self._reader, self._asked = reader, asked
        self._found: dict[Level, list[Rollup]] = {}

    def within(self, first: int, last: int, level: Level) -> list[Rollup]:
        """Return those that start at first <= start < last (ns UTC); spans come in their order."""
        asked = self._asked
        if level not in self._found:
            end = max(last, asked.until)
            self._found[level] = self._reader.rollups(asked.device, asked.signal, first, end, level)
        found = self._found[level]
        edges = (bisect_left(found, at, key=attrgetter("start")) for at in (first, last))
        return found[slice(*edges)]


def _rolled(one: Rollup) -> HistoryBucket:
    """Return a bucket whose mean is over time. Without a sample it has none, though a value may hold on."""
    mean = one.mean if one.count else None
    return HistoryBucket(one.start, one.count, mean, one.least, one.greatest, one.bad)


def bucket_grid(site: Site, asked: HistoryQuery) -> Iterator[tuple[int, int, int]]:
    """Iterate over spans (from, to, width of the buckets in it), in ns: buckets begin with the site's days.

    A day on which the clock is put forward or back has 23 or 25 hours.
    """
    zone, bucket = ZoneInfo(site.timezone), asked.bucket
    day = local_date(asked.since, zone)
    if isinstance(bucket, CalendarMonth):
        yield from _months(day.replace(day=1), asked.until, zone)
        return
    start = midnight(day, zone)
    if bucket <= HOUR or (bucket % DAY and DAY % bucket):
        yield start + (asked.since - start) // bucket * bucket, asked.until, bucket
        return
    while start < asked.until:
        day += timedelta(days=max(1, bucket // DAY))
        end = midnight(day, zone)
        width = bucket if bucket < DAY else end - start
        if start < end:  # where the date line was moved a day is missing
            first = start + max(0, asked.since - start) // width * width
            yield first, min(end, asked.until), width
        start = end


def _months(first: date, until: int, zone: ZoneInfo) -> Iterator[tuple[int, int, int]]:
    start = midnight(first, zone)
    while start < until:
        first = (first + timedelta(days=32)).replace(day=1)
        end = midnight(first, zone)
        yield start, min(end, until), end - start
        start = end
