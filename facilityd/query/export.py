"""What was, of many signals, row by row: for a file that somebody takes away."""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from operator import attrgetter
from zoneinfo import ZoneInfo

from devices.family import Signal
from facilityd.app.builtin import all_devices
from facilityd.config.site import Site
from facilityd.model.sample import SignalType, Value
from facilityd.notify.hours import local_date, midnight
from facilityd.query.gaps import GapQuery, stored_gaps
from facilityd.query.history import DAY, HistoryQuery, read_history
from facilityd.query.selection import SignalName
from facilityd.store.history_reader import HistoryReader
from facilityd.store.line_protocol import LineFormat
from facilityd.store.reader import JournalReader

_BUCKETS = 20_000
"""Buckets that are read at a time."""
_PAGE = 5000
NOTHING, NOT_RUNNING = "nothing-stored", "not-running"
"""The qualities of a row that says that nothing came from then on, and that nobody watched."""


@dataclass(frozen=True, slots=True)
class ExportQuery:
    """Signals from ``since`` to before ``until``, ns UTC; in buckets of ``bucket`` ns, or 0: every value."""

    signals: tuple[SignalName, ...]
    since: int
    until: int
    bucket: int = 0


@dataclass(frozen=True, slots=True)
class ExportRow:
    """A value, or a bucket: then ``value`` is its mean, and the rest is told.

    Without a value, ``quality`` says why there is none from ``at`` (ns UTC) on.
    """

    at: int
    device: str
    signal: str
    value: Value | None
    quality: str = "good"
    least: float | None = None
    greatest: float | None = None
    count: int = 0
    bad: int = 0


def export_rows(site: Site, reader: HistoryReader, query: ExportQuery) -> Iterator[ExportRow]:
    """Iterate over the rows, signal after signal, each in the order of time. Raises UsageError."""
    for device, signal in query.signals:
        if query.bucket and all_devices(site)[device].family.signals[signal].type is SignalType.TEXT:
            continue  # words have no mean
        yield from rows_of(site, reader, query, device, signal, query.since)


def rows_of(
    site: Site, reader: HistoryReader, query: ExportQuery, device: str, signal: str, since: int
) -> Iterator[ExportRow]:
    """Iterate over one signal's rows from ``since`` (ns UTC) on."""
    if query.bucket:
        yield from _buckets(site, reader, query, device, signal, since)
        return
    values = (
        ExportRow(at, device, signal, value, str(reason or "good"))
        for at, value, reason in reader.history(device, signal, since, query.until)
    )
    asked = GapQuery(device, signal, since, query.until, time.time_ns())
    silent = (
        ExportRow(gap.since, device, signal, None, NOT_RUNNING if gap.downtime else NOTHING)
        for gap in stored_gaps(site, reader, asked)
        if gap.reason is None
    )
    yield from _once(heapq.merge(values, silent, key=attrgetter("at")))


def _once(rows: Iterator[ExportRow]) -> Iterator[ExportRow]:
    """Let a value go before a gap that begins with it, one ns later."""
    last = -1
    for row in rows:
        at = row.at if row.at > last else last + 1
        last = at
        yield row if at == row.at else ExportRow(at, row.device, row.signal, row.value, row.quality)


def _buckets(
    site: Site, reader: HistoryReader, query: ExportQuery, device: str, signal: str, since: int
) -> Iterator[ExportRow]:
    for first, last in _portions(site, query, since):
        asked = HistoryQuery(device, signal, first, last, query.bucket, gaps=False)
        for one in read_history(site, reader, asked).buckets:
            if one.at >= first or first == query.since:
                quality = "good" if one.mean is not None else NOTHING
                yield ExportRow(
                    one.at, device, signal, one.mean, quality, one.least, one.greatest, one.count, one.bad
                )


def _portions(site: Site, query: ExportQuery, since: int) -> Iterator[tuple[int, int]]:
    """Iterate over spans that end with a day of the site, of as many buckets as are read at a time."""
    zone, days = ZoneInfo(site.timezone), max(1, _BUCKETS * query.bucket // DAY)
    while since < query.until:
        end = midnight(local_date(since, zone) + timedelta(days=days), zone)
        yield since, min(end, query.until)
        since = end


@dataclass(frozen=True, slots=True)
class ExportLine:
    """A sample's line of line protocol, by its id."""

    id: int
    text: bytes


def export_lines(
    site: Site, reader: JournalReader, devices: Sequence[str], since: int, until: int, after: int = 0
) -> Iterator[ExportLine]:
    """Iterate over lines as sinks get them, of samples of some devices at since <= at < until (ns UTC).

    In the order in which they were stored, from the one after id ``after`` on.
    """
    wanted, formats = set(devices), dict[int, LineFormat]()
    last = max(after, reader.before(since))
    while rows := reader.samples_after(last, _PAGE):
        last = rows[-1].id
        for row in rows:
            if not since <= row.at < until:
                continue
            stream = reader.stream(row.stream)
            if stream.device in wanted:
                if row.stream not in formats:
                    formats[row.stream] = LineFormat(stream, site.id)
                yield ExportLine(row.id, formats[row.stream].line(row))


def signal_of(site: Site, name: SignalName) -> Signal:
    """Return what is known of a signal. The site's own devices are looked at first: the rest is made anew."""
    device = site.devices.get(name[0]) or all_devices(site)[name[0]]
    return device.family.signals[name[1]]
