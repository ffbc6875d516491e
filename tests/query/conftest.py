"""A story that was stored once, and a yard whose journal a test writes by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.alarm_history import AlarmHistory, alarm_history
from support.query_sites import MeterSite, StoredSite
from support.site_mistakes import FILES, write_site

from facilityd.config.load import load
from facilityd.model.sample import NS
from facilityd.store.journal import Journal
from facilityd.testing.site import begin


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory) -> StoredSite:
    """A June morning: the flag goes up, two of four lanterns' lamps fail, a fountain leaks, the hoist stops."""
    folder = tmp_path_factory.mktemp("story")
    only = ("hoist-1", "weather", "bridges", "fountain-2")
    with begin("square", folder, only, "2026-06-10T04:20", 1, real=False) as running:
        running.advance("40min")
        running.fault("bridges", "L1")
        running.fault("fountain-2", "leakage")
        running.advance("25min")
        running.fault("hoist-1", "estop")
        running.advance("5min")
        return StoredSite(running.site, round(running.now.timestamp()) * NS)


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[MeterSite]:
    """The yard at T0, its journal empty."""
    text = FILES["site.yaml"] + "store: {path: journal.db}\n"
    write_site(tmp_path, {"site.yaml": text})
    site = load(tmp_path, secrets=False)
    path = Path(site.store.path)
    with Journal.open(path, max_bytes=2**28, max_age=10**18, ballast_bytes=65536, site=site.id) as journal:
        yield MeterSite(site, journal)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[AlarmHistory]:
    """A journal of alarms that a test writes."""
    with alarm_history(tmp_path) as made:
        yield made
