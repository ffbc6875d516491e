"""What is heard behind a wildcard topic and watched by nobody is named in ``status``, in both languages."""

import json

import pytest
from click.testing import CliRunner

from facilityd.cli.main import facilityd
from facilityd.config.found import DiscoveredNames, file_of, write_found
from facilityd.config.load import load
from facilityd.store.journal import Journal

SITE = """\
site: {id: yard, name: {zh: 院子, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
store: {path: journal.db}
links: {broker: {protocol: mqtt, host: 127.0.0.1}}
units: {plug: {link: broker, profile: zigbee2mqtt_plug, period: 60s, topic: z/+, names: [a], ignore: [bridge]}}
devices: {plug: {family: lighting, name: {zh: 灯, en: Lamp}, signals: {power: plug.power}}}
"""


@pytest.fixture
def yard(tmp_path):
    (tmp_path / "site.yaml").write_text(SITE, encoding="utf-8")
    with Journal.open(tmp_path / "journal.db", max_bytes=2**30, max_age=10**18, site="yard"):
        pass
    return tmp_path


def _status(yard, *more):
    done = CliRunner().invoke(facilityd, ["status", str(yard), "--once", *more], catch_exceptions=False)
    return " ".join(done.stdout.split())


def _heard(yard, names):
    write_found(file_of(load(yard)), DiscoveredNames({"plug": ()}, {"plug": dict.fromkeys(names, "stale")}))


def test_they_are_named(yard):
    _heard(yard, ["porch", "bridge", "a"])
    assert "heard behind z/+ and not watched 1: porch" in _status(yard)
    assert "z/+ 下听到而未监测 1 个：porch" in _status(yard, "--lang", "zh")
    assert "porch" not in _status(yard, "-d", "plug-a")


def test_many_are_counted(yard):
    _heard(yard, [f"plug {number:02}" for number in range(30)])
    said = _status(yard)
    assert "not watched 30:" in said
    assert "plug 09 …" in said
    assert "plug 10" not in said


def test_nothing_is_said_where_all_are_watched(yard):
    _heard(yard, ["bridge"])
    assert "heard behind" not in _status(yard)


def test_json_has_them_with_their_reasons(yard):
    _heard(yard, ["porch", "bridge"])
    done = CliRunner().invoke(facilityd, ["status", str(yard), "--json"], catch_exceptions=False)
    (daemon,) = (line for line in json.loads(done.stdout) if line["device"] == "facilityd")
    assert daemon["not_watched"] == {"plug": {"porch": "stale"}}
