"""The learned kinds of one signal, and of several: taught, lost, restarted, told."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.rule_harness import MARK, Kind, bad, rule, sample, state, stream

from facilityd.detect.compile import compile_device
from facilityd.detect.fit import FITS
from facilityd.detect.learned import FitRefused, LearnedDetector
from facilityd.model.baseline import Baseline
from facilityd.model.sample import NS
from facilityd.notify.evidence_text import EvidenceFormatter

MOTOR = stream("speed", "current", "vibration", unit="drive")
UNITS = {"speed": "rpm", "current": "A", "vibration": "mm/s"}
STATES = {"fast": state({"signal": "speed", "above": 1000}), "slow": state({"signal": "speed", "above": 10})}
RULES: dict[str, dict[str, Any]] = {
    "robust-z": {"kind": "robust-z", "signal": "current"},
    "ewma": {"kind": "ewma", "signal": "current"},
    "chart": {"kind": "chart", "signals": ["current", "vibration"]},
}
COMMON = {"during": ["fast", "slow"], "least": "4min"}
SHIFT = {"robust-z": 3.0, "ewma": 1.5, "chart": 1.5}


class Motor:
    """A motor read each second: 5 A slow, 9 A fast, vibration on its own."""

    def __init__(self, kind: str, **more: Any) -> None:
        self.kind, self.at, self.chance = kind, 0, random.Random(3)
        self.rule = rule(RULES[kind] | COMMON | more)
        device_rules = compile_device(Kind({"odd": self.rule}, STATES, UNITS), [MOTOR], None)
        self.binding = device_rules.bindings[MOTOR]
        detector = device_rules.instances[0].detector
        assert isinstance(detector, LearnedDetector)
        self.detector = detector

    def take(self, one: Any) -> str:
        self.binding.device_state.put(self.binding.signal_states, one)
        self.at += 1
        return MARK[self.detector.update(one.steady)]

    def read(self, speed: float = 1500.0, more: float = 0.0) -> str:
        amps = (9.0 if speed > 1000 else 5.0) + more + self.chance.gauss(0, 0.2)
        return self.take(sample(MOTOR, self.at, speed, amps, 2.0 + self.chance.gauss(0, 0.1)))

    def run(self, seconds: int, **how: float) -> str:
        return "".join(self.read(**how) for _ in range(seconds))

    def learn(self) -> Motor:
        self.detector.record()
        for _ in range(4):
            self.run(150, speed=1500.0)
            self.run(150, speed=500.0)
        self.set_baseline(FITS[self.kind](self.rule.detect, self.detector.rows or []))
        return self

    def set_baseline(self, data: Any) -> None:
        self.detector.set_baseline(Baseline("motor", "odd", 2, 0, 0, 1, "Li", json.loads(json.dumps(data))))


@pytest.fixture(params=RULES)
def motor(request: pytest.FixtureRequest) -> Motor:
    return Motor(request.param).learn()


@pytest.mark.parametrize("kind", RULES)
def test_without_a_baseline_it_cannot_tell_and_too_short_a_time_teaches_nothing(kind: str) -> None:
    motor = Motor(kind)
    motor.detector.record()
    assert set(motor.run(60)) == {"?"}
    assert motor.detector.evidence(0).slug == "unknown-unlearned"
    with pytest.raises(FitRefused, match="unfit-short"):
        FITS[kind](motor.rule.detect, motor.detector.rows or [])


def test_each_duty_state_has_its_own_normal(motor: Motor) -> None:
    assert set(motor.run(300, speed=1500.0).lstrip("?")) == {"."}
    assert set(motor.run(300, speed=500.0)) == {"."}
    assert motor.run(60, speed=500.0, more=4.0)[-1] == "#"  # what is normal when fast


def test_a_fault_is_seen_and_told_and_goes_away(motor: Motor) -> None:
    motor.run(60)
    assert motor.run(90, more=SHIFT[motor.kind])[-1] == "#"
    evidence = motor.detector.evidence((motor.at - 1) * NS)
    assert (evidence.slug, evidence.signal) == ("learned-above", "current")
    zh, en = (EvidenceFormatter({}, language).evidence(evidence) for language in ("zh", "en"))
    assert "高于正常范围" in zh
    assert "above its healthy range" in en
    assert motor.run(120)[-1] == "."
    assert motor.detector.evidence((motor.at - 1) * NS).slug == "learned-over"


@given(story=st.text(alphabet=".#? ", max_size=80))
@settings(max_examples=25, deadline=None)
@pytest.mark.parametrize("kind", RULES)
def test_lost_readings_never_raise_nor_clear_nor_shift_what_was_learned(kind: str, story: str) -> None:
    motor = Motor(kind)
    motor.set_baseline(LEARNED[kind])
    before = json.dumps(dict(motor.detector.data))
    stands = ""
    for mark in story:
        if mark == " ":
            motor.at += 1
            continue
        lost = mark == "?"
        said = motor.take(bad(MOTOR, motor.at)) if lost else motor.read(more=5.0 if mark == "#" else 0.0)
        assert said == "?" or not lost
        assert not (lost and stands and MARK[motor.detector.delay.verdict] != stands)
        stands = MARK[motor.detector.delay.verdict]
    assert json.dumps(dict(motor.detector.data)) == before


LEARNED = {kind: Motor(kind).learn().detector.data for kind in RULES}


@pytest.mark.parametrize("verdict", [True, False])
def test_a_restart_keeps_the_verdict_until_enough_was_seen(motor: Motor, verdict: bool) -> None:
    again = Motor(motor.kind)
    again.set_baseline(motor.detector.data)
    again.detector.resume(verdict)
    assert again.run(5, more=0.0 if verdict else 5.0) == MARK[verdict] * 5
    assert again.run(90, more=0.0 if verdict else 5.0)[-1] == MARK[not verdict]


@given(story=st.text(alphabet=".#? ", min_size=30, max_size=80), cut=st.integers(0, 80))
@settings(max_examples=25, deadline=None)
@pytest.mark.parametrize("kind", ["robust-z", "ewma"])
def test_a_restart_goes_on_smoothing_and_voting(kind: str, story: str, cut: int) -> None:
    def lived(cut: int) -> str:
        motor, out = Motor(kind), ""
        motor.set_baseline(LEARNED[kind])
        for n, mark in enumerate(story):
            if n == cut:
                state = json.loads(json.dumps(motor.detector.checkpoint()))
                again = Motor(kind)
                again.at, again.chance = motor.at, motor.chance
                again.set_baseline(LEARNED[kind])
                again.detector.restore(state)
                motor = again
            if mark == " ":
                motor.at += 1
            elif mark == "?":
                out += motor.take(bad(MOTOR, motor.at))
            else:
                out += motor.read(more=5.0 if mark == "#" else 0.0)
        return out

    assert lived(cut) == lived(-1)


def test_a_service_forgets(motor: Motor) -> None:
    motor.detector.set_baseline(None)
    assert set(motor.run(20)) == {"?"}


def test_a_side_and_a_band_bound_what_is_wrong() -> None:
    below = Motor("robust-z", side="below")
    below.set_baseline(LEARNED["robust-z"])
    assert "#" not in below.run(60, more=3.0)
    assert below.run(60, more=-3.0)[-1] == "#"
    wide = Motor("ewma", band=2.0)
    wide.set_baseline(LEARNED["ewma"])
    assert "#" not in wide.run(90, more=1.5)
    assert wide.run(90, more=3.0)[-1] == "#"


def test_a_duty_that_was_never_learned_is_unknown(motor: Motor) -> None:
    only = {"states": {"fast": motor.detector.data["states"]["fast"]}}
    motor.set_baseline(only)
    assert set(motor.run(30, speed=500.0)) == {"?"}
    assert motor.detector.evidence((motor.at - 1) * NS).slug == "unknown-outside"
