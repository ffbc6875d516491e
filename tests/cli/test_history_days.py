"""Buckets of a day are the site's days, also where a day has 23 or 25 hours."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from facilityd.app.builtin import all_devices
from facilityd.cli.main import facilityd
from facilityd.config.load import load
from facilityd.model.sample import NS, Sample
from facilityd.store.journal import Journal
from facilityd.store.samples import SampleWrite

BERLIN = ZoneInfo("Europe/Berlin")
YARD = """\
site: {id: yard, name: {zh: 院子, en: Yard}, latitude: 52.5, longitude: 13.4, timezone: Europe/Berlin}
store: {path: journal.db}
links: {net: {protocol: modbus-tcp, host: 127.0.0.1, port: 1}}
units: {contacts: {link: net, profile: moxa_iologik_e1212, device_id: 1, period: 30s}}
devices:
  fire: {family: contact, name: {zh: 火灾报警, en: Fire panel}, signals: {active: contacts.input_0}}
"""


@pytest.mark.parametrize("change", ["2026-03-29", "2026-10-25"])
@pytest.mark.parametrize("bucket", ["1d", "2d", "12h"])
def test_buckets_begin_with_the_sites_days(tmp_path: Path, change: str, bucket: str) -> None:
    (tmp_path / "site.yaml").write_text(YARD, encoding="utf-8")
    site, first = load(tmp_path), datetime.fromisoformat(change).replace(tzinfo=BERLIN) - timedelta(days=1)
    stream = all_devices(site)["fire"].streams[0]
    ats = [int(first.timestamp() + 1800 + 3600 * n) * NS for n in range(24 * 4)]
    with Journal.open(Path(site.store.path), max_bytes=2**26, max_age=10**18, site="yard") as journal:
        journal.commit([SampleWrite([Sample(stream, at, at, (True,)) for at in ats])])
    until = (first + timedelta(days=4)).date()
    asked = ["--since", str(first.date()), "--until", str(until), "--bucket", bucket, "--json"]
    done = CliRunner().invoke(facilityd, ["history", str(tmp_path), "fire", "active", *asked])
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)["rows"]
    begins = {str(row["time"])[:10]: str(row["time"])[11:16] for row in reversed(rows)}
    assert set(begins.values()) == {"00:00"}, "the first of each day"
    assert sum(row["count"] for row in rows) == sum(at < _end(until) for at in ats)
    if bucket == "1d":
        hours = 23 if change.startswith("2026-03") else 25
        assert [row["count"] for row in rows][:3] == [24, hours, 24]


def _end(day: object) -> int:
    return int(datetime.fromisoformat(str(day)).replace(tzinfo=BERLIN).timestamp()) * NS
