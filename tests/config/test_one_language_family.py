"""A family beside a site may be in one language: it works, in both, and check says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from support.water_meter import write_water_site

from devices.one_language import in_both, languages_of
from devices.tables import own_tables
from facilityd.cli.main import facilityd

WATER = """\
family: water
name: {en: Water meter}
signals:
  volume: {unit: m³, decimals: 1, name: {en: Volume}}
  flow: {unit: m³/h, range: [0, 60], decimals: 1, name: {en: Flow}}
rules:
  burst:
    detect: {kind: limit, signal: flow, above: 20, hysteresis: 2, on_delay: 2min}
    name: {en: Make-up flow too high}
    short: {en: flow too high}
    cause: {en: A burst pipe or an open valve}
    consequence: {en: "Water is lost, the basin overflows"}
    action:
      - {en: Close the make-up valve}
    confirm: {en: Look at the meter}
    respond: 30min
    at_stake: asset
  creeping:
    detect: {kind: limit, signal: flow, above: 0.5, hysteresis: 0.2, on_delay: 6h}
    name: {en: Water runs all the time}
    cause: {en: A small leak}
    consequence: {en: The bill}
    action:
      - {en: Shut valve by valve and look at the meter}
    confirm: {en: The meter turns with all valves shut}
    respond: 1d
    at_stake: asset
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    write_water_site(tmp_path, WATER, "1min")
    return tmp_path


def _said(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(facilityd, list(words))
    return done.exit_code, done.output


def test_check_takes_it_and_says_that_it_has_one_language(site: Path) -> None:
    code, said = _said("check", str(site), "--lang", "en")
    assert code == 0, said
    assert f"{site}/families/water.yaml:1:1: warning: is in English only" in said.replace("\n  ", " ")


def test_the_other_language_is_told_the_same_words(site: Path) -> None:
    tables = own_tables(site)
    rule = tables.families["water"].rules["burst"]
    assert (rule.name.zh, rule.name.en) == ("Make-up flow too high",) * 2
    assert tables.monolingual == {site / "families/water.yaml": "en"}


def test_its_rules_have_their_page_like_ours(site: Path) -> None:
    code, said = _said("rules", str(site), "make-up", "--lang", "zh")
    assert code == 0, said
    assert "Make-up flow too high" in said
    assert "Water runs all the time" in said


def test_in_both_languages_nothing_is_said(site: Path) -> None:
    path = site / "families/water.yaml"
    text = path.read_text(encoding="utf-8").replace("name: {en: Flow}", "name: {zh: 流量, en: Flow}")
    path.write_text(text, encoding="utf-8")
    assert own_tables(site).monolingual == {}, "somebody writes both, and missed some"
    assert "English only" not in _said("check", str(site), "--lang", "en")[1]


@pytest.mark.parametrize("text", ["{fr: Compteur}", "{en: ''}", "{}", "{en: 7}"])
def test_what_is_no_text_in_either_stays_a_mistake(site: Path, text: str) -> None:
    path = site / "families/water.yaml"
    path.write_text(WATER.replace("{en: Volume}", text), encoding="utf-8")
    tables = own_tables(site)
    assert "water" not in tables.families
    assert tables.problems[0].location.line == 4


def test_only_texts_are_filled_in() -> None:
    told = {
        "name": {"zh": "表"},
        "words": {"en": {"zh": "英"}},
        "short": {"en": "x"},
        "list": [{"en": "a"}, 3],
    }
    assert in_both(told) == {
        "name": {"zh": "表", "en": "表"},
        "words": {"en": {"zh": "英", "en": "英"}},
        "short": {"en": "x"},
        "list": [{"zh": "a", "en": "a"}, 3],
    }
    assert languages_of({"a": {"zh": "x"}, "b": [{"en": "y"}]}) == {"zh", "en"}
