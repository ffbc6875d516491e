"""facilityd hardware: a technician finds a model by what is printed on it or what it measures, in either language."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from devices.tables import SHELF, families, profiles
from facilityd.cli import hardware
from facilityd.cli.hardware_table import hardware_words, measured, sorts_of
from facilityd.cli.main import facilityd
from facilityd.cli.output import table
from facilityd.errors import ConfigError, UsageError

NAMES = sorted(path.stem for path in (SHELF / "profiles").glob("*.yaml"))


def _called(*words: str) -> Result:
    return CliRunner().invoke(facilityd, ["hardware", *words])


def _found(*words: str) -> list[str]:
    done = _called(*words, "--json")
    assert done.exit_code == 0, done.output
    return [one["profile"] for one in json.loads(done.output)]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], NAMES),
        (["Chint"], ["chint_dtsu666"]),
        (["正泰"], ["chint_dtsu666"]),
        (["dtsu"], ["chint_dtsu666"]),
        (["风速"], ["campbell_metsens200", "dfrobot_sen0483", "lufft_ws_umb", "renke_rs_fsjt"]),
        (["wind", "speed", "4800"], ["renke_rs_fsjt"]),
        (["电表", "施耐德"], ["schneider_iem3155"]),
        (["METER", "siemens"], ["siemens_pac2200"]),
        (["变频器", "hoist", "台达"], ["delta_ms300"]),
        (["weather", "mqtt"], ["esphome_sensor", "zigbee2mqtt_sensor"]),
        (["DALI"], ["intesis_inmbsdal"]),
        (["submarine"], []),
    ],
)
def test_it_is_found_by_words_in_either_language(words: list[str], expected: list[str]) -> None:
    assert _found(*words) == expected


def test_nothing_found_says_what_to_do() -> None:
    assert "No model fits 'submarine'" in _called("submarine", "--lang", "en").output
    assert "没有符合" in _called("submarine", "--lang", "zh").output


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", NAMES)
def test_each_model_shows_what_has_to_be_known_to_wire_it(name: str, language: str) -> None:
    profile, done = profiles()[name], _called("show", name, "--lang", language)
    assert done.exit_code == 0, done.output
    flat = " ".join(done.output.split())
    for said in (profile.maker, profile.model, profile.manual, getattr(profile, "serial", "")):
        assert said in flat
    for point in profile.points:
        assert point.split("{n}")[0] in flat
    assert ("没有型号代码" if language == "zh" else "no model code") in flat or not getattr(
        profile, "nameless", False
    )


def test_json_of_a_model_has_its_map_and_its_identity() -> None:
    told = json.loads(_called("show", "moxa_iologik_e1212", "--json").output)
    assert told["identity"]
    assert told["points"] == len(profiles()["moxa_iologik_e1212"].expanded)
    assert {"point": "di_0…7", "where": "0", "doc": told["map"][0]["doc"]}.items() <= told["map"][0].items()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["show"], "show goes with a MODEL; facilityd hardware lists them"),
        (["show", "renke"], "'renke' fits several models; renke_rs_fsjt, renke_rs_fxjt"),
        (["show", "eastron_sdm60"], "no profile 'eastron_sdm60'; did you mean 'eastron_sdm630'"),
    ],
)
def test_a_wrong_name_is_told(words: list[str], told: str) -> None:
    done = _called(*words)
    assert isinstance(done.exception, UsageError)
    assert told in str(done.exception)


def test_a_part_of_a_name_that_fits_one_model_is_enough() -> None:
    assert json.loads(_called("show", "sdm630", "--json").output)["profile"] == "eastron_sdm630"


def test_models_beside_a_site_are_listed_and_broken_ones_told_with_their_place(tmp_path: Path) -> None:
    (tmp_path / "profiles").mkdir()
    own = yaml.safe_load((SHELF / "profiles" / "renke_rs_fsjt.yaml").read_text("utf-8"))
    own |= {"profile": "our_cups", "maker": "Ours", "families": ["weather"]}
    (tmp_path / "profiles" / "our_cups.yaml").write_text(yaml.safe_dump(own), "utf-8")
    assert _found("ours", "--site", str(tmp_path)) == ["our_cups"]
    assert _found("our_cups") == []
    (tmp_path / "profiles" / "our_cups.yaml").write_text("profile: our_cups\nprotocol: modbus\n", "utf-8")
    done = _called("ours", "--site", str(tmp_path))
    assert isinstance(done.exception, ConfigError)
    assert "our_cups.yaml:1" in str(done.exception)


def test_every_shipped_model_serves_a_family_measures_something_and_is_something() -> None:
    shipped, kinds = profiles(), families()
    for name in NAMES:
        assert shipped[name].families, name
        assert set(shipped[name].families) <= kinds.keys(), name
        assert list(measured(shipped[name].points)), name
        assert sorts_of(name, "zh"), name
    assert {name for one in hardware_words().sort for name in one.profiles} <= set(NAMES)
    assert hardware_words().maker.keys() <= {shipped[name].maker for name in NAMES}
    units = {point.unit for name in NAMES for point in shipped[name].points.values()}
    for one in hardware_words().quantity:
        assert any(one.id in measured(shipped[name].points) for name in NAMES), f"nothing measures {one.id}"
        assert set(one.units) <= units | {"kPa", "MPa"}, one.id


@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_narrow_window_keeps_the_names(width: int) -> None:
    rows = [(name, "Maker of things", "Model 630 three-phase", "meter", "Modbus", "voltage, current, power, energy",
             "lighting", "9600 8N1", "A") for name in NAMES]  # fmt: skip
    lines = table("", hardware.MODELS, rows, language="en").laid_out(width)
    assert max(line.cell_len for line in lines) <= width
    assert sum(line.plain.startswith(tuple(NAMES)) for line in lines) == len(NAMES)
