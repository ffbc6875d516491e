"""When a device was in which operating mode: runs of a hoist, shows of a fountain, lights that were lit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from heapq import merge
from itertools import groupby
from operator import itemgetter

from devices.family import Family
from facilityd.config.site import Device
from facilityd.model.operating_mode import REST, OperatingMode, answer, possible, standing
from facilityd.model.rule import Condition
from facilityd.model.sample import Value
from facilityd.model.text import Text
from facilityd.query.state_spans import hours_of, state_spans
from facilityd.store.rollup import HOUR, Rollup
from facilityd.store.rows_once import StateReader

UNKNOWN = ""
"""The mode while it is not known."""


@dataclass(frozen=True, slots=True)
class ModeSpan:
    """A device was in an operating mode at since <= t < until (ns UTC), or ``UNKNOWN``.

    ``kind``: which kind of stay it was, where the family tells kinds apart, such as raising; else "".
    ``begun`` and ``ended``: whether its edges were seen; they are not where the span that was asked for, or
    what is known, ends.
    """

    device: str
    mode: str
    since: int
    until: int
    kind: str = ""
    begun: bool = True
    ended: bool = True

    @property
    def whole(self) -> bool:
        """Whether it was seen from its beginning to its end."""
        return self.begun and self.ended


def mode_name(family: Family, mode: str, kind: str = "") -> Text:
    """Return what a mode, or a kind of it, is called; by its id where the family has no name for it."""
    known = family.states.get(mode)
    if known is None:
        return Text(zh=mode or "?", en=mode or "?")
    return known.kinds[kind].name if kind in known.kinds else known.name


def every_span(reader: StateReader, device: Device, since: int, until: int) -> list[ModeSpan]:
    """Return all a device's stays within since..until (ns UTC), at rest and ``UNKNOWN`` too, in order.

    A mode that rests on what the device does not have is none of its own: else nothing would ever be rest.
    """
    all_states = device.family.states
    states = {
        name: state
        for name, state in all_states.items()
        if all(condition.signal in device.bound for condition in state.when)
    }
    signals = _inputs(states)
    if not signals:
        return []
    return list(_joined(device.id, states, _steps(reader, device.id, states, signals, (since, until)), until))


def mode_spans(reader: StateReader, device: Device, since: int, until: int) -> list[ModeSpan]:
    """Return a device's stays in modes other than rest within since..until (ns UTC), in order."""
    family, spans = device.family, []
    for one in every_span(reader, device, since, until):
        begun, ended = one.begun and one.since > since, one.ended and one.until < until
        whole = replace(one, begun=begun, ended=ended)
        kinds = family.states[one.mode].kinds if one.mode in family.states else {}
        spans.append(replace(whole, kind=_kind(reader, whole, kinds, device.bound)) if kinds else whole)
    return [one for one in spans if one.mode not in (REST, UNKNOWN)]


def _inputs(states: Mapping[str, OperatingMode]) -> list[str]:
    return list(dict.fromkeys(c.signal for state in states.values() for c in state.when))


def _steps(
    reader: StateReader,
    device: str,
    states: Mapping[str, OperatingMode],
    signals: Sequence[str],
    span: tuple[int, int],
) -> Iterator[tuple[int, dict[str, Value]]]:
    """Yield from when on which values hold; hours in which no mode can change are not read."""
    for first, last, constant in _portions(reader, device, states, signals, span):
        if constant is not None:
            yield first, constant
            continue
        yield from _together(reader, device, states, signals, (first, last))


def _together(
    reader: StateReader,
    device: str,
    states: Mapping[str, OperatingMode],
    signals: Sequence[str],
    span: tuple[int, int],
) -> Iterator[tuple[int, dict[str, Value]]]:
    """Yield from when on which good values hold, or others that mean the same mode; each instant once."""
    runs: list[list[tuple[int, str, Value | None]]] = [
        [
            (one.since, name, one.value if one.quality == "good" else None)
            for one in state_spans(reader, device, name, *span, alike=_answers(states, name))
        ]
        for name in signals
    ]
    values: dict[str, Value] = {}
    for at, changes in groupby(merge(*runs, key=itemgetter(0)), key=itemgetter(0)):
        for _, name, value in changes:
            values.pop(name, None)
            if value is not None:
                values[name] = value
        yield at, dict(values)


