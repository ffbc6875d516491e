"""However samples fall: what lines say of a journal is read back as the journal reads itself.

The lines are those that go to an InfluxDB, kept in memory; that a real one gives back what it was given is held by
tests/query/test_backends.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.query_sites import T0, MeterSite

from facilityd.model.downtime import Downtime
from facilityd.model.quality import Reason
from facilityd.model.reserved import BAD
from facilityd.model.sample import NS, Sample
from facilityd.query.as_of import read_as_of
from facilityd.query.export import ExportQuery, export_rows
from facilityd.query.history import HistoryQuery, read_history
from facilityd.store import influx_history as module
from facilityd.store.downtimes import DowntimeWrite
from facilityd.store.influx_history import InfluxHistory
from facilityd.store.influx_points import InfluxSeries, PointCollector
from facilityd.store.line_source import SampleSource
from facilityd.store.reader import JournalReader
from facilityd.store.samples import SampleWrite
from facilityd.store.sealed import Point

MINUTE, HOUR = 60 * NS, 3600 * NS
_FIELD = re.compile(r'([a-z_0-9]+)=("(?:[^"\\]|\\.)*"|[^,]*)(?:,|$)')


@dataclass
class LinesInMemory:
    """A ``PointSource`` of lines; the last one of a series and instant counts, as in an InfluxDB."""

    lines: dict[tuple[str, int], dict[str, str]] = field(default_factory=dict)

    def take(self, reader: JournalReader, site: str) -> None:
        source, after = SampleSource(reader, site), 0
        while found := source.read(after)[0]:
            after = found[-1].id
            for line in found:
                _, fields, at = re.split(r"(?<!\\) ", line.text.decode(), maxsplit=2)
                told = {name: text.strip('"').removesuffix("i") for name, text in _FIELD.findall(fields)}
                self.lines.setdefault((line.series, int(at)), {}).update(told)

    def _told(self, series: InfluxSeries, since: int, until: int) -> PointCollector:
        key = f"{series.family},device={series.device},site={series.site},unit={series.unit}"
        found = PointCollector(series)
        for (name, at), fields in self.lines.items():
            if name == key and since <= at < until:
                for one in (series.signal, BAD):
                    if one in fields:
                        found.add(at, one, fields[one])
        return found

    def points(self, series: InfluxSeries, since: int, until: int) -> list[Point]:
        return list(self._told(series, since, until).points())

    def first(self, series: InfluxSeries, since: int, until: int) -> int | None:
        return min(self._told(series, since, until).told, default=None)


READINGS = st.lists(
    st.tuples(
        st.integers(0, 120),
        st.one_of(st.integers(0, 60_000), st.sampled_from([Reason.TIMEOUT, Reason.unknown(9)])),
        st.sampled_from([None, None, None, Reason.CLOCK]),
    ),
    max_size=40, unique_by=lambda one: one[0],
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    readings=READINGS,
    down=st.lists(st.integers(0, 120), min_size=2, max_size=2, unique=True).map(sorted),
    ends=st.lists(st.integers(-20, 160), min_size=2, max_size=2, unique=True).map(sorted),
    bucket=st.sampled_from([1, 7, 60, 77, 900, 3600, 6 * 3600, 86_400]),
    page=st.sampled_from([1, 2, 50_000]),
)
def test_both_read_the_same(yard: MeterSite, readings, down, ends, bucket, page) -> None:
    base = next(yard.regions) * 3
    module.PAGE, kept = page, module.PAGE
    try:
        _compare(yard, readings, [base + one for one in down], [base + one for one in ends], bucket, base)
    finally:
        module.PAGE = kept


def _compare(yard: MeterSite, readings, down, ends, bucket: int, base: int) -> None:
    power = yard.stream.signals.index("power")
    for second, told, doubt in readings:  # in whatever order: what comes late is late
        at = T0 + (base + second) * NS + second
        bad = told if isinstance(told, Reason) else None
        values = tuple(
            None if bad and n == power else (told if n == power else True)
            for n in range(len(yard.stream.signals))
        )
        reasons = {power: bad or doubt} if bad or doubt else {}
        yard.journal.commit([SampleWrite([Sample(yard.stream, at, at, values, reasons)])])
    yard.journal.commit([DowntimeWrite([Downtime(T0 + down[0] * NS, T0 + down[1] * NS)])])
    since, until = (T0 + one * NS for one in ends)
    memory = LinesInMemory()
    with JournalReader.open(yard.journal.path) as journal:
        memory.take(journal, yard.site.id)
        influx = InfluxHistory(memory, yard.site.id, [yard.stream], journal)
        raw = HistoryQuery("gate", "power", since, until)
        both = [read_history(yard.site, one, raw, until) for one in (journal, influx)]
        assert both[0] == both[1]
        assert [type(one.value) for one in both[0].points] == [type(one.value) for one in both[1].points]
        if (until - since) // (bucket * NS) < 5000:
            cut = HistoryQuery("gate", "power", since, until, bucket * NS, gaps=False)
            both = [read_history(yard.site, one, cut, until) for one in (journal, influx)]
            assert both[0] == both[1]
        told = [read_as_of(yard.site, one, [("gate", "power")], until) for one in (journal, influx)]
        assert told[0] == told[1]
        rows = [
            list(export_rows(yard.site, one, ExportQuery((("gate", "power"),), since, until)))
            for one in (journal, influx)
        ]
        assert rows[0] == rows[1]
