"""What `check` says of the mistakes that newcomers make: where, in plain words, and what was meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from facilityd.cli.main import facilityd
from facilityd.model.measure import duration
from facilityd.model.sample import NS
from facilityd.yaml_source import suggestion

SITE = """\
site: {id: yard, name: {zh: 院子, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
links:
  net: {protocol: modbus-tcp, host: 192.0.2.1}
units:
  meter: {link: net, profile: eastron_sdm630, device_id: 1, period: 2s}
devices:
  cabinet: {family: cabinet, name: {zh: 配电柜, en: Cabinet}, signals: {load: meter.active_power_total}}
"""
FAMILY = """\
family: cabinet
name: {zh: 配电柜, en: Cabinet}
signals:
  load: {unit: kW, range: [0, 100], name: {zh: 负荷, en: Load}}
rules:
  overload:
    detect: {kind: limit, signal: load, above: 60, on_delay: 10s}
    name: {zh: 过载, en: Overload}
    cause: {zh: 负荷过大, en: Too much load}
    consequence: {zh: 跳闸, en: It trips}
    action: [{zh: 减负荷, en: Take load off}]
    confirm: {zh: 看表, en: Read the meter}
    respond: 1h
    at_stake: asset
"""


def _check(folder: Path, site: str = SITE, family: str = FAMILY) -> list[str]:
    (folder / "families").mkdir()
    (folder / "families" / "cabinet.yaml").write_text(family, encoding="utf-8")
    (folder / "site.yaml").write_text(site, encoding="utf-8")
    done = CliRunner().invoke(facilityd, ["check", str(folder)], catch_exceptions=False)
    return done.output.splitlines()


def test_the_site_and_family_that_the_mistakes_are_made_in_are_sound(tmp_path: Path) -> None:
    assert not [line for line in _check(tmp_path) if "yaml:" in line and "warning" not in line.lower()]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("signal: load", "signal: laod", "cabinet.yaml:7:35: rule overload names signal 'laod'"),
        ("signal: load", "signal: laod", "did you mean 'load'?"),
        ("on_delay: 10s", "for: 10s", "unknown key 'for'; did you mean 'on_delay'?"),
        ("on_delay: 10s", "clear_after: 10s", "did you mean 'off_delay'?"),
        ("unit: kW", "unit: KW", "did you mean 'kW' in the family?"),
        ("unit: kW, ", "", "signal load has no unit of measure"),
        ("name: {zh: 过载, en: Overload}", "name: Overload", "{zh: …, en: …} (found 'Overload')"),
    ],
)
def test_a_mistake_in_a_family(tmp_path: Path, before: str, after: str, expected: str) -> None:
    lines = _check(tmp_path, family=FAMILY.replace(before, after))
    assert any(expected in line for line in lines), lines


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("en: Cabinet}, signals", "en: Cabinet}, sygnals", "did you mean 'signals'?"),
        ("name: {zh: 配电柜, en: Cabinet}", "name: Cabinet", "{zh: …, en: …} (found 'Cabinet')"),
        ("device_id: 1", "device_id: one", "a whole number is expected (found 'one')"),
        ("latitude: 39.9, longitude: 116.4", "latitude: 116.4, longitude: 39.9", "latitude and longitude exchanged"),
        ("meter.active_power_total", "meter.active_power", "did you mean 'active_power_total'?"),
        ("device_id: 1", "device_id: 1, topic: a/b", "a unit on a Modbus link has no 'topic'"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_site(tmp_path: Path, before: str, after: str, expected: str) -> None:
    lines = _check(tmp_path, site=SITE.replace(before, after))
    assert any(expected in line for line in lines), lines


def test_a_word_that_resembles_nothing_is_answered_with_what_is_allowed(tmp_path: Path) -> None:
    lines = _check(tmp_path, family=FAMILY.replace("at_stake: asset", "at_stake: money"))
    (line,) = [line for line in lines if "'money'" in line]
    assert "allowed: " in line
    assert "did you mean" not in line


def test_minutes_may_be_written_as_m() -> None:
    assert duration("10m") == duration("10min") == 600 * NS
    assert duration("10ms") == NS // 100


@pytest.mark.parametrize(
    ("word", "known", "said"),
    [
        ("voltage", "voltage_l1 voltage_l2 voltage_l3 voltage_thd_l1 voltage_thd_l2", "'voltage_l1' or 'voltage_thd_l1'"),
        ("power", "active_power_l1 active_power_l2 active_power_total power_factor_l1", "'active_power_total' or 'power_factor_l1'"),
        ("gate", "gate-1 gate-2 gate-10 gate-11", "'gate-1'"),
        ("energy", "energy_export energy_import energy_total", "'energy_export', 'energy_import' or 'energy_total'"),
    ],
)  # fmt: skip
def test_of_names_that_differ_in_a_phase_or_a_number_one_is_said(word: str, known: str, said: str) -> None:
    assert suggestion(word, known.split()) == f"did you mean {said}?"


def test_a_topic_that_ends_with_what_the_profile_adds_itself_is_a_warning(tmp_path: Path) -> None:
    site = SITE.replace("  net:", "  broker: {protocol: mqtt, host: 192.0.2.7}\n  net:").replace(
        "  meter:",
        '  lantern: {link: broker, profile: shelly_gen2, period: 1min, topic: "lanterns/one/status/switch:0"}\n  meter:',
    )
    lines = _check(tmp_path, site=site)
    assert any("adds /status/switch:0 itself" in line and "write lanterns/one" in line for line in lines), (
        lines
    )
