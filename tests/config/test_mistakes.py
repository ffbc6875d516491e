"""A wrong site is told wrong in every place at once, with file, line and column."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from devices.tables import SHELF
from facilityd.cli.main import facilityd
from facilityd.config.load import load
from facilityd.errors import ConfigError

SOUND = """\
site: {id: yard, name: {zh: 院子, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
links:
  bus: {protocol: modbus-rtu, serial_port: /dev/ttyUSB0, baudrate: 9600}
  net: {protocol: modbus-tcp, host: 192.0.2.1}
units:
  meter-1: {link: bus, profile: eastron_sdm630, device_id: 1, period: 2s}
  meter-2: {link: bus, profile: eastron_sdm630, device_id: 2, period: 2s}
devices:
  gate: {family: lighting, name: {zh: 城楼, en: Gate}, signals: {power: meter-1.active_power_total}}
recipients:
  crew:
    name: {zh: 值班, en: Crew}
    language: zh
    channels: [{kind: webhook, url: "https://crew.example/hook", token: "${HOOK_TOKEN}"}]
"""

WRONG = """\
site: {id: yard, name: {zh: 院子, en: Yard}, latitude: 139.9, longitude: 116.4, timezone: Asia/Peking}
links:
  bus: {protocol: modbus-rtu, serial_port: /dev/ttyUSB0, baudrate: 1200, pairity: E}
  slow: {protocol: modbus-rtu, serial_port: /dev/ttyUSB1, baudrate: 1200}
  broker: {protocol: mqtt, host: 192.0.2.7, username: crew, password: hunter2}
units:
  meter-1: {link: slow, profile: eastron_sdm630, device_id: 1, period: 100ms}
  meter-2: {link: slow, profile: eastron_sdm63, device_id: 2, period: 2s}
  meter-3: {link: slow, profile: eastron_sdm630, device_id: 1, period: often}
  meter-4: {link: slow, profile: eastron_sdm630, device_id: 1, period: 10s}
devices:
  gate:
    family: lighting
    name: {zh: 城楼, en: Gate}
    signals:
      power: meter-1.active_power_total
      volts: meter-1.voltage_l1
      current: meter-1.voltage_l1
      voltage: meter-9.voltage_l1
      energy: meter-1.energy_importt
  tower: {family: lightning, name: {zh: 楼, en: Tower}, signals: {power: meter-4.active_power_total}}
"""


def _check(tmp_path: Path, text: str) -> tuple[int, list[str]]:
    (tmp_path / "site.yaml").write_text(text, encoding="utf-8")
    result = CliRunner().invoke(facilityd, ["check", str(tmp_path)], catch_exceptions=False)
    return result.exit_code, result.stdout.splitlines()


def test_twelve_mistakes_are_twelve_located_errors(tmp_path: Path) -> None:
    code, lines = _check(tmp_path, WRONG)
    file = str(tmp_path / "site.yaml")
    expected = [
        (1, 54, "latitude|less than or equal to 90"),
        (1, 89, "not a time zone"),
        (3, 74, "unknown key 'pairity'; did you mean 'parity'"),
        (5, 71, "secret in clear text"),
        (7, 72, "bus load [0-9]+%"),
        (8, 34, "profile 'eastron_sdm63' is not known; did you mean 'eastron_sdm630'"),
        (9, 72, "a duration is a number with"),
        (10, 61, "device id 1 on link 'slow' is already unit 'meter-1'"),
        (17, 7, "has no signal 'volts'"),
        (18, 16, "V does not convert to A"),
        (19, 16, "unit 'meter-9' is not known; did you mean"),
        (20, 15, "has no point 'energy_importt'; did you mean"),
        (21, 19, "family 'lightning' is not known; did you mean 'lighting'"),
    ]
    assert code == 1
    found = [re.match(re.escape(file) + r":(\d+):(\d+): (.*)", line) for line in lines]
    assert all(found), lines
    places = [(int(m[1]), int(m[2])) for m in found if m]
    assert places == [(line, column) for line, column, _ in expected], "\n".join(lines)
    for (_, _, what), line in zip(expected, lines, strict=True):
        assert re.search(what, line), line
    assert "hunter2" not in "\n".join(lines)
    assert "Traceback" not in "\n".join(lines)


def test_a_sound_site_passes_and_is_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_TOKEN", "s3cret")
    code, lines = _check(tmp_path, SOUND)
    assert (code, lines) == (0, ["yard: 2 links, 2 units, 1 device, 1 signal; nothing is wrong"])
    site = load(tmp_path)
    assert site.recipients["crew"].channels[0].options["token"] == "s3cret"
    assert "s3cret" not in repr(site)
    assert [unit.id for unit in site.units_of("bus")] == ["meter-1"]


def test_a_missing_variable_is_told_before_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOOK_TOKEN", raising=False)
    code, lines = _check(tmp_path, SOUND)
    assert code == 1
    assert "environment variable HOOK_TOKEN is not set" in lines[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("site: [", "not YAML"),
        ("- a\n- b\n", "a site file is a mapping"),
        ("sites: {}\n", "unknown key 'sites'; did you mean 'site'"),
        ("", "'site' is missing"),
        ("links: 12\n", "'links' is a mapping"),
        (SOUND + "links: {}\n", "'links' stands twice; first at"),
        (SOUND.replace("meter-2:", "Meter_2:"), "an id is lower-case letters"),
        (SOUND.replace("device_id: 2, ", ""), "'device_id' is missing"),
        (SOUND.replace("link: bus, profile: eastron_sdm630, device_id: 2", "link: buss, profile: eastron_sdm630, device_id: 2"), "did you mean 'bus'"),
        (SOUND.replace("period: 2s}", "period: {rest: 2s, moving: 1s}}", 1), "has no operating mode 'moving'"),
        (SOUND.replace("https://crew.example/hook", "crew.example"), "is not a URL"),
        (SOUND.replace("latitude: 39.9", "latitude: north"), "a number is expected (found 'north')"),
    ],
)  # fmt: skip
def test_each_kind_of_mistake_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, expected: str
) -> None:
    monkeypatch.setenv("HOOK_TOKEN", "x")
    code, lines = _check(tmp_path, text)
    assert code == 1
    assert any(expected in line for line in lines), lines
    assert all(re.match(r".+:\d+:\d+: ", line) for line in lines), lines


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("latitude: 39.9", "latitude: true", "not true or false"),
        ("device_id: 2", "device_id: true", "not true or false"),
        ("period: 2s}", "period: 0s}", "at least 10ms and at most 7d"),
        ("period: 2s}", "period: 999999999999999999999999d}", "at most 36500d"),
        ("period: 2s}", "period: {}}", "a period for each operating mode"),
        ("meter-1.active_power_total", "{from: meter-1.active_power_total, scale: 0}", "a scale of 0"),
        ("meter-1.active_power_total", "{from: meter-1.active_power_total, scale: -0.0}", "a scale of 0"),
        ("meter-1.active_power_total", "{from: meter-1.active_power_total, scale: 1e999}", "finite"),
        ("meter-1.active_power_total", "{from: meter-1.active_power_total, scale: nan}", "finite"),
        ("meter-1.active_power_total", "{from: meter-1.active_power_total, tare: 1e999}", "finite"),
        ("host: 192.0.2.1", "host: http://192.0.2.1", "a name or an address alone"),
        ("host: 192.0.2.1", "host: '192.0.2.1:502'", "a name or an address alone"),
        ("host: 192.0.2.1", "host: 'a b'", "a name or an address alone"),
        ("host: 192.0.2.1", "host: ''", "a name or an address alone"),
        ("https://crew.example/hook", "https://", "is not a URL"),
        ("https://crew.example/hook", "https://crew.example:99999/", "is not a URL"),
        ("https://crew.example/hook", "https://crew example/", "is not a URL"),
        ("https://crew.example/hook", "https://crew.example/a\\nb", "is not a URL"),
        ("https://crew.example/hook", "https://li:hunter2@crew.example/", "a user or password in a URL"),
        ("https://crew.example/hook", "ftp://crew.example/", "is not a URL"),
        ("Asia/Shanghai", "Asia/Bejing", "did you mean 'Asia/Shanghai'"),
        ("Asia/Shanghai", "Europe/Londn", "did you mean 'Europe/London'"),
        ("signals: {power: meter-1.active_power_total}", "signals: {}", "at least 1 entry is needed"),
        ("signals: {power: meter-1.active_power_total}", "signals: power", "settings as 'key: value'"),
        ("protocol: modbus-tcp", "protocol: modbus-tpc", "did you mean 'modbus-tcp'"),
        ("protocol: modbus-tcp, ", "", "'protocol' is missing"),
        ("${HOOK_TOKEN}", "hunter2", "write ${NAME} or {file: path}"),
        ("/dev/ttyUSB0", '"/dev/tty\\0"', "U+0000, a control character or half a character"),
        ("en: Yard", 'en: "Ya\\ud800"', "U+D800, a control character or half a character"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_meant_is_refused_once_and_hides_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, expected: str
) -> None:
    monkeypatch.setenv("HOOK_TOKEN", "x")
    assert old in SOUND
    text = SOUND.replace(old, new).replace("longitude: 116.4", "longitude: 216.4")
    code, lines = _check(tmp_path, text)
    assert code == 1
    assert len([line for line in lines if expected in line]) >= 1, lines
    assert any("less than or equal to 180" in line for line in lines), "the other mistake is told too"
    assert "hunter2" not in "\n".join(lines)
    assert not any("Input" in line or "validation" in line or "valid string" in line for line in lines), lines


@pytest.mark.parametrize("token", ["a\nb", "a\x1b[31mb", "a\x00b", "a\u2028b"])
def test_a_secret_with_a_line_break_is_refused_unseen(tmp_path: Path, token: str) -> None:
    (tmp_path / "token").write_text(token, encoding="utf-8")
    code, lines = _check(tmp_path, SOUND.replace('"${HOOK_TOKEN}"', f"{{file: {tmp_path}/token}}"))
    assert code == 1
    assert any("line break or control character" in line for line in lines), lines
    assert token not in "\n".join(lines)


def test_a_line_end_behind_a_secret_does_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_TOKEN", "s3cret\n")
    assert _check(tmp_path, SOUND)[0] == 0
    assert load(tmp_path).recipients["crew"].channels[0].options["token"] == "s3cret"


@pytest.mark.parametrize(
    "words", [["alarms"], ["status"], ["history"], ["ack"], ["ready"], ["rules"], ["plan"]]
)
def test_whoever_only_reads_needs_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.delenv("HOOK_TOKEN", raising=False)
    (tmp_path / "site.yaml").write_text(SOUND, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert load(tmp_path, secrets=False).id == "yard"
    more = {"history": ["gate", "power"], "ack": ["gate", "dark", "--person", "li"]}.get(words[0], [])
    result = CliRunner().invoke(facilityd, [*words, str(tmp_path), *more])
    assert "HOOK_TOKEN" not in result.output, result.output


def test_mistakes_in_tables_and_site_are_told_in_one_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_TOKEN", "x")
    (tmp_path / "profiles").mkdir()
    (tmp_path / "families").mkdir()
    (tmp_path / "profiles/own_meter.yaml").write_text(
        "profile: own_meter\nprotocoll: modbus\n", encoding="utf-8"
    )
    (tmp_path / "families/mast.yaml").write_text("family: mast\n", encoding="utf-8")
    text = SOUND.replace("device_id: 2", "device_id: 999").replace("family: lighting", "family: mast")
    code, lines = _check(tmp_path, text.replace("profile: eastron_sdm630", "profile: own_meter", 1))
    assert code == 1
    for expected in ("own_meter.yaml:", "mast.yaml:", "site.yaml:7:"):
        assert any(expected in line for line in lines), lines
    assert not any("is not known" in line for line in lines), "a broken table is told as broken, once"


def test_a_broken_profile_is_told_once_where_a_family_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_TOKEN", "x")
    for folder in ("profiles", "families"):
        (tmp_path / folder).mkdir()
    (tmp_path / "profiles/meter.yaml").write_text("profile: meter\nprotocoll: modbus\n", encoding="utf-8")
    family = (Path("devices/families") / "weather.yaml").read_text(encoding="utf-8")
    own = family.replace("family: weather", "family: meter", 1)
    (tmp_path / "families/meter.yaml").write_text(own, encoding="utf-8")
    code, lines = _check(tmp_path, SOUND.replace("profile: eastron_sdm630", "profile: meter"))
    assert code == 1
    assert any("meter.yaml:" in line for line in lines), lines
    assert not any("is not known" in line for line in lines), lines


def test_a_family_that_replaces_a_shipped_one_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_TOKEN", "x")
    (tmp_path / "families").mkdir()
    shutil.copy(SHELF / "families/lighting.yaml", tmp_path / "families")
    (tmp_path / "site.yaml").write_text(SOUND, encoding="utf-8")
    result = CliRunner().invoke(facilityd, ["check", str(tmp_path)])
    assert result.exit_code == 0
    assert (
        f"{tmp_path}/families/lighting.yaml:1:1: warning: this family replaces the shipped one"
        in result.stderr
    )


def test_json_gives_the_same_places(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(WRONG, encoding="utf-8")
    result = CliRunner().invoke(facilityd, ["check", str(tmp_path), "--json"])
    assert '"line": 21' in result.stdout
    assert '"hint": "did you mean \'lighting\'?"' in result.stdout


def test_binary_rubbish_is_told(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_bytes(b"\xff\xfe\x00site")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(tmp_path)


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    shutil.rmtree(tmp_path)
    tmp_path.mkdir()
    with pytest.raises(ConfigError, match=r"no \*\.yaml file here"):
        load(tmp_path)
