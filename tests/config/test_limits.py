"""A limit that no value of its signal can meet is an alarm that never comes: ``check`` says so."""

import pytest
from support.site_mistakes import FILES, check_output, write_site

pytestmark = pytest.mark.usefixtures("yard_environment")
FAMILY = """\
family: pump
name: {zh: 泵, en: Pump}
signals:
  flow: {unit: m³/h, range: [0, 100], name: {zh: 流量, en: Flow}}
  speed: {unit: rpm, range: [-100, 100], name: {zh: 转速, en: Speed}}
  on: {type: bool, name: {zh: 开, en: On}}
  code: {type: enum, values: {0: {zh: 停, en: Off}, 1: {zh: 开, en: On}}, name: {zh: 码, en: Code}}
states:
  busy: {name: {zh: 忙, en: Busy}, when: [{signal: flow, above: 5}]}
rules:
  low:
    detect: {kind: limit, signal: flow, below: 3, on_delay: 10s, hysteresis: 1, during: [busy]}
    name: {zh: 低, en: Low}
    cause: {zh: 因, en: Cause}
    consequence: {zh: 果, en: Consequence}
    action: [{zh: 做, en: Do}]
    confirm: {zh: 看, en: Look}
    respond: 1h
    at_stake: asset
readiness:
  full: {name: {zh: 满, en: Full}, any_of: [[{signal: flow, below: 90}]], first: {zh: 看, en: Look}}
"""
LIMIT, STATE, RULE = "signal: flow, below: 3, on_delay: 10s, hysteresis: 1", "signal: flow, above: 5", 12
CASES = (
    ("signal: flow, below: 3", "signal: flow, below: nan", "finite number", RULE),
    ("signal: flow, below: 3", "signal: flow, below: 1e999", "finite number", RULE),
    ("signal: flow, below: 3", "signal: flow, below: true", "not true or false", RULE),
    ("signal: flow, below: 3", "signal: flow, below: 0", "never below 0", RULE),
    ("signal: flow, below: 3", "signal: flow, above: 100", "never above 100", RULE),
    ("signal: flow, below: 3", "signal: flow, is: true", "a number is never 'true'", RULE),
    ("signal: flow, below: 3", "signal: flow, is: 500", "it is 0 to 100, never 500", RULE),
    ("signal: flow, below: 3", "signal: on, below: 3", "a switch has no limit", RULE),
    ("signal: flow, below: 3", "signal: on, is: 1", "a switch is true or false, never 1", RULE),
    ("signal: flow, below: 3", "signal: code, is: 9", "none of its codes (0, 1)", RULE),
    ("signal: flow, below: 3", "signal: code, is: off", "a number is never 'off'", RULE),
    ("hysteresis: 1", "hysteresis: 1e9", "never over", RULE),
    ("hysteresis: 1", "hysteresis: inf", "finite number", RULE),
    ("on_delay: 10s", "on_delay: 36500d", "at most 366d", RULE),
    ("respond: 1h", "respond: 0s", "at least 1s", 18),
    (LIMIT, "signal: speed, below: -100", "never below -100", RULE),
    (STATE, "signal: flow, above: 500", "never above 500", 9),
    (STATE, "signal: speed, above: 100, magnitude: true", "never above 100", 9),
    (STATE, "signal: speed, below: 0, magnitude: true", "never below 0", 9),
    (STATE, "signal: on, is: 1", "a switch is true or false", 9),
    ("below: 90", "below: -1", "never below -1", 21),
    ("range: [0, 100]", "range: [nan, 100]", "finite number", 4),
    ("range: [0, 100]", "range: [true, 100]", "not true or false", 4),
    ("  busy: {", "  rest: {name: {zh: 歇, en: R}, when: [{signal: on, is: true}]}\n  busy: {", "of every family", 9),
    ("  busy: {", "  ceremony: {name: {zh: 礼, en: C}, when: [{signal: on, is: true}]}\n  busy: {", "of every family", 9),
)  # fmt: skip


def _told(folder, changed):
    write_site(folder, {})
    (folder / "families").mkdir()
    (folder / "families/pump.yaml").write_text(changed, encoding="utf-8")
    return check_output(folder)


def test_the_family_is_sound(tmp_path):
    assert _told(tmp_path, FAMILY)[0] == 0


def test_an_urgent_alarm_does_not_wait_longer_than_people_have(tmp_path):
    late = FAMILY.replace("on_delay: 10s", "on_delay: 2h")
    assert _told(tmp_path / "not-urgent", late)[0] == 0
    code, lines = _told(tmp_path / "urgent", late.replace("at_stake: asset", "at_stake: safety"))
    assert code == 1
    assert "on_delay 2h is longer than the 1h within which a person must act" in lines[0]


@pytest.mark.parametrize(("old", "new", "said", "line"), CASES)
def test_it_is_said_where_it_stands(tmp_path, old, new, said, line):
    assert old in FAMILY
    code, lines = _told(tmp_path, FAMILY.replace(old, new, 1))
    assert code == 1
    assert lines[-1] == "1 problem", lines
    assert lines[0].startswith(f"families/pump.yaml:{line}:"), lines
    assert said in lines[0]


GATE = "signals: {power: meter.power, commanded: meter.on}}"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("leakage: {above: nan}", "finite"),
        ("leakage: {above: 1e999}", "finite"),
        ("leakage: {above: true}", "not true or false"),
        ("leakage: {above: 1e12}", "never above 1e+12"),
        ("dark: {within: 36500d}", "at most 366d"),
    ],
)
def test_a_machines_own_limit_that_nothing_meets_is_refused(tmp_path, settings, said):
    assert GATE in FILES["site.yaml"]
    write_site(
        tmp_path, {"site.yaml": FILES["site.yaml"].replace(GATE, f"{GATE[:-1]}, rules: {{{settings}}}}}")}
    )
    code, lines = check_output(tmp_path)
    assert code == 1
    assert lines[0].startswith("site.yaml:11:"), lines
    assert said in lines[0]


def test_a_limit_may_be_turned_round(tmp_path):
    settings = "leakage: {above: null, below: 5, hysteresis: 1}"
    write_site(
        tmp_path, {"site.yaml": FILES["site.yaml"].replace(GATE, f"{GATE[:-1]}, rules: {{{settings}}}}}")}
    )
    assert check_output(tmp_path)[0] == 0
