"""Operating modes: the first that holds wins, and what cannot be told is not guessed."""

from __future__ import annotations

import pytest
from support.rule_harness import state

from devices import family
from facilityd.model import operating_mode as model
from facilityd.model.operating_mode import holds, operating_mode, possible

STATES = {
    "raising": state({"signal": "speed", "above": 0.1}),
    "moving": state({"signal": "speed", "above": 0.1, "magnitude": True}, {"signal": "open", "is": True}),
    "powered": state({"signal": "volts", "above": 180.0}),
}


@pytest.mark.parametrize(
    ("test", "value", "verdict"),
    [
        ({"above": 1.0}, 1.0, False), ({"above": 1.0}, 1.1, True), ({"below": 1.0}, 1.0, False),
        ({"below": 1.0}, 0.9, True), ({"above": 1.0, "magnitude": True}, -2.0, True), ({"below": -1}, -2, True),
        ({"is": True}, True, True), ({"is": False}, True, False), ({"is": 3}, 3, True), ({"is": 0}, 0, True),
        ({"above": 1.0}, None, None), ({"is": False}, None, None),
    ],
)  # fmt: skip
def test_a_condition(test, value, verdict) -> None:
    (condition,) = state({"signal": "x"} | test).when
    assert holds(condition, {} if value is None else {"x": value}) is verdict


@pytest.mark.parametrize(
    ("values", "first", "may_be"),
    [
        ({"speed": 0.5, "open": True, "volts": 230.0}, "raising", ("raising",)),
        ({"speed": -0.5, "open": True, "volts": 230.0}, "moving", ("moving",)),
        ({"speed": 0.0, "open": True, "volts": 230.0}, "powered", ("powered",)),
        ({"speed": 0.0, "open": True, "volts": 0.0}, None, ("rest",)),
        ({"speed": 0.0, "volts": 0.0}, None, ("rest",)),  # one part is false: the whole is
        ({"open": False, "volts": 230.0}, "powered", ("raising", "powered")),
        ({"speed": -0.5, "volts": 230.0}, "powered", ("moving", "powered")),
        ({}, None, ("raising", "moving", "powered", "rest")),
    ],
)
def test_the_state_for_the_pace_and_the_states_for_judgement(values, first, may_be) -> None:
    assert operating_mode(STATES, values) == first
    assert possible(STATES, values) == may_be


def test_field_and_core_call_the_two_special_states_the_same() -> None:
    assert (model.REST, model.CEREMONY) == (family.REST, family.CEREMONY)
