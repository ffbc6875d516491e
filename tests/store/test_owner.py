"""Each site has a journal of its own, beside it; none is read or written as another's."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from facilityd.app.daemon import make_folder, watch
from facilityd.config.load import load
from facilityd.errors import UsageError
from facilityd.store.journal import Journal
from facilityd.store.reader import JournalReader

SITE = """\
site: {id: NAME, name: {zh: 院子, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
links: {net: {protocol: modbus-tcp, host: 127.0.0.1, port: 1}}
units: {meter: {link: net, profile: eastron_sdm630, device_id: 1, period: 2s}}
devices: {gate: {family: lighting, name: {zh: 城楼, en: Gate}, signals: {power: meter.active_power_total}}}
"""


def _site(folder: Path, name: str, more: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.yaml").write_text(SITE.replace("NAME", name) + more, encoding="utf-8")
    return folder / f"{name}.yaml"


def test_two_sites_in_one_folder_have_two_journals_wherever_they_are_asked_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (load(_site(tmp_path / "sites", name)) for name in ("north", "south"))
    monkeypatch.chdir(tmp_path)
    assert first.store.path == str(tmp_path / "sites/.facilityd/north/journal.db")
    assert second.store.path == str(tmp_path / "sites/.facilityd/south/journal.db")
    own = load(_site(tmp_path / "sites", "west", "store: {path: data/west.db}\n"))
    assert own.store.path == str(tmp_path / "sites/data/west.db")


def test_a_journal_is_refused_for_another_site_and_by_every_reader(tmp_path: Path) -> None:
    room = {"max_bytes": 2**26, "max_age": 10**18}
    path = tmp_path / "journal.db"
    Journal.open(path, site="north", **room).close()
    with pytest.raises(UsageError, match="belongs to site 'north', not 'south'"):
        Journal.open(path, site="south", **room)
    with pytest.raises(UsageError, match="belongs to site 'north', not 'south'"):
        JournalReader.open(path, "south")
    JournalReader.open(path, "north").close()
    Journal.open(path, site="north", **room).close()


def test_a_journal_of_an_earlier_version_becomes_the_journal_of_who_opens_it_first(tmp_path: Path) -> None:
    room = {"max_bytes": 2**26, "max_age": 10**18}
    path = tmp_path / "journal.db"
    Journal.open(path, **room).close()
    JournalReader.open(path, "south").close()
    Journal.open(path, site="north", **room).close()
    with pytest.raises(UsageError, match="belongs to site 'north'"):
        JournalReader.open(path, "south")


def test_a_missing_folder_far_away_is_asked_about_and_not_made(tmp_path: Path) -> None:
    far = tmp_path / "disk" / "data"
    site = load(_site(tmp_path / "sites", "north", f"store: {{path: {far}/journal.db}}\n"))
    with pytest.raises(UsageError, match="folder does not exist") as refused:
        asyncio.run(watch(site))
    assert str(far) in str(refused.value)
    assert not (tmp_path / "disk").exists()


def test_a_missing_folder_beside_the_site_is_made_for_its_owner_only(tmp_path: Path) -> None:
    site = load(_site(tmp_path / "sites", "north"))
    folder = Path(site.store.path).parent
    make_folder(folder, site)
    assert folder.stat().st_mode & 0o077 == 0
