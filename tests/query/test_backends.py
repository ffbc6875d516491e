"""The journal and a real InfluxDB hold one site: every question has the same answer from both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from support.influx_site import InfluxPeer, influx_peer

from facilityd.config.site import Site
from facilityd.model.quality import Reason
from facilityd.model.sample import NS, Sample, SignalType
from facilityd.query.as_of import read_as_of
from facilityd.query.backends import influx_history
from facilityd.query.compare import CompareQuery, read_comparison
from facilityd.query.export import ExportQuery, export_rows
from facilityd.query.history import DAY, HOUR, HistoryQuery, read_history
from facilityd.query.history_columns import read_history_columns
from facilityd.query.selection import SignalName
from facilityd.query.site import open_journal
from facilityd.store import influx_history as module
from facilityd.store.influx_history import InfluxHistory
from facilityd.store.influx_query import InfluxQueryClient
from facilityd.store.journal import Journal
from facilityd.store.reader import JournalReader
from facilityd.store.samples import SampleWrite
from facilityd.testing.site import begin

MINUTE = 60 * NS
ONLY = ("weather", "fountain-2", "lantern-3")


@dataclass
class TwoStores:
    """One site, stored twice; it ran from ``since`` to ``until`` (ns UTC)."""

    site: Site
    journal: JournalReader
    influx: InfluxHistory
    peer: InfluxPeer
    since: int
    until: int

    @property
    def names(self) -> list[SignalName]:
        devices = self.site.devices.values()
        return [(one.id, name) for one in devices for stream in one.streams for name in stream.signals]


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoStores]:
    """Three quarters of an hour of a square: units that say nothing, a daemon that was down, data that came late."""
    folder = tmp_path_factory.mktemp("two")
    with begin("square", folder, ONLY, "2026-06-09T23:50", 3, real=False) as running:
        since = round(running.now.timestamp()) * NS
        running.advance("5min")
        units = [one.unit for one in running.site.devices["fountain-2"].streams]
        running.hazard(units[0], "silent")
        running.advance("10min")
        running.hazard(units[0])
        running.restart(1200.0)
        running.advance("8min")
        site, until = running.site, round(running.now.timestamp()) * NS
    late(site, since)
    path = Path(site.store.path)
    with influx_peer(tmp_path_factory.mktemp("server")) as peer, open_journal(site) as journal:
        count = peer.take(path, site.id)
        assert count > 100
        client = InfluxQueryClient(peer.settings())
        yield TwoStores(site, journal, influx_history(site, client, journal), peer, since, until)
        client.close()


def late(site: Site, since: int) -> None:
    """Store what a unit had kept to itself: within the silence, at the beginning, and of doubtful time."""
    (stream, *_) = site.devices["fountain-2"].streams
    whole = {SignalType.TEXT: "late", SignalType.BOOL: True}
    values = tuple(whole.get(kind, 3) for kind in stream.types)
    ats = [since + 400 * NS + 7, since + 401 * NS, since + 10 * NS, since + 402 * NS]
    samples = [Sample(stream, at, at, values) for at in ats[:3]]
    samples.append(Sample(stream, ats[3], ats[3], values, {0: Reason.CLOCK, 1: Reason.unknown(7)}))
    with Journal.open(
        Path(site.store.path), max_bytes=2**28, max_age=10**18, ballast_bytes=65536, site=site.id
    ) as journal:
        journal.commit([SampleWrite(samples)])


def test_every_value_with_its_quality(stores: TwoStores) -> None:
    qualities = set()
    for device, signal in stores.names:
        query = HistoryQuery(device, signal, stores.since - DAY, stores.until, gaps=False)
        both = [
            read_history(stores.site, one, query, stores.until) for one in (stores.journal, stores.influx)
        ]
        assert both[0] == both[1], (device, signal)
        assert [type(p.value) for p in both[0].points] == [type(p.value) for p in both[1].points]
        qualities |= {point.quality for point in both[0].points}
    assert {"good", "timeout", "clock", "unknown-code-7"} <= qualities


def test_every_gap_with_its_reason(stores: TwoStores) -> None:
    reasons = set()
    for device, signal in stores.names:
        query = HistoryQuery(device, signal, stores.since - HOUR, stores.until)
        both = [
            read_history(stores.site, one, query, stores.until) for one in (stores.journal, stores.influx)
        ]
        assert both[0].gaps == both[1].gaps, (device, signal)
        assert both[0].quality == both[1].quality
        reasons |= {(str(gap.reason), gap.downtime is not None) for gap in both[0].gaps}
    assert {("timeout", False), ("None", True), ("None", False)} <= reasons


@pytest.mark.parametrize("bucket", [MINUTE, 7 * MINUTE, 6 * HOUR, DAY])
def test_every_bucket(stores: TwoStores, bucket: int) -> None:
    some = 0
    for device, signal in stores.names:
        if stores.site.devices[device].family.signals[signal].type is SignalType.TEXT:
            continue
        query = HistoryQuery(device, signal, stores.since - HOUR + 1, stores.until - 1, bucket)
        both = [
            read_history(stores.site, one, query, stores.until) for one in (stores.journal, stores.influx)
        ]
        assert both[0] == both[1], (device, signal)
        assert repr(both[0]) == repr(both[1]), "a switch is 0 or 1 in each, not true or false in one"
        some += sum(one.count > 0 for one in both[0].buckets)
    assert some > 20


def test_columns_comparison_and_values_at_an_instant(stores: TwoStores) -> None:
    sources, names = (stores.journal, stores.influx), tuple(stores.names)
    mine, theirs = (
        read_history_columns(stores.site, one, names, stores.since - HOUR, stores.until, HOUR // 4)
        for one in sources
    )
    assert mine.signals.keys() == theirs.signals.keys()
    for name, one in mine.signals.items():
        for column in ("mean", "least", "greatest", "count", "bad", "good"):
            other = getattr(theirs.signals[name], column)
            np.testing.assert_array_equal(getattr(one, column), other, f"{name} {column}")
    hour = stores.since // HOUR * HOUR
    query = CompareQuery(names, hour, hour + 2 * HOUR, hour - 2 * HOUR)
    compared = [read_comparison(stores.site, one, query) for one in sources]
    assert compared[0] == compared[1]
    assert repr(compared[0]) == repr(compared[1])
    assert len(compared[0].signals) > 10
    for at in (stores.until, stores.since + 300 * NS + 5, stores.since - HOUR, stores.since - DAY):
        told = [read_as_of(stores.site, one, names[::5], at) for one in sources]
        assert told[0] == told[1]
        assert all((one.at is None) == (one.age is None) for one in told[0])


def test_an_export_has_the_same_rows(stores: TwoStores) -> None:
    names = tuple((d, s) for d, s in stores.names if d in ("weather", "fountain-2"))
    query = ExportQuery(names, stores.since - HOUR, stores.until)
    rows = [list(export_rows(stores.site, one, query)) for one in (stores.journal, stores.influx)]
    assert rows[0] == rows[1]
    assert {"nothing-stored", "not-running"} <= {row.quality for row in rows[0]}


def test_pages_are_no_seams(stores: TwoStores, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of a few samples, so that edges fall into everything; and a year before it that holds nothing."""
    monkeypatch.setattr(module, "PAGE", 3)
    query = HistoryQuery("fountain-2", "power", stores.since - 365 * DAY, stores.until)
    both = [read_history(stores.site, one, query, stores.until) for one in (stores.journal, stores.influx)]
    assert both[0] == both[1]
    assert len(both[0].points) > 10
