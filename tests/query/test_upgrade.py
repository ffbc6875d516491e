"""Before an upgrade or a way back: what this facilityd would do with the journal that is there."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import apsw
import pytest
from click.testing import CliRunner

from facilityd.cli.main import facilityd
from facilityd.query.upgrade import JournalFit, read_upgrade
from facilityd.store import schema

SITE = """\
site: {id: yard, name: {zh: 院子, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
store: {path: journal.db}
links: {bus: {protocol: modbus-tcp, host: 192.0.2.1}}
units: {meter: {link: bus, profile: eastron_sdm630, device_id: 1, period: 1min}}
devices:
  lamps: {family: lighting, name: {zh: 灯, en: Lamps}, signals: {power: meter.active_power_total}}
"""


def _journal(path: Path, version: int, application: int = schema.APPLICATION) -> Path:
    db = apsw.Connection(str(path))
    db.execute("".join(schema.MIGRATIONS[:version]))
    db.pragma("application_id", application)
    db.pragma("user_version", version)
    db.close()
    return path


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "site.yaml").write_text(SITE, encoding="utf-8")
    return tmp_path


def _asked(site: Path, *options: str) -> tuple[int, str]:
    done = CliRunner().invoke(facilityd, ["upgrade-check", str(site), *options])
    return done.exit_code, done.output


@pytest.mark.parametrize("version", range(1, schema.VERSION + 1))
def test_every_earlier_version_is_taken_over(tmp_path: Path, version: int) -> None:
    path = _journal(tmp_path / "journal.db", version)
    before = path.read_bytes()
    found = read_upgrade(path)
    assert found.ok
    assert found.found == version
    assert found.fit is (JournalFit.CURRENT if version == schema.VERSION else JournalFit.OLDER)
    assert path.read_bytes() == before, "it only looks"
    schema.connect_writer(path, None).close()
    assert read_upgrade(path).fit is JournalFit.CURRENT, "the daemon did what was foretold"


def test_a_newer_journal_is_refused_with_the_way_back(site: Path) -> None:
    path = _journal(site / "journal.db", schema.VERSION)
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    code, said = _asked(site, "--lang", "en")
    assert code == 1
    assert f"version {schema.VERSION + 1}, and this facilityd knows {schema.VERSION}" in said
    assert "facilityd restore" in said
    with pytest.raises(schema.ForeignFile, match="this facilityd knows"):
        schema.connect_writer(path, None)


def test_an_older_one_is_to_be_copied_first(site: Path) -> None:
    _journal(site / "journal.db", 3)
    code, said = _asked(site, "--lang", "en")
    assert code == 0
    assert f"of version 3; a start makes it version {schema.VERSION}" in said
    assert f"facilityd backup {site} FILE" in said
    assert "备份" in _asked(site, "--lang", "zh")[1]


def test_a_site_without_a_journal_gets_one(site: Path) -> None:
    code, said = _asked(site, "--json")
    assert code == 0
    assert json.loads(said)["fit"] == "absent"
    assert not (site / "journal.db").exists()


def test_another_programs_database_is_no_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE bookmarks(url)")
    assert read_upgrade(path).fit is JournalFit.FOREIGN


@pytest.mark.parametrize("damage", ["no database", "a table is gone"])
def test_damage_is_told_as_such(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "journal.db"
    if damage == "no database":
        path.write_bytes(b"nothing of the kind " * 300)
    else:
        _journal(path, schema.VERSION)
        with sqlite3.connect(path) as db:
            db.execute("DROP TABLE parked")
    found = read_upgrade(path)
    assert found.fit is JournalFit.DAMAGED
    assert not found.ok


def test_files_with_mistakes_are_told_before_the_journal(site: Path) -> None:
    (site / "site.yaml").write_text(SITE.replace("eastron_sdm630", "eastron_sdm63"), encoding="utf-8")
    done = CliRunner().invoke(facilityd, ["upgrade-check", str(site), "--lang", "en"])
    assert done.exit_code == 1
    assert "eastron_sdm63" in str(done.exception)
