"""Write config/grafana/dashboards from tools/grafana.yaml: panels as a table, Grafana's JSON made of it.

`python tools/grafana.py` writes; a test keeps the files current and asks every query of a real InfluxDB.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "tools" / "grafana.yaml"
FOLDER = ROOT / "config" / "grafana" / "dashboards"
SOURCE = {"type": "influxdb", "uid": "facilityd"}
RANGE = "|> range(start: v.timeRangeStart, stop: v.timeRangeStop)"
ALARMS = f'from(bucket: v.defaultBucket)\n  {RANGE}\n  |> filter(fn: (r) => r._measurement == "alarm"'
RAISES = f'{ALARMS} and r.kind == "raise" and r._field == "occurrence")'
KINDS = {
    "lines": "timeseries",
    "bars": "timeseries",
    "states": "state-timeline",
    "last": "bargauge",
    "table": "table",
}
COLUMNS = 24
HIGH = 8

QUERIES = {
    # An alarm's newest change says its state; over 90 days, whatever the page shows.
    "open-alarms": (
        'from(bucket: v.defaultBucket)\n  |> range(start: -90d)\n'
        '  |> filter(fn: (r) => r._measurement == "alarm" and r._field == "state")\n'
        '  |> group(columns: ["device", "rule"])\n  |> sort(columns: ["_time"])\n  |> last()\n'
        '  |> filter(fn: (r) => r._value != "normal")\n  |> group()\n'
        '  |> keep(columns: ["_time", "device", "rule", "priority", "_value"])\n'
        '  |> rename(columns: {_value: "state"})\n  |> sort(columns: ["_time"], desc: true)'
    ),
    "changes": (
        f'{ALARMS} and r._field == "state")\n  |> group()\n'
        '  |> keep(columns: ["_time", "device", "rule", "kind", "priority", "_value"])\n'
        '  |> rename(columns: {_value: "state"})\n'
        '  |> sort(columns: ["_time"], desc: true)\n  |> limit(n: 500)'
    ),
    "raises": (
        f'{RAISES}\n  |> group(columns: ["priority"])\n'
        "  |> aggregateWindow(every: 1h, fn: count, createEmpty: false)"
    ),
    "top-rules": (
        f'{RAISES}\n  |> group(columns: ["rule"])\n  |> count()\n  |> group()\n'
        '  |> sort(columns: ["_value"], desc: true)\n  |> limit(n: 20)'
    ),
    "top-devices": (
        f'{RAISES}\n  |> group(columns: ["device"])\n  |> count()\n  |> group()\n'
        '  |> sort(columns: ["_value"], desc: true)\n  |> limit(n: 20)'
    ),
    "bad": (
        f'from(bucket: v.defaultBucket)\n  {RANGE}\n  |> filter(fn: (r) => r._field == "bad")\n'
        '  |> group(columns: ["device"])\n'
        "  |> aggregateWindow(every: v.windowPeriod, fn: count, createEmpty: false)"
    ),
}  # fmt: skip
"""What is not simply signals of a family."""


def signals(panel: dict[str, Any]) -> str:
    """Return the query of signals; null where nothing came, so that no line is drawn over a gap."""
    family, fields = panel["family"], panel["fields"]
    some = " or ".join(f'r._field == "{name}"' for name in fields)
    own = "" if panel.get("every_device") else " and r.device =~ /^${device:regex}$/"
    head = f"""from(bucket: v.defaultBucket)
  {RANGE}
  |> filter(fn: (r) => r._measurement == "{family}" and ({some}){own})"""
    if panel["kind"] == "states":
        return (
            f"{head}\n  |> toInt()\n  |> aggregateWindow(every: v.windowPeriod, fn: last, createEmpty: true)"
        )
    if panel["kind"] == "last":
        return f'{head}\n  |> group(columns: ["device", "_field"])\n  |> last()'
    return f"{head}\n  |> aggregateWindow(every: v.windowPeriod, fn: mean, createEmpty: true)"


def query_of(panel: dict[str, Any], device: bool) -> str:
    """Return the Flux of a panel."""
    found = QUERIES[panel["query"]] if "query" in panel else signals(panel)
    return found if device else found.replace(" and r.device =~ /^${device:regex}$/", "")


def made(number: int, place: tuple[int, int], panel: dict[str, Any], device: bool) -> dict[str, Any]:
    """Return one panel."""
    custom: dict[str, Any] = {}
    if panel["kind"] == "lines":
        # A gap is a gap: the points at its ends are not joined, and a point alone is seen.
        custom = {"spanNulls": False, "showPoints": "auto", "lineInterpolation": "stepAfter"}
    if panel["kind"] == "bars":
        custom = {"drawStyle": "bars", "fillOpacity": 60, "stacking": {"mode": "normal"}}
    title = panel["title"]
    return {
        "id": number,
        "type": KINDS[panel["kind"]],
        "title": f"{title['zh']} {title['en']}",
        "datasource": SOURCE,
        "gridPos": {"x": place[0], "y": place[1], "w": panel["wide"], "h": HIGH},
        "fieldConfig": {"defaults": {"unit": panel.get("unit", "none"), "custom": custom}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}}
        if panel["kind"] != "table"
        else {},
        "targets": [{"refId": "A", "datasource": SOURCE, "query": query_of(panel, device)}],
    }


def annotation() -> dict[str, Any]:
    """Return the raises of alarms, as marks over every panel."""
    query = (
        f'{RAISES}\n  |> group()\n  |> keep(columns: ["_time", "device", "rule", "priority"])\n'
        '  |> map(fn: (r) => ({r with text: r.device + " " + r.rule, tags: r.priority}))'
    )
    return {
        "name": "报警 Alarms", "datasource": SOURCE, "enable": True, "hide": False, "iconColor": "red",
        "target": {"refId": "Anno", "query": query},
        "mappings": {"text": {"value": "text"}, "tags": {"value": "tags"}},
    }  # fmt: skip


def device_variable(family: str) -> dict[str, Any]:
    """Return the choice of a device."""
    query = (
        'import "influxdata/influxdb/schema"\n'
        'schema.tagValues(bucket: v.defaultBucket, tag: "device", start: -90d,'
        f' predicate: (r) => r._measurement == "{family}")'
    )
    return {
        "name": "device", "label": "设备 Device", "type": "query", "datasource": SOURCE, "query": query,
        "refresh": 1, "multi": True, "includeAll": True, "current": {"text": "All", "value": "$__all"},
    }  # fmt: skip


def dashboard(name: str, about: dict[str, Any]) -> dict[str, Any]:
    """Return one dashboard as Grafana reads it."""
    device, panels, x, y = about.get("device", True), [], 0, 0
    for number, panel in enumerate(about["panels"], 1):
        if x + panel["wide"] > COLUMNS:
            x, y = 0, y + HIGH
        panels.append(made(number, (x, y), panel, device))
        x += panel["wide"]
    title = about["title"]
    return {
        "uid": f"facilityd-{name}", "title": f"{title['zh']} {title['en']}", "tags": ["facilityd"],
        "schemaVersion": 39, "version": 1, "editable": False, "timezone": "browser", "refresh": "30s",
        "time": {"from": "now-12h", "to": "now"}, "annotations": {"list": [annotation()]},
        "templating": {"list": [device_variable(about["family"])] if device else []}, "panels": panels,
    }  # fmt: skip


def files() -> dict[Path, str]:
    """Return what each file holds."""
    table = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return {
        FOLDER / f"{name}.json": json.dumps(dashboard(name, about), ensure_ascii=False, indent=1) + "\n"
        for name, about in table["dashboards"].items()
    }


def asked_fields(query: str) -> set[tuple[str, str]]:
    """Return the (measurement, field) pairs that a query names."""
    measurements = re.findall(r'r\._measurement == "([^"]+)"', query)
    return {(one, name) for one in measurements for name in re.findall(r'r\._field == "([^"]+)"', query)}


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(
            any(
                not path.exists() or path.read_text(encoding="utf-8") != text
                for path, text in files().items()
            )
        )
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
