"""A family beside a site that extends a shipped one: a signal and a rule more, watched and played like ours."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from devices.tables import families, own_tables
from facilityd.cli.main import facilityd
from facilityd.config.load import load
from facilityd.errors import ConfigError

MORE = """\
family: fountain
extends: true
signals:
  lid_open: {type: bool, name: {zh: 井盖打开, en: Chamber lid open}}
  chlorine: {unit: mg/l, range: [0, 10], decimals: 2, name: {zh: 余氯, en: Free chlorine}}
rules:
  chlorine-high:
    detect: {kind: limit, signal: chlorine, above: 3, hysteresis: 0.2, on_delay: 1min}
    name: {zh: 余氯过高, en: Too much chlorine}
    cause: {zh: 加药泵未停, en: The dosing pump does not stop}
    consequence: {zh: 刺激眼睛, en: Eyes burn}
    action: [{zh: 停加药泵, en: Stop the dosing pump}]
    confirm: {zh: 测试纸, en: A test strip}
    respond: 30min
    at_stake: asset
simulate:
  chlorine: {rest: 1, noise: 0.02, faults: {overdose: {name: {zh: 加药过量, en: Overdose}, add: 4, ramp: 1min}}}
  lid_open: {}
"""
STORY = """\
scenario: overdose
name: {zh: 加药过量, en: Overdose}
site: SITE
only: [fountain-1]
start: 2026-06-10T10:00
duration: 40min
timeline:
  - {at: 5min, on: fountain-1, fault: overdose, for: 10min}
  - {at: 25min, on: fountain-1, fault: F2}
expect:
  - alarm chlorine-high on fountain-1 within 4min after 5min
  - alarm chlorine-high on fountain-1 clears within 10min after 15min
  - alarm no-voltage on fountain-1 within 10min after 25min
"""


@pytest.fixture
def square(tmp_path: Path) -> Path:
    folder = tmp_path / "square"
    shutil.copytree("config/square", folder)
    (folder / "families").mkdir()
    (folder / "families" / "fountain.yaml").write_text(MORE, encoding="utf-8")
    fountain = folder / "fountain.yaml"
    bound = "      chlorine: {from: fountain-collector.value_14, scale: 1}\n      lid_open: fountain-collector.flag_5\n"
    text = fountain.read_text("utf-8")
    before = "      wind: weather-station.wind_mean\n"
    fountain.write_text(text.replace(before, bound + before, 1), encoding="utf-8")
    return folder


def test_shipped_signals_and_rules_stay_and_the_own_are_beside_them(square: Path) -> None:
    shipped, site = families()["fountain"], load(square, secrets=False)
    own = site.families["fountain"]
    assert own.signals == {**shipped.signals, **{one: own.signals[one] for one in ("lid_open", "chlorine")}}
    assert own.rules.keys() == shipped.rules.keys() | {"chlorine-high"}
    assert (own.name, own.states, own.readiness) == (shipped.name, shipped.states, shipped.readiness)
    assert site.devices["fountain-1"].family.rules.keys() == own.rules.keys()
    assert not own_tables(square).replaced, "nothing is replaced, and nobody is warned of it"
    shown = CliRunner().invoke(facilityd, ["rules", str(square), "fountain-1", "--json"])
    assert "chlorine-high" in {one["rule"] for one in json.loads(shown.output)}


def test_what_it_declares_is_played_beside_the_machine_of_the_square(square: Path, tmp_path: Path) -> None:
    story = tmp_path / "overdose.yaml"
    story.write_text(STORY.replace("SITE", str(square)), encoding="utf-8")
    done = CliRunner().invoke(facilityd, ["simulate", "run", str(story), "--lang", "en"])
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            MORE.replace("  lid_open: {type", "  level: {type").replace("  lid_open: {}\n", ""),
            "fountain.yaml:4:3: the shipped family has 'level' already; take another name",
        ),
        (
            MORE.replace("  chlorine-high:", "  leakage:"),
            "fountain.yaml:7:3: the shipped family has 'leakage' already",
        ),
        (MORE.replace("signal: chlorine", "signal: clorine"), "names signal 'clorine'"),
        (MORE.replace("extends: true", "extends: maybe"), "fountain.yaml:2:10:"),
    ],
)
def test_what_cannot_be_added_is_told_with_its_line(text: str, told: str, square: Path) -> None:
    (square / "families" / "fountain.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as found:
        load(square, secrets=False)
    assert told in str(found.value)


def test_what_extends_nothing_is_told(square: Path) -> None:
    (square / "families" / "fountain.yaml").rename(square / "families" / "pond.yaml")
    text = (square / "families" / "pond.yaml").read_text("utf-8").replace("family: fountain", "family: pond")
    (square / "families" / "pond.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(
        ConfigError, match=r"pond.yaml:2:10: no family 'pond' is shipped that could be extended"
    ):
        load(square, secrets=False)
