"""What a pump should give at its speed: learned on the pump itself, so that the rule fits any pump."""

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
from facilityd.detect.learned import FitRefused
from facilityd.detect.residual import ResidualDetector
from facilityd.detect.residual_fit import time_seen, watched
from facilityd.model.baseline import Baseline, HealthyReading
from facilityd.model.charts import Residual
from facilityd.model.sample import NS
from facilityd.notify.evidence_text import EvidenceFormatter
from facilityd.notify.texts import texts

PUMP = stream("flow", "speed", unit="pump", period=10.0)
UNITS = {"flow": "m³/h", "speed": "rpm"}
STATES = {"running": state({"signal": "speed", "above": 60})}
LOW = {
    "kind": "residual", "signal": "flow", "terms": ["1", "speed"], "below": -0.1, "relative": True,
    "during": ["running"], "least": "20min", "on_delay": "20s",
}  # fmt: skip


class Pump:
    """A pump read every 10 s; ``gain`` m³/h per rpm, above a static head that costs 3 m³/h."""

    def __init__(self, gain: float = 0.0145, **more: Any) -> None:
        self.gain, self.chance, self.at = gain, random.Random(7), 0
        device_rules = compile_device(Kind({"flow-low": rule(LOW | more)}, STATES, UNITS), [PUMP], None)
        self.binding, self.instance = device_rules.bindings[PUMP], device_rules.instances[0]
        detector = self.instance.detector
        assert isinstance(detector, ResidualDetector)
        self.detector = detector

    def read(self, speed: float, share: float = 1.0) -> str:
        flow = max(0.0, share * (self.gain * speed - 3.0) + self.chance.gauss(0, 0.2))
        return self.take(sample(PUMP, 10 * self.at, flow, speed))

    def lose(self) -> str:
        return self.take(bad(PUMP, 10 * self.at))

    def take(self, one: Any) -> str:
        self.binding.device_state.put(self.binding.signal_states, one)
        self.at += 1
        return MARK[self.detector.update(one.steady)]

    def learn(self, speeds: tuple[float, float] = (2000.0, 2800.0), readings: int = 150) -> None:
        self.detector.record()
        for _ in range(readings):
            self.read(self.chance.uniform(*speeds))
        data = FITS["residual"](Residual.model_validate(LOW), self.detector.rows or [])
        data = json.loads(json.dumps(data))  # it is stored as JSON
        self.detector.set_baseline(Baseline("pump", "flow-low", 2, 0, 0, 1, "Li", data))


def test_without_a_baseline_it_cannot_tell_and_says_what_to_do() -> None:
    pump = Pump()
    assert pump.read(2400.0, 0.2) == "?"
    assert "facilityd commission" in EvidenceFormatter({}, "en").evidence(pump.detector.evidence(0))


@pytest.mark.parametrize("gain", [0.0145, 0.05, 0.4])
def test_one_rule_is_true_for_every_pump(gain: float) -> None:
    pump = Pump(gain)
    pump.learn()
    healthy = "".join(pump.read(pump.chance.uniform(1900, 2850)) for _ in range(200))
    assert set(healthy) == {"."}
    clogged = "".join(pump.read(pump.chance.uniform(1900, 2850), 0.8) for _ in range(6))
    assert clogged == "..####"
    assert "".join(pump.read(2400.0) for _ in range(2)) == ".."


def test_a_slower_pump_is_no_weaker_pump() -> None:
    pump = Pump()
    pump.learn()
    assert "#" not in "".join(pump.read(speed) for speed in range(2800, 1700, -10))


def test_far_outside_of_what_was_seen_it_cannot_tell() -> None:
    pump = Pump()
    pump.learn()
    assert pump.read(900.0, 0.1) == "?"
    assert pump.detector.evidence(10 * (pump.at - 1) * NS).slug == "unknown-outside"
    assert pump.read(2400.0) == "."


def test_at_rest_the_verdict_stands() -> None:
    pump = Pump()
    pump.learn()
    for _ in range(5):
        pump.read(2400.0, 0.6)
    assert pump.read(0.0) == "#"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_it_says_what_was_expected_and_from_which_baseline(language: Any) -> None:
    pump = Pump()
    pump.learn()
    for _ in range(6):
        pump.read(2400.0, 0.5)
    said = pump.detector.evidence(10 * (pump.at - 1) * NS)
    assert said.slug == "residual-below"
    assert float(said.numbers["expected"]) == pytest.approx(31.8, abs=0.4)
    sentence = EvidenceFormatter({}, language).evidence(said)
    assert "1970-01-01" in sentence
    assert "m³/h" in sentence


