"""Every query of the dashboards finds rows in a real InfluxDB that a simulated site filled, by the names as they are."""

from __future__ import annotations

import json
import runpy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.influx_site import InfluxPeer, influx_peer

from devices.tables import families
from facilityd.testing.site import begin

TOOL = runpy.run_path("tools/grafana.py")
FOLDER = Path("config/grafana")
DASHBOARDS = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((FOLDER / "dashboards").glob("*.json"))
}
PANELS = [
    pytest.param(panel, id=f"{name}-{panel['id']}")
    for name, one in DASHBOARDS.items()
    for panel in one["panels"]
]
FIELDS_OF_ALARMS = {"state", "occurrence", "verdict", "person"}


@dataclass
class Filled:
    """A bucket with a morning from ``since`` to ``until`` (RFC 3339)."""

    peer: InfluxPeer
    since: str
    until: str

    def rows(self, query: str) -> list[dict[str, str]]:
        """Ask as Grafana does once it has put in what the page shows."""
        names = {
            "v.defaultBucket": f'"{self.peer.server.bucket}"', "v.timeRangeStart": self.since,
            "v.timeRangeStop": self.until, "v.windowPeriod": "1m",
            "${device:regex}": "(hoist-1|gate-base|fountain-2)", "start: -90d": f"start: {self.since}",
        }  # fmt: skip
        for name, value in names.items():
            query = query.replace(name, value)
        return self.peer.flux(query)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """A June morning: the flag goes up, a fountain leaks, and the weather station falls silent."""
    folder = tmp_path_factory.mktemp("grafana")
    only = ("hoist-1", "weather", "gate-base", "fountain-2")
    with begin("square", folder, only, "2026-06-10T04:36", 1, real=False) as running:
        since = running.now
        running.advance("2min")
        running.fault("fountain-2", "leakage")
        running.advance("5min")
        unit = running.site.devices["weather"].streams[0].unit
        running.hazard(unit, "silent")
        running.advance("3min")
        site, journal, until = running.site, running.journal, running.now
    with influx_peer(tmp_path_factory.mktemp("server")) as peer:
        peer.take(journal, site.id)
        yield Filled(peer, since.isoformat(), until.isoformat())


def query_of(panel: dict[str, Any]) -> str:
    (target,) = panel["targets"]
    return str(target["query"])


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_has_something_to_show(filled: Filled, panel: dict[str, Any]) -> None:
    rows = filled.rows(query_of(panel))
    told = [row for row in rows if row.get("_value") or row.get("state")]
    assert told, query_of(panel)
    wanted = {name for _, name in TOOL["asked_fields"](query_of(panel))} - FIELDS_OF_ALARMS - {"bad"}
    assert {row["_field"] for row in told if "_field" in row} >= wanted, "each signal of the panel"


@pytest.mark.parametrize("panel", PANELS)
def test_a_field_that_is_renamed_is_found_out(filled: Filled, panel: dict[str, Any]) -> None:
    """By what families and lines of alarms call it; and the InfluxDB would have nothing under another name."""
    known, query = families(), query_of(panel)
    asked = TOOL["asked_fields"](query)
    assert asked or '"bad"' in query
    for measurement, field in asked:
        signals = FIELDS_OF_ALARMS if measurement == "alarm" else known[measurement].signals.keys()
        assert field in signals, (measurement, field)
    renamed = query
    for _, field in asked | {("", "bad")}:
        renamed = renamed.replace(f'r._field == "{field}"', f'r._field == "{field}_of_old"')
    assert renamed != query
    assert filled.rows(renamed) == []


def test_annotations_and_choices_are_there_too(filled: Filled) -> None:
    for name, one in DASHBOARDS.items():
        (marks,) = one["annotations"]["list"]
        rows = filled.rows(marks["target"]["query"])
        assert {"fountain-2 leakage"} <= {row["text"] for row in rows}, name
        assert {row["tags"] for row in rows} <= {"low", "medium", "high", "critical"}
        for choice in one["templating"]["list"]:
            assert filled.rows(choice["query"]), name


def test_files_are_what_the_table_says_and_name_the_same_source() -> None:
    files = TOOL["files"]()
    assert {path.name for path in files} == {f"{name}.json" for name in DASHBOARDS}
    for path, text in files.items():
        assert path.read_text(encoding="utf-8") == text, "run tools/grafana.py"
    told = yaml.safe_load((FOLDER / "provisioning/datasources/influxdb.yaml").read_text(encoding="utf-8"))
    (source,) = told["datasources"]
    assert source["jsonData"]["version"] == "Flux"
    assert source["secureJsonData"] == {"token": "${INFLUXDB_READ_TOKEN}"}, "no secret stands in a file"
    uids = {panel["datasource"]["uid"] for one in DASHBOARDS.values() for panel in one["panels"]}
    assert uids == {source["uid"]}
    assert len({one["uid"] for one in DASHBOARDS.values()}) == len(DASHBOARDS)


def test_no_line_is_drawn_over_missing_data() -> None:
    lines = [p for one in DASHBOARDS.values() for p in one["panels"] if p["type"] == "timeseries"]
    custom = [panel["fieldConfig"]["defaults"]["custom"] for panel in lines]
    drawn = [one for one in custom if one.get("drawStyle") != "bars"]
    assert drawn
    assert all(one["spanNulls"] is False for one in drawn)
    assert all(
        "createEmpty: true" in query_of(p) for p, one in zip(lines, custom, strict=True) if "spanNulls" in one
    )


def test_the_page_of_the_schema_is_current() -> None:
    page = runpy.run_path("tools/data_schema.py")["text"]()
    assert Path("docs/data-schema.md").read_text(encoding="utf-8") == page, "run tools/data_schema.py"
    assert all(f"## The measurement `{name}`" in page for name in families())
