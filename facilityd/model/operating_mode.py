"""Operating mode: which of its family's states a device is in. One function for adapters and detectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from facilityd.model.rule import Condition
from facilityd.model.sample import Value

REST = "rest"
"""The state when no other holds."""
CEREMONY = "ceremony"
"""The state that the calendar decides, not the device."""


class OperatingMode(Protocol):
    """Holds while all its conditions hold."""

    @property
    def when(self) -> Sequence[Condition]:
        """What must hold."""


def answer(condition: Condition, value: Value | None, scale: float = 1.0) -> bool | None:
    """Return whether a value meets a condition, its limit times ``scale``; None where there is no value."""
    if value is None or isinstance(value, str):
        return None
    if condition.is_ is not None:
        return value == condition.is_
    number = abs(value) if condition.magnitude else value
    if condition.above is not None:
        return number > condition.above * scale
    return condition.below is not None and number < condition.below * scale


def holds(condition: Condition, values: Mapping[str, Value]) -> bool | None:
    """Return whether a condition holds; None where its signal has no value."""
    return answer(condition, values.get(condition.signal))


def standing(state: OperatingMode, values: Mapping[str, Value]) -> bool | None:
    """Return whether a state holds; None where that depends on a missing value."""
    found = {holds(condition, values) for condition in state.when}
    if False in found:
        return False
    return None if None in found else True


def operating_mode(states: Mapping[str, OperatingMode], values: Mapping[str, Value]) -> str | None:
    """Return the first state known to hold, or None. For the poll period."""
    return next((name for name, state in states.items() if standing(state, values)), None)


def possible(states: Mapping[str, OperatingMode], values: Mapping[str, Value]) -> tuple[str, ...]:
    """Return every state the device may be in, given what is known. For evaluation."""
    names = []
    for name, state in states.items():
        verdict = standing(state, values)
        if verdict is not False:
            names.append(name)
        if verdict:
            return tuple(names)
    return (*names, REST)
