"""From a family's rules and a device's streams to what is run when a sample comes."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from facilityd.detect.availability import UnitAvailability
from facilityd.detect.conditional import ConditionalDetector
from facilityd.detect.context import RuleContext
from facilityd.detect.device_state import NEVER, DeviceState, SignalState
from facilityd.detect.explained import ExplainedLimits
from facilityd.detect.instance import RuleInstance
from facilityd.detect.kinds import KINDS
from facilityd.detect.limit import LimitDetector
from facilityd.model.operating_mode import CEREMONY, REST, OperatingMode
from facilityd.model.rule import Conjunction, Invalid, Rule, Schedule, Unreadable
from facilityd.model.sample import STALE_PERIODS, Stream


class SignalKind(Protocol):
    """What is asked of a signal."""

    @property
    def unit(self) -> str:
        """Its unit of measure."""


class FamilyKind(Protocol):
    """What is asked of a family."""

    @property
    def signals(self) -> Mapping[str, SignalKind]:
        """Its signals by name."""

    @property
    def states(self) -> Mapping[str, OperatingMode]:
        """Its operating modes, the first that holds wins."""

    @property
    def rules(self) -> Mapping[str, Rule]:
        """Its rules by name."""


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


@dataclass(slots=True, eq=False)
class StreamBinding:
    """What one stream moves: signal states, an availability, and the rules that look at them."""

    device_state: DeviceState
    signal_states: tuple[SignalState, ...]
    availability: UnitAvailability
    device_rules: DeviceRules
    instances: tuple[RuleInstance, ...] = ()
    newest: int = NEVER


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
        instance.limits = _limits(family.rules[name], signal_states)
        instance.doubted = _doubted(name, family, instances)
    # Causes are evaluated before their consequences, so that both can be reported for one sample.
    order = sorted(instances, key=lambda name: _depth(name, family))
    instances = {name: instances[name] for name in order}
    device_rules.instances = tuple(instances.values())
    for stream in streams:
        seen = tuple(
            instance for n, instance in instances.items() if _touches(family.rules[n], family, stream)
        )
        device_rules.bindings[stream] = StreamBinding(
            device_state,
            tuple(signal_states[s] for s in stream.signals),
            device_state.availability_of[stream.signals[0]],
            device_rules,
            seen,
        )
    return device_rules


def _limits(rule: Rule, known: Mapping[str, SignalState]) -> dict[str, ExplainedLimits]:
    """Return how far causes explain a rule; a condition of a signal that is not bound stands in no way."""
    return {
        cause: ExplainedLimits(
            tuple((test, known[test.signal]) for test in one.when if test.signal in known),
            one.cause_from,
            one.up_to,
        )
        for cause, one in rule.explained.items()
    }


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


def refers(rule: Rule) -> tuple[str, ...]:
    """Return the rules whose verdicts a rule looks at."""
    return rule.detect.rules if isinstance(rule.detect, Conjunction) else ()


def steps(name: str, family: FamilyKind) -> int:
    """Return how many rules must be there before this one: those it looks at come first."""
    return max((1 + steps(other, family) for other in refers(family.rules[name])), default=0)


def needs(rule: Rule, family: FamilyKind) -> set[str]:
    """Return every signal a rule cannot do without, those of its modes and of rules it looks at included."""
    others = (needs(family.rules[name], family) for name in refers(rule))
    return {*rule.detect.inputs, *_mode_signals(rule, family)}.union(*others)


def _instance(
    device_state: DeviceState, name: str, family: FamilyKind, streams: Sequence[Stream]
) -> RuleInstance:
    rule = family.rules[name]
    inputs = [
        device_state.signal_states[s].expected
        for s in _signals(rule, family)
        if s in device_state.signal_states
    ]
    expected = inputs or [s.expected for s in streams]
    detect = rule.detect
    if isinstance(detect, Unreadable):
        detect = detect.model_copy(update={"signals": missed(rule, family, device_state.signal_states)})
    detector = KINDS[detect.kind](detect, device_state)
    if isinstance(detector, LimitDetector):
        detector.heeds_retained = rule.at_stake == "safety"
    instance = RuleInstance(device_state.device, name, detector, STALE_PERIODS * max(expected))
    if isinstance(rule.detect, Unreadable):
        instance.wait = instance.grace = rule.detect.on_delay
    return instance


def missed(rule: Rule, family: FamilyKind, bound: Container[str]) -> tuple[str, ...]:
    """Return the signals of an unreadable rule that a device has (``bound``) and that are missed if not read.

    One that grave rules need, none of which can be evaluated there anyway, is not: nothing goes unseen.
    """
    if not isinstance(rule.detect, Unreadable):
        return ()
    wanted: dict[str, bool] = {}
    for other in family.rules.values():
        if other.at_stake == rule.at_stake and not isinstance(other.detect, Unreadable):
            signals = needs(other, family)
            applies = all(signal in bound for signal in signals)
            wanted |= {signal: wanted.get(signal, False) or applies for signal in signals}
    return tuple(s for s in rule.detect.signals if s in bound and wanted.get(s, True))


def _signals(rule: Rule, family: FamilyKind) -> set[str]:
    """Return every signal a rule looks at, those among them that it can do without."""
    return needs(rule, family).union(rule.detect.signals if isinstance(rule.detect, Unreadable) else ())


def _during(rule: Rule) -> tuple[str, ...]:
    return getattr(rule.detect, "during", ())


def _mode_signals(rule: Rule, family: FamilyKind) -> set[str]:
    """Return the signals that decide whether the device is in one of the rule's operating modes."""
    during = set(_during(rule)) - {CEREMONY}
    if not during:
        return set()
    names = list(family.states)
    # The first state that holds wins, so those before the last one named matter too.
    last = (
        len(names) if REST in during else 1 + max((names.index(n) for n in during if n in names), default=-1)
    )
    return {condition.signal for name in names[:last] for condition in family.states[name].when}


def _missing(
    rule: Rule, family: FamilyKind, bound: Mapping[str, SignalState], *, calendar: bool
) -> tuple[str, ...]:
    needed = needs(rule, family)
    if isinstance(rule.detect, Unreadable) and not missed(rule, family, bound):
        return rule.detect.signals
    known = {*family.states, REST, *([CEREMONY] if calendar else [])}
    during = set(_during(rule))
    unknown_modes = during - known if during - known == during else set()
    return (*sorted(needed - set(bound)), *sorted(unknown_modes))


def _touches(rule: Rule, family: FamilyKind, stream: Stream) -> bool:
    inputs = _signals(rule, family)
    return not inputs or not inputs.isdisjoint(stream.signals)
