"""Limits of a family's rules that its signals can never meet: alarms that never come, or never end."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from devices.family import CEREMONY, REST, Family, Signal
from facilityd.model.histories import Trend
from facilityd.model.kinds import Condition, Limit, SignalTerm
from facilityd.model.message import Wording
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
        what = Wording("tables.operating-mode-every-family-no", name=name)
        out.append((("states", name), what, Wording("tables.choose-another-name")))
    return out


def never(signals: Mapping[str, Signal], part: BaseModel) -> Iterator[tuple[str, str]]:
    """Iterate over what, of a rule's detector, a state or a checklist item, no value of a signal can meet."""
    for test in _tests(part):
        signal = signals.get(test.signal)
        if signal and (what := _against(signal, test)):
            yield (
                Wording("tables.signal-what", signal=test.signal, what=what),
                Wording("tables.look-at-limit-at-signal"),
            )


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
        return Wording("tables.switch-has-no-limit-write")
    following = isinstance(test, SignalTerm) and bool(test.per)
    if following or signal.range is None or (isinstance(test, Trend) and test.counter):
        return ""
    return _beyond(test, *_reach(signal.range, magnitude=getattr(test, "magnitude", False)))


def _is(signal: Signal, wanted: bool | int | str) -> str:
    if signal.type is SignalType.BOOL:
        return "" if isinstance(wanted, bool) else Wording("tables.switch-true-or-false-never", wanted=wanted)
    if isinstance(wanted, bool | str):
        return Wording("tables.number-never", lower=str(wanted).lower())
    if signal.type is SignalType.ENUM and wanted not in signal.values:
        return Wording("tables.none-its-codes", wanted=wanted, str=[*map(str, signal.values)])
    low, high = signal.range or (-math.inf, math.inf)
    return "" if low <= wanted <= high else Wording("tables.never", low=low, high=high, wanted=wanted)


def _reach(ends: tuple[float, float], *, magnitude: bool) -> tuple[float, float]:
    low, high = ends
    if not magnitude:
        return low, high
    return (0.0 if low <= 0 <= high else min(abs(low), abs(high))), max(abs(low), abs(high))


def _beyond(test: Condition | Limit | Trend, low: float, high: float) -> str:
    back = getattr(test, "hysteresis", 0.0)
    if test.above is not None:
        if test.above >= high:
            return Wording("tables.never-above", low=low, high=high, above=test.above)
        return (
            Wording("tables.never-over-would-have-fall", above=test.above - back)
            if test.above - back < low
            else ""
        )
    if test.below is not None:
        if test.below <= low:
            return Wording("tables.never-below", low=low, high=high, below=test.below)
        return (
            Wording("tables.never-over-would-have-rise", below=test.below + back)
            if test.below + back > high
            else ""
        )
    return ""
