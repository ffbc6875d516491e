"""Limits of a family's rules that its signals can never meet: alarms that never come, or never end."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from devices.family import CEREMONY, REST, Family, Signal
from facilityd.model.histories import Trend
from facilityd.model.kinds import Condition, Limit, SignalTerm
from facilityd.model.sample import SignalType

Path = tuple[str | int, ...]
Fault = tuple[Path, str, str]
"""Where in the family, what is wrong, what to do."""


def family_faults(family: Family) -> list[Fault]:
    """Return what of a family can never hold, never be over, or means something else already."""
    parts: list[tuple[Path, BaseModel]] = [(("states", name), state) for name, state in family.states.items()]
    parts += [(("rules", name, "detect"), rule.detect) for name, rule in family.rules.items()]
    parts += [(("readiness", name), item) for name, item in family.readiness.items()]
    out = [(where, what, hint) for where, part in parts for what, hint in never(family.signals, part)]
    for name in sorted({CEREMONY, REST} & set(family.states)):
        what = f"{name!r} is an operating mode of every family: it is no state of its own"
        out.append((("states", name), what, "choose another name"))
    return out


def never(signals: Mapping[str, Signal], part: BaseModel) -> Iterator[tuple[str, str]]:
    """Iterate over what, of a rule's detector, a state or a checklist item, no value of a signal can meet."""
    for test in _tests(part):
        signal = signals.get(test.signal)
        if signal and (what := _against(signal, test)):
            yield f"{test.signal}: {what}", "look at the limit and at the signal's range"


def _tests(part: object) -> Iterator[Condition | Limit | Trend]:
    if isinstance(part, Condition | Limit | Trend):
        yield part
    if isinstance(part, BaseModel):
        for name in type(part).model_fields:
            yield from _tests(getattr(part, name))
    elif isinstance(part, tuple):
        for one in part:
            yield from _tests(one)


def _against(signal: Signal, test: Condition | Limit | Trend) -> str:
    wanted = getattr(test, "is_", None)
    if wanted is not None:
        return _is(signal, wanted)
    if signal.type is SignalType.BOOL:
        return "a switch has no limit; write is: true or is: false"
    following = isinstance(test, SignalTerm) and bool(test.per)
    if following or signal.range is None or (isinstance(test, Trend) and test.counter):
        return ""
    return _beyond(test, *_reach(signal.range, magnitude=getattr(test, "magnitude", False)))


def _is(signal: Signal, wanted: bool | int | str) -> str:
    if signal.type is SignalType.BOOL:
        return "" if isinstance(wanted, bool) else f"a switch is true or false, never {wanted!r}"
    if isinstance(wanted, bool | str):
        return f"a number is never {str(wanted).lower()!r}"
    if signal.type is SignalType.ENUM and wanted not in signal.values:
        return f"{wanted} is none of its codes ({', '.join(map(str, signal.values))})"
    low, high = signal.range or (-math.inf, math.inf)
    return "" if low <= wanted <= high else f"it is {low:g} to {high:g}, never {wanted}"


def _reach(ends: tuple[float, float], *, magnitude: bool) -> tuple[float, float]:
    low, high = ends
    if not magnitude:
        return low, high
    return (0.0 if low <= 0 <= high else min(abs(low), abs(high))), max(abs(low), abs(high))


def _beyond(test: Condition | Limit | Trend, low: float, high: float) -> str:
    back = getattr(test, "hysteresis", 0.0)
    if test.above is not None:
        if test.above >= high:
            return f"it is {low:g} to {high:g}, never above {test.above:g}"
        return (
            f"never over: it would have to fall below {test.above - back:g}"
            if test.above - back < low
            else ""
        )
    if test.below is not None:
        if test.below <= low:
            return f"it is {low:g} to {high:g}, never below {test.below:g}"
        return (
            f"never over: it would have to rise above {test.below + back:g}"
            if test.below + back > high
            else ""
        )
    return ""
