"""A site with a stored morning, served: `open_web` without users, `guarded` with one of each role."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.query_sites import StoredSite
from support.web import WebPeer, web_server

from facilityd.model.sample import NS
from facilityd.testing.site import begin


@pytest.fixture(scope="session")
def morning(tmp_path_factory: pytest.TempPathFactory) -> StoredSite:
    """A June morning: the flag goes up, two lanterns' lamps fail, a fountain leaks, the hoist stops."""
    folder = tmp_path_factory.mktemp("morning")
    only = ("hoist-1", "weather", "bridges", "fountain-2")
    with begin("square", folder, only, "2026-06-10T04:20", 1, real=False) as running:
        running.advance("5min")
        running.fault("bridges", "L1")
        running.fault("fountain-2", "leakage")
        running.advance("20min")
        running.fault("hoist-1", "estop")
        running.advance("2min")
        return StoredSite(running.site, round(running.now.timestamp()) * NS)


@pytest.fixture(scope="session")
def open_web(morning: StoredSite) -> Iterator[WebPeer]:
    """Served without users: this machine may read."""
    Path(morning.site.store.path).with_name("journal.db.users.json").unlink(missing_ok=True)
    with web_server(morning.site, clock=lambda: morning.now) as peer:
        yield peer
