"""The alarms of a night, out of the journal: one line for each, however often it came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from facilityd.config.site import Device
from facilityd.model.alarm import AlarmState, AlarmStateName, Change, ChangeKind
from facilityd.model.rule import Priority
from facilityd.model.text import Text
from facilityd.notify.morning import NightAlarm
from facilityd.store.reader import JournalReader

Key = tuple[str, str]
HIDDEN = (AlarmStateName.SHELVED, AlarmStateName.BY_DESIGN, AlarmStateName.OUT_OF_SERVICE)
"""Of what is in such a state nobody is told."""
_BEGINS = (ChangeKind.RAISE, ChangeKind.UNSUPPRESS)
_ENDS = (ChangeKind.CLEAR, ChangeKind.RESET, ChangeKind.RETIRE)


def night_alarms(
    reader: JournalReader,
    devices: Mapping[str, Device],
    states: Iterable[AlarmState],
    minimum: Priority,
    since: int,
) -> tuple[list[NightAlarm], list[NightAlarm]]:
    """Return what was told since an instant (ns UTC), and what began before and goes on."""
    now = {(state.device, state.rule): state for state in states if not state.suppressors}
    found: dict[Key, NightAlarm] = {}
    for stored in reader.changes(since):
        _take(stored.change, stored.state, found, devices, minimum)
    raised = [_as_it_is(one, now.get(key)) for key, one in found.items()]
    before = [
        one
        for key, state in now.items()
        if key not in found
        and (state.active or state.latched)
        and (one := _standing(state, devices, minimum))
    ]
    return sorted(raised, key=lambda one: one.raised), sorted(before, key=lambda one: one.raised)


def _take(
    change: Change, state: str, found: dict[Key, NightAlarm], devices: Mapping[str, Device], minimum: Priority
) -> None:
    key = change.device, change.rule
    if change.kind in _BEGINS and state not in HIDDEN:
        known, named = found.get(key), _named(key, devices, minimum)
        if known:
            again = change.kind is ChangeKind.RAISE
            found[key] = replace(known, ended=None, times=known.times + again)
        elif named:
            found[key] = NightAlarm(*named, raised=change.at, ended=None)
    elif change.kind in _ENDS and key in found:
        found[key] = replace(found[key], ended=change.at)


def _as_it_is(one: NightAlarm, state: AlarmState | None) -> NightAlarm:
    return replace(one, acked_by=state.acked_by) if state and one.ended is None else one


def _standing(state: AlarmState, devices: Mapping[str, Device], minimum: Priority) -> NightAlarm | None:
    named = _named((state.device, state.rule), devices, minimum)
    return NightAlarm(*named, state.began or state.since, None, state.acked_by) if named else None


def _named(key: Key, devices: Mapping[str, Device], minimum: Priority) -> tuple[Text, Text, Priority] | None:
    device = devices.get(key[0])
    rule = device.family.rules.get(key[1]) if device else None
    if device is None or rule is None or rule.priority < minimum:
        return None
    return device.name, rule.name, rule.priority