def _rows(speeds: list[float], noise: float = 0.0, every: int = 10) -> list[HealthyReading]:
    chance = random.Random(3)
    return [
        HealthyReading(k * every * NS, "running", (0.0145 * s - 3.0 + chance.gauss(0, noise), s))
        for k, s in enumerate(speeds)
    ]


@pytest.mark.parametrize(
    ("rows", "slug"),
    [
        ([], "unfit-short"),
        (_rows([2000.0 + k for k in range(60)]), "unfit-short"),
        (_rows([2400.0 + 5 * (k % 3) for k in range(300)]), "unfit-spread"),  # a pump at one speed
        (_rows([2000.0 + 3 * k for k in range(300)], noise=9.0), "unfit-wide"),
    ],
)
def test_what_cannot_be_learned_is_refused_with_a_reason(rows: list[HealthyReading], slug: str) -> None:
    with pytest.raises(FitRefused) as refused:
        FITS["residual"](Residual.model_validate(LOW), rows)
    assert refused.value.slug == slug
    assert slug in texts().evidence


def test_a_pause_between_shows_is_not_learning_time() -> None:
    shows = [
        HealthyReading((k + 7200 * (k // 5)) * NS, "running", (float(k), float(k * k))) for k in range(60)
    ]
    with pytest.raises(FitRefused):
        FITS["residual"](Residual.model_validate(LOW), shows)


def test_what_was_seen_counts_only_within_a_stay_in_the_mode() -> None:
    """Six shows of five minutes, two hours apart, as often as rests come: not half a day."""
    pump = Pump()
    pump.detector.record()
    for _ in range(6):
        for _ in range(31):
            pump.read(2400.0)
        for _ in range(720):
            pump.read(0.0)
    rows = pump.detector.rows or []
    assert time_seen(rows, "running") / NS == pytest.approx(6 * 300, abs=6 * 40)
    assert watched([row.steady for row in rows if row.state == "running"]) / NS > 6 * 3600
    lost = Pump()
    lost.detector.record()
    for _ in range(30):
        lost.read(2400.0)
    lost.at += 3600
    lost.read(2400.0)
    assert time_seen(lost.detector.rows or []) / NS <= 300, "an outage is nothing that was seen"


def test_outliers_do_not_pull_the_fit() -> None:
    rows = _rows([2000.0 + 3 * k for k in range(300)], noise=0.1)
    spoiled = [
        HealthyReading(r.steady, r.state, (0.0, r.values[1])) if k % 10 == 0 else r
        for k, r in enumerate(rows)
    ]
    data = FITS["residual"](Residual.model_validate(LOW), spoiled)
    assert data["coefficients"] == pytest.approx([-3.0, 0.0145], rel=0.05)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.booleans(), min_size=30, max_size=30))
def test_lost_readings_never_make_it_wrong_and_shift_nothing_learned(lost: list[bool]) -> None:
    pump = Pump()
    pump.learn()
    learned = json.dumps(pump.detector.data)
    assert "#" not in {pump.lose() if gone else pump.read(2400.0) for gone in lost}
    assert json.dumps(pump.detector.data) == learned


def test_a_constant_alone_is_what_was_usual() -> None:
    """So a leakage of which only the growth matters needs no kind of its own."""
    grown = {"kind": "residual", "signal": "flow", "terms": ["1"], "above": 3.0, "least": "10min"}
    rows = [HealthyReading(k * 10 * NS, "", (1.0 + 0.1 * (k % 3),)) for k in range(100)]
    data = FITS["residual"](Residual.model_validate(grown), rows)
    assert data["coefficients"] == pytest.approx([1.1], abs=0.05)
    assert data["ranges"] == {}


def test_both_sides_are_judged_and_said_where_both_are_given() -> None:
    pump = Pump(above=0.1)
    pump.learn()
    assert pump.read(2400.0) == "."
    for share, side in ((1.4, "above"), (0.6, "below")):
        for _ in range(4):
            verdict = pump.read(2400.0, share)
        assert verdict == "#"
        assert pump.detector.evidence(0).slug == f"residual-{side}"
        for _ in range(8):
            verdict = pump.read(2400.0)
        assert verdict == "."
