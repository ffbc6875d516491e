"""Frost is no news where a season of the site's files has drained the fountains."""

from __future__ import annotations

import json
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from facilityd.scenario.load import square

START = "2026-11-20T14:00"
SECTIONS = """
forecast: {model: {kind: file, path: hours.json}}
seasons: {winter: {state: drained, families: [fountain], from: "11-15", until: "03-16"}}
"""


def test_frost_is_not_told_where_a_season_has_drained_the_fountains(
    simulated_site: Any, tmp_path: Path
) -> None:
    """The start reads the forecast before it begins the season."""
    folder = tmp_path / "square"
    shutil.copytree(square(), folder, ignore=shutil.ignore_patterns(".facilityd"))
    (folder / "winter.yaml").write_text(SECTIONS)
    first = datetime.fromisoformat(f"{START}+08:00")
    rows = [{"at": (first + timedelta(hours=n)).isoformat(), "temperature": -4} for n in range(30)]
    (folder / "hours.json").write_text(json.dumps({"issued": first.isoformat(), "hours": rows}))
    site = simulated_site(folder, only=["fountain-1"], start=START)
    site.advance("1h")
    assert not [one for one in site.alarms() if one.device == "forecast"]
    assert site.value("forecast", "night_minimum") == -4.0
    assert site.value("forecast", "not_drained") == 0
