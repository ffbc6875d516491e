"""A sensor that lies: out of its thing's reach, jumping, trembling, standing still; and what a family's line makes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rule_harness import MARK, Kind, bad, rule, sample, stream

from devices.sensors import with_sensor_rules
from devices.tables import families
from facilityd.detect.compile import compile_device
from facilityd.detect.sensor import SensorDetector
from facilityd.model.histories import Sensor
from facilityd.model.sample import NS
from facilityd.notify.evidence_text import EvidenceFormatter
from facilityd.notify.texts import texts

PUMP = stream("flow", "speed", unit="pump", period=10.0)
UNITS = {"flow": "m³/h", "speed": "rpm"}


class FlowMeter:
    """A flow read every ten seconds, and the speed beside it."""

    def __init__(self, **more: Any) -> None:
        detect = {"kind": "sensor", "signal": "flow", "off_delay": "20s"} | more
        self.rules = compile_device(Kind({"it": rule(detect)}, {}, UNITS), [PUMP], None)
        self.detector, self.at = self.rules.instances[0].detector, 0
        assert isinstance(self.detector, SensorDetector)

    def read(self, flow: float | None, speed: float = 2000.0) -> str:
        second, binding = 10 * self.at, self.rules.bindings[PUMP]
        one = bad(PUMP, second) if flow is None else sample(PUMP, second, flow, speed)
        binding.device_state.put(binding.signal_states, one)
        self.at += 1
        return MARK[self.detector.update(second * NS)]

    def all(self, *flows: float | None) -> str:
        return "".join(self.read(flow) for flow in flows)

    @property
    def sign(self) -> str:
        return self.detector.evidence((self.at - 1) * 10 * NS).slug


def test_what_no_pump_can_give_is_told_at_once_and_ends_after_a_while() -> None:
    probe = FlowMeter(low=-1, high=100)
    assert probe.all(30, 31, 350) == "..#"
    assert probe.sign == "sensor-outside"
    assert probe.all(30, 30, 30) == "##."
    assert FlowMeter(low=-1).all(-2) == "#"


def test_a_jump_stands_until_one_leads_back() -> None:
    probe = FlowMeter(jump=5, faster=0.1, over="30s")
    assert probe.all(30, 34, 38, 50, 51, 51) == "...###"
    assert probe.sign == "sensor-jumped"
    assert probe.all(50, 50, 38, 38, 38) == "#####"[:3] + "#.", "back where it came from"
    assert FlowMeter(jump=5, faster=1).all(30, 39, 48) == "...", "so fast it may move"


def test_a_service_ends_a_jump() -> None:
    probe = FlowMeter(jump=5)
    assert probe.all(30, 50) == ".#"
    probe.detector.serviced()
    assert probe.all(50, 50, 50) == "##."


def test_a_reading_that_is_noisier_than_its_thing() -> None:
    probe = FlowMeter(noise=3, points=5)
    assert probe.all(30, 31, 30, 31, 30, 31) == "......"
    assert probe.all(40, 20, 40, 20, 40)[-1] == "#"
    assert probe.sign == "sensor-noisy"


def test_a_reading_that_stands_while_what_drives_it_moves() -> None:
    probe = FlowMeter(follows="speed", by=150)
    verdicts = "".join(probe.read(30, speed) for speed in (2000, 2050, 2100, 2200))
    assert verdicts == "...#"
    assert probe.sign == "sensor-still"
    steady = FlowMeter(follows="speed", by=150)
    assert "".join(steady.read(30, 2000) for _ in range(9)) == "." * 9, "nothing drives it"
    off = FlowMeter(follows="speed", by=150)
    assert "".join(off.read(0, speed) for speed in (2000, 2100, 2200, 2300, 2400)) == ".....", "off is off"


def test_a_reading_whose_noise_is_gone() -> None:
    probe = FlowMeter(still="60s")
    assert probe.all(30, 30, 30, 30, 30, 30, 30) == "......#"
    assert FlowMeter(still="60s").all(30, 30, 30, 30.1, 30, 30, 30) == "......."
    few = FlowMeter(still="10s")
    assert few.all(30, 30, 30) == "...", "three readings are no evidence of anything"


def test_what_nobody_read_is_no_standing_still() -> None:
    probe = FlowMeter(still="60s")
    assert probe.all(30, 30, 30) == "..."
    probe.at += 60
    assert probe.all(30, 30, 30) == "...", "the same value after ten minutes without one"
    assert probe.all(30, 30, 30, 30)[-1] == "#"
    driven = FlowMeter(follows="speed", by=150)
    assert "".join(driven.read(30, speed) for speed in (2000, 2000)) == ".."
    driven.at += 60
    assert "".join(driven.read(30, speed) for speed in (2400, 2400, 2400, 2400)) == "...."


def test_a_coarse_display_that_stood_before_is_no_stuck_sensor() -> None:
    probe = FlowMeter(still="60s")
    assert probe.all(*[30] * 6, *[31] * 6, *[30] * 14) == "." * 26, (
        "fifty seconds twice, then more than a minute"
    )
    assert probe.all(30, 30)[-1] == "#", "three times what it ever stood"
    once = FlowMeter(still="60s", off_delay="0s")
    assert once.all(30, 31, 30, 31, 30, 31, *[30] * 8, 31, *[30] * 15)[-1] == ".", (
        "told once, it left by a count: so it displays"
    )
    stuck = FlowMeter(still="60s", off_delay="0s")
    assert stuck.all(30, 31, 30, 31, 30, 31, *[30] * 8, 45, *[44] * 7)[-1] == "#", (
        "it left by what it had missed"
    )


def test_a_stand_of_long_ago_is_forgotten() -> None:
    probe = FlowMeter(still="60s")
    probe.all(*[30] * 6, 31)
    probe.at += 31 * 8640
    assert probe.all(*[30] * 7)[-1] == "#"


def test_a_display_so_coarse_that_it_need_not_follow_is_not_stuck() -> None:
    """One count is 10 m³/h: 7 % more speed is 2 m³/h."""
    coarse = FlowMeter(follows="speed", by=150)
    coarse.all(20, 30, 20, 30, 20, 30)
    assert "".join(coarse.read(30, speed) for speed in (2000, 2050, 2100, 2200)) == "...."
    fine = FlowMeter(follows="speed", by=150)
    fine.all(29.9, 30, 29.9, 30, 29.9, 30)
    assert "".join(fine.read(30, speed) for speed in (2000, 2050, 2100, 2200)) == "...#"


def test_a_driver_that_is_read_later_than_what_it_drives_did_not_move_meanwhile() -> None:
    """The lamps are switched, the light meter is read, then the power: what it read before is of the dark."""
    light, meter = stream("flow", unit="light", period=10.0), stream("speed", unit="meter", period=10.0)
    detect = {"kind": "sensor", "signal": "flow", "follows": "speed", "by": 150}
    rules = compile_device(Kind({"it": rule(detect)}, {}, UNITS), [light, meter], None)
    detector, seen = rules.instances[0].detector, ""
    readings = [(meter, 0, 0.0), (light, 1, 0.0), (light, 11, 30.0), (meter, 15, 2000.0)]
    readings += [(one, at, v) for at in (20, 30, 40, 50) for one, v in ((light, 30.0), (meter, 2000.0))]
    readings += [(meter, 55, 2400.0), (light, 60, 30.0)]
    for one, second, value in readings:
        binding = rules.bindings[one]
        binding.device_state.put(binding.signal_states, sample(one, second, value))
        seen += MARK[detector.update(second * NS)]
    assert seen[2:-1] == "." * 11, "it was lit at once"
    assert seen[-1] == "#", "this time it did not follow"


def test_a_lost_reading_is_no_reading() -> None:
    assert FlowMeter(still="60s").all(30, None, 30, 30, 30, 30, 30, 30)[1] == "?"


SIGNS: dict[str, Any] = {
    "low": -1,
    "high": 100,
    "jump": 15,
    "over": "20s",
    "noise": 9,
    "points": 5,
    "still": "50s",
}


@given(flows=st.lists(st.sampled_from([30.0, 31.0, 50.0, 120.0, None]), max_size=20), cut=st.integers(0, 20))
def test_a_restart_at_any_moment_changes_nothing(flows: list[float | None], cut: int) -> None:
    whole = FlowMeter(**SIGNS)
    expected = [whole.read(flow) for flow in flows]
    first = FlowMeter(**SIGNS)
    for flow in flows[:cut]:
        first.read(flow)
    second = FlowMeter(**SIGNS)
    second.at = first.at
    second.detector.restore(json.loads(json.dumps(first.detector.checkpoint() or {})))
    state, kept = second.rules.bindings[PUMP].device_state, first.rules.bindings[PUMP].device_state
    for name, one in kept.signal_states.items():
        mine = state.signal_states[name]
        mine.value, mine.reason = one.value, one.reason
        mine.read_at(one.steady)
    assert [second.read(flow) for flow in flows[cut:]] == expected[cut:]


@pytest.mark.parametrize("sign", ["over", "outside", "jumped", "noisy", "still"])
def test_every_sign_has_words(sign: str) -> None:
    assert f"sensor-{sign}" in texts().evidence


def test_it_says_what_it_saw() -> None:
    probe = FlowMeter(high=100)
    probe.all(30, 350)
    family = families()["fountain"]
    told = EvidenceFormatter(family.signals, "en").evidence(probe.detector.evidence(10 * NS))
    assert told.startswith("Flow reads 350")
    assert "bound 100" in told


@pytest.mark.parametrize("family", ["fountain", "hoist", "lighting"])
def test_a_line_of_a_family_makes_a_rule_about_its_sensor(family: str) -> None:
    known = families()[family]
    assert known.sensors
    for signal in known.sensors:
        made = known.rules[f"{signal.replace('_', '-')}-sensor"]
        assert made.doubts == (signal,)
        assert known.signals[signal].name.zh in made.name.zh
        assert known.signals[signal].name.en in made.name.en


def test_such_a_rule_is_as_grave_as_what_it_blinds() -> None:
    fountain = families()["fountain"]
    assert fountain.rules["leakage-sensor"].at_stake == "safety"
    assert fountain.rules["flow-sensor"].at_stake == "asset"


def test_a_malformed_line_is_left_to_the_checks_of_the_family() -> None:
    told = {"signals": {"flow": {"name": {"zh": "甲", "en": "A"}}}, "sensors": {"flow": "loose", "other": {}}}
    assert with_sensor_rules(told)["rules"] == {}
    assert with_sensor_rules({"sensors": 3}) == {"sensors": 3}


def test_what_a_machine_has_of_its_own_comes_before_what_is_made_of_its_sensors() -> None:
    rules = list(families()["hoist"].rules)
    made = [name for name in rules if name.endswith("-sensor")]
    assert "tension-sensor" in made
    assert rules[0] == "over-travel"
    assert rules[-len(made) :] == made


def test_a_rope_that_hangs_still_in_calm_air_is_no_sensor_that_lies() -> None:
    detect = families()["hoist"].rules["tension-sensor"].detect
    assert isinstance(detect, Sensor)
    assert (detect.still, detect.follows) == (0, "position"), "its display rounds to 1 N"


@pytest.mark.parametrize("family", ["hoist", "fountain", "lighting"])
def test_an_alarm_that_may_be_the_sensors_says_both_and_what_tells_them_apart(family: str) -> None:
    known = families()[family]
    either = {name: one for name, one in known.rules.items() if one.may_be_sensor}
    assert either
    for one in either.values():
        for signal in one.may_be_sensor:
            words = known.signals[signal].name
            assert words.zh in one.cause.zh
            assert words.en in one.cause.en
            assert words.en in one.confirm.en
        assert one.cause.en.index("; or a reading that is wrong") > 0, "the machine first"
        assert not one.doubts, "danger is told whatever the sensor may be"


def test_a_rule_without_words_of_its_own_gets_none_of_its_sensor() -> None:
    told = {"signals": {"flow": {"name": {"zh": "甲", "en": "A"}}}, "sensors": {}}
    for odd in (
        {"may_be_sensor": ["flow"]},
        {"may_be_sensor": 3},
        "loose",
        {"may_be_sensor": ["gone"], "cause": {}, "confirm": {}},
    ):
        assert with_sensor_rules(told | {"rules": {"it": odd}})["rules"]["it"] == odd
