"""History out of an InfluxDB, by the same rules as out of the journal: read in pages, never whole.

Buckets are computed here from values, as the journal's are: an average that InfluxDB takes knows no value
that holds, nor a sample that ends one. When nobody watched no InfluxDB knows: that is asked of the journal,
where there is one (``journal``).
"""

from __future__ import annotations

import heapq
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter

from facilityd.model.downtime import Downtime
from facilityd.model.reserved import BAD
from facilityd.model.sample import SignalType, Stream
from facilityd.store.history import Gap, explained, gaps
from facilityd.store.influx_points import (
    SQL_COLUMNS,
    InfluxSeries,
    PointCollector,
    flux_query,
    flux_rows,
    read_instant,
    sql_parameters,
    sql_query,
    sql_rows,
)
from facilityd.store.influx_query import InfluxQueryClient
from facilityd.store.reader import JournalReader
from facilityd.store.rollup import Rollup, joined, merged, number_of, roll, stale_after
from facilityd.store.rollup_blocks import MINUTES, Level
from facilityd.store.sealed import Point

PAGE = 50_000
"""Samples in a page, where they come no faster than their stream promises."""


class PointSource(ABC):
    """How one kind of server is asked for one series; instants in ns UTC. Raises UsageError."""

    def points(self, series: InfluxSeries, since: int, until: int) -> list[Point]:
        """Return what there is of since <= at < until, in order."""
        return list(self._collected(series, since, until, "").points())

    def first(self, series: InfluxSeries, since: int, until: int) -> int | None:
        """Return the first instant of since <= at < until with anything; None where there is none."""
        return min(self._collected(series, since, until, "first").told, default=None)

    @abstractmethod
    def _collected(self, series: InfluxSeries, since: int, until: int, end: str) -> PointCollector:
        """Ask; ``end`` "first": only for the first of each field."""


class FluxSource(PointSource):
    """InfluxDB 2."""

    def __init__(self, client: InfluxQueryClient) -> None:
        self._client, self._bucket = client, client.settings.bucket

    def _collected(self, series: InfluxSeries, since: int, until: int, end: str) -> PointCollector:
        found = PointCollector(series)
        try:
            for row in flux_rows(self._client.flux(flux_query(self._bucket, series, since, until, end))):
                found.add(*row)
        except (ValueError, IndexError) as error:
            raise self._client.unexpected(error) from error
        return found


class SqlSource(PointSource):
    """InfluxDB 3. The columns of a table are asked for once: SQL refuses one that there is not."""

    def __init__(self, client: InfluxQueryClient) -> None:
        self._client = client
        self._columns: dict[str, frozenset[str]] = {}

    def _collected(self, series: InfluxSeries, since: int, until: int, end: str) -> PointCollector:
        found = PointCollector(series)
        try:
            known = self._known(series.family)
            columns = [name for name in (series.signal, BAD) if name in known]
            if not columns:
                return found
            query = sql_query(series, columns, since, until, end)
            for row in sql_rows(self._client.sql(query, sql_parameters(series))):
                at = read_instant(str(row["time"]))
                for name in columns:
                    if row.get(name) is not None:
                        found.add(at, name, row[name])
        except (ValueError, KeyError) as error:
            raise self._client.unexpected(error) from error
        return found

    def _known(self, table: str) -> frozenset[str]:
        if table not in self._columns:
            rows = sql_rows(self._client.sql(SQL_COLUMNS, {"table": table}))
            self._columns[table] = frozenset(str(row["column_name"]) for row in rows)
        return self._columns[table]


def open_source(client: InfluxQueryClient) -> PointSource:
    """Return how the server of a client is asked, by the version that it says. Raises UsageError."""
    return SqlSource(client) if client.version() == 3 else FluxSource(client)  # noqa: PLR2004


@dataclass(frozen=True, slots=True)
class _InfluxCarrier:
    """A series that carries the signal; ``expected`` in ns."""

    series: InfluxSeries
    expected: int


class InfluxHistory:
    """A ``HistoryReader``. ``streams``: what units say of devices; of one unit's several the last counts.

    Two samples of one unit at the same nanosecond are one point there.
    """

    def __init__(
        self, source: PointSource, site: str, streams: Sequence[Stream], journal: JournalReader | None = None
    ) -> None:
        self._source, self._site, self._streams = source, site, streams
        self._journal = journal

    @property
    def journal(self) -> JournalReader | None:
        """The journal, which knows when nobody watched."""
        return self._journal

    def history(self, device: str, signal: str, since: int, until: int) -> Iterator[Point]:
        """Iterate over (at, value, reason) with since <= at < until, in order. Raises UsageError."""
        runs = [self._run(one, since, until) for one in self._carriers(device, signal)]
        return runs[0] if len(runs) == 1 else heapq.merge(*runs, key=itemgetter(0))

    def rollups(self, device: str, signal: str, since: int, until: int, level: Level) -> list[Rollup]:
        """Return the buckets of a level that start at since <= start < until. Raises UsageError."""
        begin, parts = -(-since // level.width) * level.width, []
        for one in self._carriers(device, signal):
            if one.series.type is SignalType.TEXT or begin >= until:
                continue
            fine = self._rolled(one, begin, until, MINUTES.width, states=one.series.type is SignalType.ENUM)
            parts.append(list(joined(fine, level.width)) if level.width > MINUTES.width else fine)
        return parts[0] if len(parts) == 1 else merged(parts)

    def rolled(self, device: str, signal: str, since: int, until: int, width: int) -> list[Rollup]:
        """Return the buckets of any ``width`` (ns) within since..until. Raises UsageError."""
        parts = [self._rolled(one, since, until, width) for one in self._carriers(device, signal)]
        return parts[0] if len(parts) == 1 else merged(parts)

    def gaps(
        self, device: str, signal: str, since: int, until: int, unrecorded: Sequence[Downtime] = ()
    ) -> Iterator[Gap]:
        """Iterate over the intervals without good values. Raises UsageError."""
        expected = max((one.expected for one in self._carriers(device, signal)), default=0)
        found = gaps(partial(self.history, device, signal), expected, since, until)
        away = self._journal.downtimes(since, until) if self._journal else ()
        return explained(found, [*away, *unrecorded], expected)

    def oldest(self) -> int:
        """Return 0: of no time there are roll-ups without samples."""
        return 0

    def _rolled(
        self, one: _InfluxCarrier, since: int, until: int, width: int, *, states: bool = False
    ) -> list[Rollup]:
        stale = stale_after(one.expected)
        samples = (
            (at, number_of(value), reason is None)
            for at, value, reason in self._run(one, since - stale, until)
        )
        return roll(samples, since, until, width, stale, states=states)

    def _run(self, one: _InfluxCarrier, since: int, until: int) -> Iterator[Point]:
        """Iterate over a series page by page; a time without anything costs one step."""
        at, width = since, PAGE * one.expected
        while at < until:
            end = min(until, at + width)
            page = self._source.points(one.series, at, end)
            yield from page
            following: int | None = end
            if not page and end < until:
                following = self._source.first(one.series, end, until)
            if following is None:
                return
            at = following

    def _carriers(self, device: str, signal: str) -> list[_InfluxCarrier]:
        found: dict[str, _InfluxCarrier] = {}
        for stream in self._streams:
            if stream.device == device and signal in stream.signals:
                kind = stream.types[stream.signals.index(signal)]
                series = InfluxSeries(stream.family, self._site, device, stream.unit, signal, kind)
                found[stream.unit] = _InfluxCarrier(series, stream.expected)
        return list(found.values())
