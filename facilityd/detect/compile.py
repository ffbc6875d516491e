"""From a family's rules and a device's streams to what is run when a sample comes."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field

from facilityd.detect.availability import UnitAvailability
from facilityd.detect.conditional import ConditionalDetector
from facilityd.detect.context import RuleContext
from facilityd.detect.dependencies import QUALITY, VerdictScope, dependencies, number
from facilityd.detect.device_state import NEVER, DeviceState, SignalState
from facilityd.detect.explained import ExplainedLimits
from facilityd.detect.instance import RuleInstance
from facilityd.detect.kinds import KINDS
from facilityd.detect.limit import LimitDetector
from facilityd.detect.rule_inputs import (
    FamilyKind,
    during,
    inputs,
    missed,
    mode_signals,
    needs,
    steps,
    touches,
)
from facilityd.model.operating_mode import CEREMONY, REST
from facilityd.model.rule import Invalid, Rate, Rule, Schedule, Silence, Unreadable
from facilityd.model.sample import STALE_PERIODS, Stream


@dataclass(slots=True, eq=False)
class DeviceRules:
    """Everything that evaluates one device. ``missing``: signals and states that keep a rule from applying.

    ``planned``: when time alone may first change a verdict here, ns, steady.
    """

    device_state: DeviceState
    bindings: dict[Stream, StreamBinding] = field(default_factory=dict)
    instances: tuple[RuleInstance, ...] = ()
    missing: dict[str, tuple[str, ...]] = field(default_factory=dict)
    planned: int = NEVER

    def look_anew(self) -> None:
        """Let every rule run with the next sample: a verdict changed, or what it looks for."""
        for instance in self.instances:
            instance.standing = VerdictScope.RUN

    def plan(self) -> None:
        """Look again by time alone when the first rule asks for it, as of now."""
        self.planned = min(instance.wake for instance in self.instances)


@dataclass(slots=True, eq=False)
class StreamBinding:
    """What one stream moves: signal states, an availability, and the rules that look at them."""

    device_state: DeviceState
    signal_states: tuple[SignalState, ...]
    availability: UnitAvailability
    device_rules: DeviceRules
    instances: tuple[RuleInstance, ...] = ()
    newest: int = NEVER
    changed: int = -1
    """The bits of what the newest sample changed (detect/dependencies.py)."""
    bad: bool = True


@dataclass(frozen=True, slots=True)
class KeptRules:
    """What goes on over a change of a device's rules: its state, and the instances of these rules."""

    device_rules: DeviceRules
    rules: frozenset[str]

    @property
    def instances(self) -> dict[str, RuleInstance]:
        """The instances that go on, by rule."""
        return {one.rule: one for one in self.device_rules.instances if one.rule in self.rules}


def _device_state(
    family: FamilyKind,
    streams: Sequence[Stream],
    near: Callable[[int], bool] | None,
    context: RuleContext,
) -> DeviceState:
    signal_states = {
        signal: SignalState(signal, family.signals[signal].unit, stream.expected)
        for stream in streams
        for signal in stream.signals
    }
    availabilities = {stream: UnitAvailability(stream.unit, stream.expected) for stream in streams}
    availability_of = {signal: availabilities[stream] for stream in streams for signal in stream.signals}
    states = {n: s for n, s in family.states.items() if all(c.signal in signal_states for c in s.when)}
    return DeviceState(
        streams[0].device, signal_states, tuple(availabilities.values()), states,
        near or (lambda _: False), context, availability_of=availability_of,
    )  # fmt: skip


def compile_device(
    family: FamilyKind,
    streams: Sequence[Stream],
    near: Callable[[int], bool] | None,
    context: RuleContext | None = None,
    kept: KeptRules | None = None,
) -> DeviceRules:
    """Return all rules of one device. Its neighbours are added later (``RuleEngine``).

    ``kept``, of the same streams and signals, goes on; its ``DeviceRules`` is not used any more.
    """
    context = context or RuleContext()
    device_state = kept.device_rules.device_state if kept else _device_state(family, streams, near, context)
    signal_states = device_state.signal_states
    missing = {
        name: _missing(rule, family, signal_states, calendar=near is not None)
        for name, rule in family.rules.items()
    }
    for name, rule in family.rules.items():
        if isinstance(rule.detect, Schedule) and context.calendar is None:
            missing[name] = (*missing[name], "calendar")
    device_rules = DeviceRules(
        device_state, missing={name: signals for name, signals in missing.items() if signals}
    )
    instances, going_on = {}, kept.instances if kept else {}
    device_state.rules = {}
    for name in sorted(family.rules, key=lambda n: steps(n, family)):
        if name not in device_rules.missing:
            instance = going_on.get(name) or _instance(device_state, name, family, streams)
            instances[name] = instance
            if isinstance(instance.detector, ConditionalDetector):
                device_state.rules[name] = instance.detector
    for name, instance in instances.items():
        instance.causes = tuple(instances[c] for c in family.rules[name].consequence_of if c in instances)
        instance.limits = _limits(family.rules[name], device_state)
        instance.preferred = tuple(
            instances[other] for other in family.rules[name].stands_in_for if other in instances
        )
        instance.doubted = _doubted(name, family, instances)
    # Causes are evaluated before their consequences, so that both can be reported for one sample; what calls
    # a sensor false before what reads it.
    order = sorted(instances, key=lambda name: (_depth(name, family), not family.rules[name].doubts))
    instances = {name: instances[name] for name in order}
    device_rules.instances = tuple(instances.values())
    number(signal_states.values())
    for name, instance in instances.items():
        _depend(instance, family.rules[name], family, device_state)
    for stream in streams:
        seen = tuple(
            instance for n, instance in instances.items() if touches(family.rules[n], family, stream)
        )
        device_rules.bindings[stream] = StreamBinding(
            device_state,
            tuple(signal_states[s] for s in stream.signals),
            device_state.availability_of[stream.signals[0]],
            device_rules,
            seen,
        )
    return device_rules