def _answers(
    states: Mapping[str, OperatingMode], signal: str
) -> Callable[[Value | None], tuple[bool | None, ...]]:
    """Return what tells of a signal's value how it stands to every condition."""
    conditions = [c for state in states.values() for c in state.when if c.signal == signal]

    @cache
    def answers(value: Value | None) -> tuple[bool | None, ...]:
        return tuple(answer(c, value) for c in conditions)

    return answers


def _portions(
    reader: StateReader,
    device: str,
    states: Mapping[str, OperatingMode],
    signals: Sequence[str],
    span: tuple[int, int],
) -> Iterator[tuple[int, int, dict[str, Value] | None]]:
    """Yield (from, to, values) of hours with one answer to every condition; None: they are to be read."""
    since, until = span
    first = since // HOUR * HOUR
    hours = {name: hours_of(reader, device, name, first - HOUR, until) for name in signals}
    conditions = [c for state in states.values() for c in state.when if c.signal in hours]
    edge = since
    for hour in range(first, until, HOUR):
        steady = all(
            _constant(c, hours[c.signal].get(hour), hours[c.signal].get(hour - HOUR)) for c in conditions
        )
        if not steady:
            continue
        begin, end = max(hour, since), min(hour + HOUR, until)
        if edge < begin:
            yield edge, begin, None
        yield begin, end, {name: hours[name][hour].least or 0 for name in signals}
        edge = end
    if edge < until:
        yield edge, until, None


def _constant(condition: Condition, hour: Rollup | None, before: Rollup | None) -> bool:
    """Return whether a condition has one and the same answer within a whole hour without a gap.

    What held into the hour is no sample of it: that is the last one of the hour ``before``.
    """
    if hour is None or hour.good < HOUR or hour.bad or hour.least is None or hour.greatest is None:
        return False
    if before is None or before.last is None:
        return False
    low, high = min(hour.least, before.last), max(hour.greatest, before.last)
    if condition.is_ is not None:
        return low == high
    if condition.magnitude:
        if low < 0 < high:
            low, high = 0, max(-low, high)
        elif high <= 0:
            low, high = -high, -low
    limits = [limit for limit in (condition.above, condition.below) if limit is not None]
    return all((low > limit) == (high > limit) and (low < limit) == (high < limit) for limit in limits)


def _joined(
    device: str,
    states: Mapping[str, OperatingMode],
    steps: Iterator[tuple[int, dict[str, Value]]],
    until: int,
) -> Iterator[ModeSpan]:
    mode, since, before = None, 0, UNKNOWN
    for at, values in steps:
        able = possible(states, values)
        now = able[0] if len(able) == 1 else UNKNOWN
        if now == mode:
            continue
        if mode is not None and at > since:
            yield ModeSpan(device, mode, since, at, begun=before != UNKNOWN, ended=now != UNKNOWN)
            before = mode
        mode, since = now, at
    if mode is not None and until > since:
        yield ModeSpan(device, mode, since, until, begun=before != UNKNOWN, ended=False)


def _kind(
    reader: StateReader, span: ModeSpan, kinds: Mapping[str, OperatingMode], bound: frozenset[str]
) -> str:
    """Return the kind whose conditions held for the longest part of a stay; "" where none did."""
    signals = [name for name in _inputs(kinds) if name in bound]
    held: dict[str, int] = {}
    last: tuple[int, dict[str, Value]] | None = None
    steps = _together(reader, span.device, kinds, signals, (span.since, span.until))
    for at, values in [*steps, (span.until, {})]:
        if last:
            for name in kinds:
                if standing(kinds[name], last[1]):
                    held[name] = held.get(name, 0) + at - last[0]
        last = at, values
    return max(held, key=lambda name: held[name], default="")
