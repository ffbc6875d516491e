"""Which rule is in force: what a device has fitted and what was learned there decide, and people see it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.rule_harness import Kind, rule, sample, stream

from devices.tables import SHELF, families, load_family
from facilityd.detect import RuleEngine
from facilityd.detect.context import RuleContext
from facilityd.errors import ConfigError
from facilityd.model.baseline import Baseline
from facilityd.model.sample import NS, Stream

UNITS = {"flow": "m³/h", "speed": "rpm", "shake": "mm/s", "inlet": "bar", "head": "bar"}
PUMP = stream("flow", "speed", "inlet", "head", unit="pump")
SHAKE = stream("flow", "speed", "inlet", "head", "shake", unit="pump")
LOW = {"kind": "residual", "signal": "flow", "terms": ["speed"], "below": -0.1, "relative": True}


def verdicts(
    streams: Stream, rules: dict[str, Any], *readings: tuple[float, ...], learned: bool = True
) -> Any:
    """Return the engine and its findings; flow is learned as 0.01 m³/h per rpm."""
    engine = RuleEngine({"hoist": Kind(rules, {}, UNITS)}, [streams], None, RuleContext())
    if learned:
        data = {"coefficients": [0.01], "sigma": 0.001, "ranges": {"speed": [500.0, 3000.0]}, "rows": 99}
        engine.set_baseline("hoist", "low", Baseline("hoist", "low", 1, 0, 0, 0, "test", data))
    found = []
    for second, values in enumerate(readings):
        found += engine.evaluate([sample(streams, second, *values)])
    return engine, {one.rule: one for one in found}


ASSUMED = {
    "low": rule(LOW),
    "assumed": rule({"kind": "limit", "signal": "flow", "below": 15}, stands_in_for=["low"]),
}


def test_an_assumed_limit_is_in_force_until_the_learned_one_is_signed() -> None:
    _, before = verdicts(PUMP, ASSUMED, (12, 1300, 0, 0), learned=False)
    assert before["assumed"].verdict is True
    assert "low" not in before, "it has nothing to say yet"
    _, after = verdicts(PUMP, ASSUMED, (12, 1300, 0, 0))
    assert after["assumed"].verdict is False, "12 m³/h is what this pump gives at 1,300 rpm"
    assert (after["assumed"].evidence.slug, after["assumed"].evidence.names) == (
        "replaced",
        {"rules": ("low",)},
    )


def test_a_signature_ends_what_the_assumption_said_and_a_service_brings_it_back() -> None:
    engine, found = verdicts(PUMP, ASSUMED, (12, 1300, 0, 0), learned=False)
    assert found["assumed"].verdict is True
    data = {"coefficients": [0.01], "sigma": 0.001, "ranges": {}, "rows": 99}
    engine.set_baseline("hoist", "low", Baseline("hoist", "low", 1, 0, 0, 0, "test", data))
    now = {one.rule: one.verdict for one in engine.evaluate([sample(PUMP, 5, 12, 1300, 0, 0)])}
    assert now["assumed"] is False
    engine.service("hoist", ["low"])
    back = {one.rule: one.verdict for one in engine.evaluate([sample(PUMP, 6, 12, 1300, 0, 0)])}
    assert back["assumed"] is True


SIGNATURE = {
    "shakes": rule({"kind": "limit", "signal": "shake", "above": 4}),
    "quiet-sign": rule({"kind": "limit", "signal": "inlet", "below": -0.1}, stands_in_for=["shakes"]),
}


def test_a_sensor_that_is_fitted_is_preferred_to_a_sign_without_it() -> None:
    _, fitted = verdicts(SHAKE, SIGNATURE, (1, 1, -0.5, 1, 2))
    assert {rule: one.verdict for rule, one in fitted.items()} == {"shakes": False, "quiet-sign": False}
    _, unfitted = verdicts(PUMP, SIGNATURE, (1, 1, -0.5, 1))
    assert {rule: one.verdict for rule, one in unfitted.items()} == {"quiet-sign": True}


TERMS = [{"rule": "low", "beyond": 0.3}, {"signal": "inlet", "below": 0.5}]
NAMED = {"low": rule(LOW), "named": rule({"kind": "conjunction", "all": TERMS})}


@pytest.mark.parametrize(("flow", "expected"), [(10, False), (8, False), (6.9, True), (14, False)])
def test_a_term_may_ask_for_a_deviation_of_its_own(flow: float, expected: bool) -> None:
    assert verdicts(PUMP, NAMED, (flow, 1000, 0, 0))[1]["named"].verdict is expected


def test_a_term_is_unknown_where_the_rule_that_it_asks_is() -> None:
    engine, found = verdicts(PUMP, NAMED, (6, 1000, 0, 0), learned=False)
    assert found == {}
    later = {one.rule: one.verdict for one in engine.tick(20 * NS, 20 * NS)}
    assert later == {"named": None, "low": None}


def test_what_a_pump_adds_is_head_less_inlet_pressure() -> None:
    adds = {
        "kind": "residual",
        "signal": "head",
        "less": "inlet",
        "terms": ["speed"],
        "below": -0.1,
        "relative": True,
    }
    assert rule(adds).detect.own == ("head", "inlet", "speed")
    for head, inlet, expected in ((9, -1, False), (8, 0, True), (10, 0, False)):
        _, found = verdicts(PUMP, {"low": rule(adds)}, (1, 1000, inlet, head))
        assert found["low"].verdict is expected, (head, inlet)
        assert found["low"].evidence.numbers["value"] == head - inlet


def test_every_stand_in_that_ships_says_what_it_stands_in_for_in_the_same_fault() -> None:
    pairs = [
        (family, name, other)
        for family in families().values()
        for name, one in family.rules.items()
        for other in one.stands_in_for
    ]
    assert len(pairs) >= 5
    for family, name, other in pairs:
        assert family.rules[name].fault == family.rules[other].fault, (family.family, name, other)


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ("for: [cavitation]", "for: [nothing]", "stands in for 'nothing', which the family does not have"),
        ("for: [cavitation]", "for: [suction-disturbed]", "stand in for each other"),
        ("rule: flow-low, beyond", "rule: leakage-rises, beyond", "only a residual has a deviation"),
    ],
)
def test_a_slip_in_a_family_is_told(tmp_path: Path, was: str, now: str, said: str) -> None:
    text = (SHELF / "families" / "fountain.yaml").read_text(encoding="utf-8")
    assert was in text
    (tmp_path / "fountain.yaml").write_text(text.replace(was, now, 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        load_family(tmp_path / "fountain.yaml")
