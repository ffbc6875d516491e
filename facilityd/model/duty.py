"""Duty: which of its family's states a device is in. One function for adapters and detectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from facilityd.model.rule import Condition
from facilityd.model.sample import Value

REST = "rest"
"""The state when no other holds."""
CEREMONY = "ceremony"
"""The state that the calendar decides, not the device."""


class DutyState(Protocol):
    """Holds while all its conditions hold."""

    @property
    def when(self) -> Sequence[Condition]:
        """What must hold."""


def holds(condition: Condition, values: Mapping[str, Value]) -> bool | None:
    """Return whether a condition holds; None where its signal has no value."""
    value = values.get(condition.signal)
    if value is None:
        return None
    if condition.is_ is not None:
        return value == condition.is_
    number = abs(value) if condition.magnitude else value
    if condition.above is not None:
        return number > condition.above
    return condition.below is not None and number < condition.below


def test_of(condition: Condition) -> Callable[[Value | None], bool | None]:
    """Return the same question as ``holds``, of the signal's value alone."""
    if condition.is_ is not None:
        wanted = condition.is_
        return lambda value: None if value is None else value == wanted
    limit, above, magnitude = condition.above, condition.above is not None, condition.magnitude
    if limit is None:
        limit = condition.below if condition.below is not None else 0.0

    def test(value: Value | None) -> bool | None:
        if value is None:
            return None
        number = abs(value) if magnitude else value
        return number > limit if above else number < limit

    return test


def standing(state: DutyState, values: Mapping[str, Value]) -> bool | None:
    """Return whether a state holds; None where that depends on a missing value."""
    found = {holds(condition, values) for condition in state.when}
    if False in found:
        return False
    return None if None in found else True


def duty(states: Mapping[str, DutyState], values: Mapping[str, Value]) -> str | None:
    """Return the first state known to hold, or None. For the pace of polling."""
    return next((name for name, state in states.items() if standing(state, values)), None)


def possible(states: Mapping[str, DutyState], values: Mapping[str, Value]) -> tuple[str, ...]:
    """Return every state the device may be in, given what is known. For judgement."""
    names = []
    for name, state in states.items():
        verdict = standing(state, values)
        if verdict is not False:
            names.append(name)
        if verdict:
            return tuple(names)
    return (*names, REST)
