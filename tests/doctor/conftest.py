"""A yard on this machine, nothing of it there but its journal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.query_sites import MeterSite
from support.site_mistakes import FILES, write_site

from facilityd.config.load import load
from facilityd.store.journal import Journal

NAMES = re.compile(r"192\.0\.2\.\d|//h:8086|crew\.example|mail\.example")


def _here(found: re.Match[str]) -> str:
    """Return an address at which nothing is."""
    return "//127.0.0.1:9" if found[0].startswith("//") else "127.0.0.1"


@pytest.fixture
def yard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MeterSite]:
    """The yard at T0, its journal empty."""
    monkeypatch.setenv("YARD_TOKEN", "t0ken")
    text = NAMES.sub(_here, FILES["site.yaml"]) + "store: {path: run/journal.db}\n"
    write_site(tmp_path, {"site.yaml": text})
    site = load(tmp_path, secrets=False)
    path = Path(site.store.path)
    path.parent.mkdir()
    with Journal.open(path, max_bytes=2**28, max_age=10**18, ballast_bytes=65536, site=site.id) as journal:
        yield MeterSite(site, journal)