def _depend(
    instance: RuleInstance,
    rule: Rule,
    family: FamilyKind,
    device_state: DeviceState,
) -> None:
    enabling = {*mode_signals(rule, family), *(c.signal for c in getattr(rule.detect, "when", ()))}
    states = device_state.signal_states
    instance.dependencies = dependencies(enabling, inputs(rule, family), states)
    if isinstance(rule.detect, Silence):
        instance.dependencies = (-1, QUALITY, QUALITY)
    if isinstance(rule.detect, Unreadable):
        instance.dependencies = (-1, 0, 0)  # it says itself when it looks again
    instance.standing = VerdictScope.RUN


def _limits(rule: Rule, device_state: DeviceState) -> dict[str, ExplainedLimits]:
    """Return how far causes explain a rule; a condition of a signal that is not bound stands in no way."""
    known = device_state.signal_states
    return {
        cause: ExplainedLimits(
            tuple((test, known[test.signal]) for test in one.when if test.signal in known),
            one.cause_from,
            one.up_to,
            tuple(
                (known[signal], codes)
                for signal, words in one.codes.items()
                if (codes := _codes(device_state, signal, words))
            ),
        )
        for cause, one in rule.explained.items()
    }


def _codes(device_state: DeviceState, signal: str, words: Container[str]) -> frozenset[int]:
    """Return the codes of a signal that come from one of these; none where its profile names none."""
    if signal not in device_state.signal_states:
        return frozenset()
    means = device_state.context.meanings.get((device_state.device, signal), {})
    return frozenset(code for code, word in means.items() if word in words)


def _doubted(
    name: str, family: FamilyKind, instances: Mapping[str, RuleInstance]
) -> tuple[tuple[RuleInstance, str], ...]:
    """Return what may call a sensor false that a rule reads. Rules on sensors themselves go on."""
    rule = family.rules[name]
    if rule.doubts or isinstance(rule.detect, Unreadable | Invalid):
        return ()
    reads = needs(rule, family)
    return tuple(
        (instance, signal)
        for other, instance in instances.items()
        for signal in family.rules[other].doubts
        if signal in reads
    )


def _depth(name: str, family: FamilyKind) -> int:
    causes = family.rules[name].consequence_of
    return 1 + max(_depth(c, family) for c in causes) if causes else 0


def _instance(
    device_state: DeviceState, name: str, family: FamilyKind, streams: Sequence[Stream]
) -> RuleInstance:
    rule = family.rules[name]
    periods = [
        device_state.signal_states[s].expected
        for s in inputs(rule, family)
        if s in device_state.signal_states
    ]
    expected = periods or [s.expected for s in streams]
    detect = rule.detect
    if isinstance(detect, Unreadable):
        detect = detect.model_copy(update={"signals": missed(rule, family, device_state.signal_states)})
    detector = KINDS[detect.kind](detect, device_state)
    if isinstance(detector, LimitDetector):
        detector.heeds_retained = rule.at_stake == "safety"
    instance = RuleInstance(device_state.device, name, detector, STALE_PERIODS * max(expected))
    lasts = getattr(detect, "off_delay", 0) + (detect.over if isinstance(detect, Rate) else 0)
    instance.grace += lasts  # so long it says of what is over that it goes on
    if isinstance(rule.detect, Unreadable):
        instance.wait = instance.grace = rule.detect.on_delay
    return instance


def _missing(
    rule: Rule, family: FamilyKind, bound: Mapping[str, SignalState], *, calendar: bool
) -> tuple[str, ...]:
    needed = needs(rule, family)
    if isinstance(rule.detect, Unreadable) and not missed(rule, family, bound):
        return rule.detect.signals
    known = {*family.states, REST, *([CEREMONY] if calendar else [])}
    modes = set(during(rule))
    unknown_modes = modes - known if modes - known == modes else set()
    return (*sorted(needed - set(bound)), *sorted(unknown_modes))
