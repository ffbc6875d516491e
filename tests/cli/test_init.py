"""facilityd init: a new site passes check, whatever it was told, and nothing that is there is overwritten."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.typed import CTRL_C, typed

from devices.profile import ModbusProfile
from devices.tables import families, profiles
from facilityd.cli.init_files import feeds, init_words
from facilityd.cli.main import facilityd
from facilityd.config.load import load
from facilityd.errors import UsageError
from facilityd.model.scan_result import ScannedLink, ScannedUnit, ScanResult

ABOUT = ["--name", "北广场", "--name-en", "North square", "--latitude", "39.9", "--longitude", "116.4"]
KNOWN = profiles()
UNBOUND = {"briter_brt", "qdy30a_level"}
"""They give bare numbers, whose unit of measure depends on the installation."""


def _called(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(facilityd, ["init", str(folder), *words])


def _scan(path: Path, *links: ScannedLink) -> list[str]:
    path.write_text(ScanResult(links=links).model_dump_json(), encoding="utf-8")
    return ["--from-scan", str(path)]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", sorted(KNOWN))
def test_every_model_becomes_a_device_of_a_site_that_passes_check(
    name: str, language: str, tmp_path: Path
) -> None:
    where = ["10.0.0.9", "1"] if isinstance(KNOWN[name], ModbusProfile) else ["broker.local", "hall/one"]
    done = _called(
        tmp_path / "new", *ABOUT, "--lang", language, "--unit", name, *where, "--timezone", "Asia/Shanghai"
    )
    assert done.exit_code == 0, done.output
    site = load(tmp_path / "new")
    if name in UNBOUND:
        assert not site.devices
        assert f"{name.replace('_', '-')}-1" in (tmp_path / "new" / "equipment.yaml").read_text("utf-8")
        return
    (unit,), (device,) = site.units.values(), site.devices.values()
    assert unit.profile.profile == name
    assert device.family.family in KNOWN[name].families
    assert unit.bindings, "something of it is read"
    assert (site.name.zh, site.name.en, site.language) == ("北广场", "North square", language)
    assert CliRunner().invoke(facilityd, ["check", str(tmp_path / "new")]).exit_code == 0
    said = "站点：是什么、在哪里" if language == "zh" else "The site: what it is and where"
    assert f"# {said}" in (tmp_path / "new" / "site.yaml").read_text("utf-8")


def test_a_scan_becomes_a_site_and_what_is_not_sure_a_comment(tmp_path: Path) -> None:
    gateway = ScannedLink(protocol="modbus-rtu-over-tcp", host="10.0.0.9", port=4196, units=(
        ScannedUnit(device_id=1, fits=("eastron_sdm630",), certain=True),
        ScannedUnit(device_id=5, fits=("renke_rs_fsjt", "dfrobot_sen0483")),
        ScannedUnit(device_id=6, fits=("briter_brt",)),
        ScannedUnit(device_id=7),
        ScannedUnit(device_id=8, garbled=True),
        ScannedUnit(device_id=10, fits=("acrel_adw300",), likely=True),
    ))  # fmt: skip
    slow = ScannedLink(protocol="modbus-rtu", serial_port="/dev/ttyUSB0", baudrate=4800, units=(
        ScannedUnit(device_id=9, fits=("chint_dtsu666",), certain=True),
    ))  # fmt: skip
    usual = slow.model_copy(update={"baudrate": 9600, "units": (
        ScannedUnit(device_id=1, fits=("delta_ms300",), certain=True),
        ScannedUnit(device_id=2, fits=("delta_ms300",), certain=True),
    )})  # fmt: skip
    silent = slow.model_copy(update={"baudrate": 19200, "units": ()})
    done = _called(
        tmp_path / "new", *ABOUT, *_scan(tmp_path / "scan.json", gateway, slow, usual, silent), "--json"
    )
    assert done.exit_code == 0, done.output
    site, told = load(tmp_path / "new"), json.loads(done.output)
    assert {unit.id: (site.links[unit.link].where, unit.device_id) for unit in site.units.values()} == {
        "eastron-sdm630-1": ("10.0.0.9:4196", 1),
        "acrel-adw300-1": ("10.0.0.9:4196", 10),
        "delta-ms300-1": ("/dev/ttyUSB0", 1),
        "delta-ms300-2": ("/dev/ttyUSB0", 2),
    }
    assert [link.baudrate for link in site.links.values() if getattr(link, "serial_port", "")] == [9600]
    assert told["units"] == list(site.units)
    assert told["left"] == 4, "two without a model code, an unknown one, one at another speed"
    text = (tmp_path / "new" / "equipment.yaml").read_text("utf-8")
    for said in (
        "  # renke-rs-fsjt: {link: bus-1, profile: renke_rs_fsjt, device_id: 5, period: 30s}",
        "  # briter-brt: {link: bus-1, profile: briter_brt, device_id: 6, period: 30s}",
        "facilityd init FOLDER --unit MODEL 10.0.0.9:4196 5",
        "Its values fit acrel_adw300, which has no model code: look at the nameplate.",
        "Device id 7 on bus-1 answers, but like no model that is known",
        "Device id 9 answered at 4800 8N1, and bus-2 has other settings",
    ):
        assert said in text
    unsure = text.replace("  # renke-rs-fsjt:", "  renke-rs-fsjt:")
    (tmp_path / "new" / "equipment.yaml").write_text(unsure, "utf-8")
    assert "renke-rs-fsjt" in load(tmp_path / "new").units, "taking the # away is all there is to do"


def test_what_a_scan_could_not_name_is_counted_and_added_by_the_nameplate(tmp_path: Path) -> None:
    link = ScannedLink(protocol="modbus-tcp", host="10.0.0.9", units=(
        ScannedUnit(device_id=5, fits=("renke_rs_fsjt", "dfrobot_sen0483")),
    ))  # fmt: skip
    folder = tmp_path / "new"
    done = _called(folder, *ABOUT, *_scan(tmp_path / "scan.json", link), "--lang", "en")
    assert "could not tell the model: 1 unit" in done.output
    assert f"facilityd init {folder} --unit MODEL WHERE ID" in done.output
    (said,) = re.findall(
        r"facilityd init FOLDER (--unit MODEL .*)", (folder / "equipment.yaml").read_text("utf-8")
    )
    assert _called(folder, *said.replace("MODEL", "renke_rs_fsjt").split()).exit_code == 0
    assert [unit.device_id for unit in load(folder).units.values()] == [5]


def test_models_of_ones_own_may_be_there_before_the_site(tmp_path: Path) -> None:
    own = tmp_path / "profiles" / "hall.yaml"
    own.parent.mkdir()
    text = Path("devices/profiles/eastron_sdm630.yaml").read_text("utf-8")
    own.write_text(text.replace("profile: eastron_sdm630", "profile: hall"), "utf-8")
    done = _called(tmp_path, *ABOUT, "--unit", "hall", "10.0.0.9", "1")
    assert done.exit_code == 0, done.output
    assert [unit.profile.profile for unit in load(tmp_path).units.values()] == ["hall"]
    assert own.read_text("utf-8").startswith("profile: hall")


def test_without_units_it_is_a_site_with_an_example(tmp_path: Path) -> None:
    assert _called(tmp_path / "new", *ABOUT).exit_code == 0
    assert not load(tmp_path / "new").units
    assert "#   meter-1: {link: bus-1" in (tmp_path / "new" / "equipment.yaml").read_text("utf-8")


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", "utf-8")
    done = _called(tmp_path, *ABOUT)
    assert isinstance(done.exception, UsageError)
    assert "something is there already; it is not overwritten" in str(done.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert _called(tmp_path / "empty", *ABOUT).exit_code == 0
    assert load(tmp_path / "empty").id == "empty"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "still needed: --name, --latitude, --longitude; or run it in a terminal"),
        ([*ABOUT, "--unit", "eastron_sdm60", "10.0.0.9", "1"], "did you mean 'eastron_sdm630'"),
        ([*ABOUT, "--unit", "eastron_sdm630", "10.0.0.9", "300"], "'300' is not a device id"),
        ([*ABOUT, "--unit", "eastron_sdm630", "10.0.0.9:x", "1"], "'10.0.0.9:x' is no host"),
        ([*ABOUT, "--unit", "eastron_sdm630", "ttyUSB0", "1"], "a serial port is written /dev/ttyUSB0"),
        ([*ABOUT, "--from-scan", "pyproject.toml"], "is no result of a scan"),
        ([*ABOUT, "--timezone", "Asia/Peking"], "'Asia/Peking' is no time zone"),
        ([*ABOUT, "--id", "North Square"], "'North Square' is no id"),
        ([*ABOUT, "--latitude", "139"], "139"),
        (
            [*ABOUT, "--latitude", "nan"],
            "these answers make no site: should be a finite number (found 'nan')",
        ),
        ([*ABOUT, "--name", "a\nb"], "these answers make no site: a name is one line"),
    ],
)
def test_a_wrong_answer_is_told_and_nothing_written(words: list[str], told: str, tmp_path: Path) -> None:
    done = _called(tmp_path / "new", *words, "--lang", "en")
    assert done.exit_code in (1, 2)
    assert told in done.output + str(done.exception)
    assert not list(tmp_path.iterdir())


def test_two_units_of_a_serial_port_share_its_settings(tmp_path: Path) -> None:
    units = ["--unit", "renke_rs_fsjt", "/dev/ttyUSB0", "1", "--unit", "eastron_sdm630", "/dev/ttyUSB0", "2"]
    assert _called(tmp_path / "new", *ABOUT, *units).exit_code == 0
    (link,) = load(tmp_path / "new").links.values()
    assert getattr(link, "baudrate", 0) == 4800, "the factory setting of the first"


def test_in_a_terminal_it_asks(tmp_path: Path) -> None:
    answers = [
        ("id of the site", ""), ("name of the site", "North"), ("latitude", "ninety"), ("latitude", "39.9"), ("longitude", "116.4"),
        ("time zone", "Asia/Shanghai"), ("model (maker", "sdm"), ("host[:port]", "10.0.0.9"), ("device id", "7"),
        ("model (maker", "renke"), ("which", "nobody"), ("which", "renke_rs_fxjt"),
        ("host[:port]", "/dev/ttyUSB0"), ("device id", "900"), ("host[:port]", ""), ("device id", "9"),
        ("model (maker", "chint"), ("host[:port]", "ttyUSB1"), ("device id", "4"), ("host[:port]", ""), ("device id", ""),
        ("model (maker", "submarine"), ("model (maker", ""),
    ]  # fmt: skip
    shown, status = typed(["init", str(tmp_path / "new"), "--lang", "en"], answers)
    assert status == 0, shown
    assert "'900' is not a device id" in shown
    assert "no model fits" in shown
    site = load(tmp_path / "new")
    assert site.id == "new"
    assert "a serial port is written /dev/ttyUSB1" in shown
    assert [(unit.id, unit.device_id, site.links[unit.link].where) for unit in site.units.values()] == [
        ("eastron-sdm630-1", 7, "10.0.0.9:502"),
        ("renke-rs-fxjt-1", 9, "/dev/ttyUSB0"),
    ], "what was asked for again is there, what was left out is not"


def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    shown, status = typed(
        ["init", str(tmp_path / "new"), "--lang", "en"], [("id of the site", ""), ("name of", CTRL_C)]
    )
    assert status == 130, shown
    assert not list(tmp_path.iterdir())


def test_every_other_name_of_a_point_is_one_that_is_used() -> None:
    points = {point for profile in KNOWN.values() for point in profile.expanded}
    used = {
        (fed, point)
        for profile in KNOWN.values()
        for family in profile.families
        for fed, point in feeds(families()[family], profile).items()
    }
    for fed, names in init_words().aliases.items():
        for name in names:
            assert name in points, name
        assert any((fed, name) in used for name in names), fed
