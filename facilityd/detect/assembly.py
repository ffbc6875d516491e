"""Every device of a site compiled; after a change of the site, with what did not change going on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from facilityd.detect.availability import assign_owner
from facilityd.detect.compile import DeviceRules, KeptRules, StreamBinding, compile_device
from facilityd.detect.context import RuleContext
from facilityd.detect.device_state import NEVER, DeviceState
from facilityd.detect.instance import RuleInstance
from facilityd.detect.rule_inputs import FamilyKind, missed, refers
from facilityd.detect.shared_units import share
from facilityd.detect.unreadable import UnreadableDetector
from facilityd.model.rule import Unreadable
from facilityd.model.sample import Stream


@dataclass(frozen=True, slots=True)
class Assembly:
    """Devices with their rules. ``fresh``: the instances that did not exist before."""

    family_of: Mapping[str, FamilyKind]
    device_rules: dict[str, DeviceRules]
    bindings: dict[Stream, StreamBinding]
    fresh: frozenset[RuleInstance]

    def hear_anew(self, now: int) -> None:
        """Let every unit's listening begin at ``now`` (ns, steady)."""
        for one in {id(binding.availability): binding for binding in self.bindings.values()}.values():
            one.availability.restart_listening(now)


def assemble(
    families: Mapping[str, FamilyKind],
    streams: Iterable[Stream],
    ceremony: Callable[[int], bool] | None,
    context: RuleContext | None,
    before: Assembly | None = None,
    rebound: Collection[tuple[str, str]] = (),
) -> Assembly:
    """Compile every device that ``before`` does not have just so.

    ``rebound`` are the (device, signal) whose values mean something else from now on.
    """
    by_device: dict[str, list[Stream]] = {}
    for stream in streams:
        by_device.setdefault(stream.device, []).append(stream)
    special = context.own if context else {}
    family_of = {device: special.get(device, families[own[0].family]) for device, own in by_device.items()}
    device_rules, begins_anew = {}, {device for device, _ in rebound}
    for device, own in by_device.items():
        known = before.device_rules.get(device) if before and device not in begins_anew else None
        if before is None or known is None or list(known.bindings) != own:
            device_rules[device] = compile_device(family_of[device], own, ceremony, context)
        elif _same(before.family_of[device], family_of[device]):
            device_rules[device] = known
        else:
            kept = _kept(known, before.family_of[device], family_of[device])
            device_rules[device] = compile_device(family_of[device], own, ceremony, context, kept)
    bindings = {s: f for b in device_rules.values() for s, f in b.bindings.items()}
    _introduce(device_rules, {device: own[0].family for device, own in by_device.items()}, context)
    assign_owner((stream.device, len(stream.signals), one.availability) for stream, one in bindings.items())
    share(bindings.values(), {device: family.rules for device, family in family_of.items()})
    old = {one for rules in before.device_rules.values() for one in rules.instances} if before else set()
    fresh = (one for rules in device_rules.values() for one in rules.instances if one not in old)
    return Assembly(family_of, device_rules, bindings, frozenset(fresh))


def _same(old: FamilyKind, new: FamilyKind) -> bool:
    """Return whether two families are evaluated the same."""
    if old is new:
        return True
    return _same_shape(old, new) and old.rules == new.rules and list(old.rules) == list(new.rules)


def _same_shape(old: FamilyKind, new: FamilyKind) -> bool:
    """Return whether signals and operating modes are the same."""
    return old.signals == new.signals and list(old.states.items()) == list(new.states.items())


def _kept(known: DeviceRules, old: FamilyKind, new: FamilyKind) -> KeptRules | None:
    """Return what of a device goes on; None where it begins anew with all its rules."""
    return KeptRules(known, _unchanged(known, old, new)) if _same_shape(old, new) else None


def _unchanged(known: DeviceRules, old: FamilyKind, new: FamilyKind) -> frozenset[str]:
    """Return the rules of a device whose instances go on; the observer of a new instance's verdict is new.

    So is the rule that a new one looks at: it is shown the past together with it.
    """
    bound = known.device_state.signal_states
    same = {one.rule for one in known.instances if one.rule in new.rules}
    for name in tuple(same):
        was, now = old.rules[name], new.rules[name]
        looks = isinstance(now.detect, Unreadable) and missed(was, old, bound) != missed(now, new, bound)
        if was != now or looks:
            same.discard(name)
    looking = {name: set(refers(rule)) for name, rule in new.rules.items() if refers(rule)}
    while True:
        begun = len(same)
        for name, others in looking.items():
            if not same.issuperset(others):
                same.discard(name)
            if name not in same:
                same -= others
        if len(same) == begun:
            return frozenset(same)


def _introduce(
    rules: Mapping[str, DeviceRules], families: Mapping[str, str], context: RuleContext | None
) -> None:
    """Tell each device its neighbours, and what lies outside it."""
    groups = context.groups if context else {}
    rows: dict[tuple[str, str], list[DeviceState]] = {}
    for device, device_rules in rules.items():
        state = device_rules.device_state
        rows.setdefault((families[device], groups.get(device, "")), []).append(state)
        device_rules.planned = NEVER
        if context is not None:
            state.context = context
            _name_points(device_rules, context)
    for states in rows.values():
        for state in states:
            state.row = states


def _name_points(device_rules: DeviceRules, context: RuleContext) -> None:
    """Let each unreadable signal name the register or topic that it is bound to by now."""
    for instance in device_rules.instances:
        if isinstance(instance.detector, UnreadableDetector):
            for sign in instance.detector.signs:
                key = device_rules.device_state.device, sign.signal
                sign.point = context.points.get(key, sign.point)
