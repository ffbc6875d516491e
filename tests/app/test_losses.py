"""What is purged before InfluxDB had it: told by an alarm and by status, with the very count and time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from facilityd.config.load import load
from facilityd.model.alarm import ChangeKind
from facilityd.model.sample import NS
from facilityd.query.counts import Counts
from facilityd.query.site import SiteQuery
from facilityd.scenario.subset import subset
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.store.reader import JournalReader

SQUARE = Path("config/square")
START = int(datetime(2026, 6, 10, 2, 0, tzinfo=UTC).timestamp()) * NS
MIB = 2**20


def test_influxdb_away_and_a_full_file_are_told_to_the_sample(tmp_path: Path) -> None:
    site = subset(load(SQUARE, secrets=False), ("fountain-1", "fountain-2", "fountain-3"))
    site = replace(site, store=replace(site.store, max_size=3 * MIB // 4))
    with VirtualRuntime(site, tmp_path, start=START, forwarding=True) as runtime:
        runtime.host.troubles.add("sink-down")
        runtime.advance(8 * 3600)
        site = runtime.site
    with JournalReader.open(tmp_path / "journal.db") as reader:
        first = reader.samples_after(0, 1)[0].id
        (raised,) = [
            row.change
            for row in reader.changes()
            if (row.change.rule, row.change.kind) == ("purged-unsent", ChangeKind.RAISE)
        ]
        told = [at for at, value, _ in reader.history("facilityd", "dropped_unsent", 0, 1 << 62) if value]
        counts = Counts.read(reader, {}).totals
        notices = [one.notice.body for one in reader.outbox() if one.notice.rule == "purged-unsent"]
    assert first > 1000, "the file was at its limit for long"
    assert counts.purged_unsent == first - 1, "every sample that is gone, and none that is not"
    assert counts.loss is not None
    assert counts.loss.count == counts.purged_unsent
    assert abs(counts.loss.since - START) < 5 * NS
    assert raised.evidence is not None
    assert 0 < raised.evidence.numbers["seen_n"] <= counts.purged_unsent
    assert told, "the daemon's own samples have the count too"
    assert any("Samples purged unsent grew by" in body and "time span" in body for body in notices)
    assert SiteQuery(site).counts().totals.purged_unsent == first - 1
