"""Units by wildcard in a site's file: listed names, found names, ids, and what `check` says of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from facilityd.cli.main import facilityd
from facilityd.config.fields import identifier
from facilityd.config.found import DiscoveredNames, file_of, read_found, write_found
from facilityd.config.load import load
from facilityd.config.templates import part_of, widened, wildcards

SITE = """\
site: {id: yard, name: {zh: 院子, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
store: {path: journal.db}
links: {broker: {protocol: mqtt, host: 127.0.0.1}}
units:
  plug:
    link: broker
    profile: zigbee2mqtt_plug
    period: 60s
    topic: zigbee2mqtt/+
    names: [lamp-1, 灯 2]
    ignore: [bridge]
  door: {link: broker, profile: zigbee2mqtt_sensor, period: 60s, topic: zigbee2mqtt/door}
devices:
  plug: {family: lighting, group: lamps, name: {zh: "灯 {name}", en: Lamp}, signals: {power: plug.power}}
  door: {family: contact, name: {zh: 门, en: Door}, signals: {active: door.contact}}
"""


@pytest.fixture
def yard(tmp_path: Path) -> Path:
    (tmp_path / "site.yaml").write_text(SITE, encoding="utf-8")
    return tmp_path


def _changed(yard: Path, old: str, new: str) -> None:
    text = (yard / "site.yaml").read_text(encoding="utf-8")
    assert old in text
    (yard / "site.yaml").write_text(text.replace(old, new), encoding="utf-8")


def _check(yard: Path, *more: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(facilityd, ["check", str(yard), *more], catch_exceptions=False)
    return done.exit_code, done.stdout, done.stderr


def _kept(yard: Path, *names: str, heard: dict[str, str] | None = None) -> None:
    write_found(file_of(load(yard)), DiscoveredNames({"plug": names}, {"plug": heard or {}}))


def test_each_listed_name_is_a_unit_and_a_device(yard: Path) -> None:
    site = load(yard)
    second = f"plug-{part_of('灯 2')}"
    assert {name: unit.topic for name, unit in site.units.items()} == {
        "door": "zigbee2mqtt/door", "plug-lamp-1": "zigbee2mqtt/lamp-1", second: "zigbee2mqtt/灯 2",
    }  # fmt: skip
    assert list(site.devices) == ["door", "plug-lamp-1", second]
    assert (site.devices[second].name.zh, site.devices[second].name.en) == ("灯 灯 2", "Lamp 灯 2")
    assert site.devices["plug-lamp-1"].group == "lamps"
    (stream,) = site.devices["plug-lamp-1"].streams
    assert (stream.device, stream.unit) == ("plug-lamp-1", "plug-lamp-1")
    assert [b.stream for b in site.units["plug-lamp-1"].bindings] == [stream]


def test_what_is_looked_for(yard: Path) -> None:
    (wildcard,) = wildcards(load(yard), "broker")
    assert wildcard.known == {"lamp-1", "灯 2", "bridge"}
    assert "zigbee2mqtt/door" in wildcard.taken
    assert wildcard.room == 50


def test_what_was_found_is_there_after_a_restart_for_every_command(yard: Path) -> None:
    _kept(yard, "porch", "lamp-1", "bridge")
    site = load(yard)
    assert "plug-porch" in site.devices
    assert site.templates["plug"].unit_names == ("porch",)
    assert site.warnings == ()
    done = CliRunner().invoke(facilityd, ["status", str(yard), "--json"])
    assert done.exit_code == 0 or "journal" in str(done.exception)


def test_what_was_found_and_no_longer_fits_is_told(yard: Path) -> None:
    _kept(yard, "porch", "Lamp_1", "door", "x/y", *(f"more-{n}" for n in range(3)))
    _changed(yard, "ignore: [bridge]", "discover: 2")
    warnings = "\n".join(load(yard).warnings)
    assert "'Lamp_1', found behind 'zigbee2mqtt/+', is not watched: its id is taken already" in warnings
    assert "'door', found behind 'zigbee2mqtt/+', is not watched: its topic is another unit's" in warnings
    assert "'more-1', found behind 'zigbee2mqtt/+', is not watched: 'discover' allows no more" in warnings
    assert "its name cannot be an id" in warnings


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"units": 5}', '{"units": {"plug": [5]}, "heard": {}}', "\xff" * 9]
)
def test_a_file_that_is_damaged_ends_nothing(yard: Path, text: str) -> None:
    file_of(load(yard)).write_text(text, encoding="latin-1")
    site = load(yard)
    assert "plug-lamp-1" in site.devices
    assert "cannot be read" in site.warnings[0]


def test_the_file_is_whole_and_private(yard: Path) -> None:
    path = file_of(load(yard))
    found = DiscoveredNames({"plug": ("灯", "b")}, {"plug": {"c": "why"}})
    write_found(path, found)
    assert read_found(path) == (found, "")
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir() if "discovered" in file.name] == [path.name]


def test_check_explains_what_a_wildcard_brings(yard: Path) -> None:
    _kept(yard, "porch", heard={"old": "only an old message", "bridge": "unlike", "lamp-1": "stale"})
    code, out, _ = _check(yard)
    assert code == 0
    assert "unit plug: one for each name in place of '+' in zigbee2mqtt/+" in out
    assert "listed: lamp-1, 灯 2; found by listening: porch; up to 49 more are taken in" in out
    assert "heard and not watched (only an old message): 'old'" in out
    (told,) = json.loads(_check(yard, "--json")[1])["templates"]
    assert told["found"] == {"porch": "zigbee2mqtt/porch"}
    assert told["heard"] == {"old": "only an old message"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("zigbee2mqtt/+", "zigbee2mqtt/+/+", "one '+' names the units"),
        ("zigbee2mqtt/+", "zigbee2mqtt/lamp+", "whole level"),
        ("zigbee2mqtt/+", "zigbee2mqtt/+/#", "wildcard"),
        ("zigbee2mqtt/+", "zigbee2mqtt/+/", "ends in '/'"),
        ("topic: zigbee2mqtt/+", "topic: zigbee2mqtt/all", "'names' goes with a topic that has '+'"),
        ("[lamp-1, 灯 2]", "[lamp-1, Lamp_1]", "'Lamp_1' cannot be a unit of 'plug': its id is taken already"),
        ("[lamp-1, 灯 2]", "[lamp-1, door]", "'door' cannot be a unit of 'plug': its topic is another unit's"),
        ("[lamp-1, 灯 2]", "[lamp-1, lamp-1]", "'lamp-1' stands twice"),
        ("[lamp-1, 灯 2]", "[a/b]", "cannot stand in one level"),
        ("[lamp-1, 灯 2]", '["a\\tb"]', "control character"),
        ("ignore: [bridge]", "discover: 501", "500"),
        ("{power: plug.power}", "{power: plug.power, temperature: door.temperature}", "all its signals must come from there"),
    ],
)  # fmt: skip
def test_mistakes_are_told_where_they_stand(yard: Path, old: str, new: str, said: str) -> None:
    _changed(yard, old, new)
    code, out, _ = _check(yard)
    assert code == 1
    assert said in out, out
    assert "site.yaml:" in out


def test_two_models_behind_one_wildcard(yard: Path) -> None:
    second = "  climate: {link: broker, profile: zigbee2mqtt_sensor, period: 60s, topic: zigbee2mqtt/+}\n"
    _changed(yard, "  door: {link", f"{second}  door: {{link")
    assert set(load(yard).templates) == {"plug", "climate"}


@given(st.lists(st.text(min_size=1, max_size=12), min_size=2, max_size=2, unique=True))
def test_any_name_makes_a_sound_part_of_an_id(names: Any) -> None:
    for name in names:
        identifier(f"plug-{part_of(name)}")
    plain = [name.lower() for name in names]
    if part_of(names[0]) == part_of(names[1]):
        assert all(name.isascii() for name in plain), "only ASCII names fall together, and that is told"


def test_widening_leaves_the_site_as_it_was(yard: Path) -> None:
    site = load(yard)
    wider = widened(site, {"plug": ["porch", "porch", "lamp-1"], "nobody": ["x"]})
    assert wider.devices.keys() - site.devices.keys() == {"plug-porch"}
    assert wider.templates["plug"].room == 49
    assert "plug-porch" not in site.units
