"""What a rule asks of its family: the signals that it reads, those of its operating modes, other rules."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Protocol

from facilityd.model.operating_mode import CEREMONY, REST, OperatingMode
from facilityd.model.rule import Conjunction, Rate, Rule, Unreadable
from facilityd.model.sample import Stream


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


def refers(rule: Rule) -> tuple[str, ...]:
    """Return the rules whose verdicts a rule looks at."""
    if isinstance(rule.detect, Rate):
        return (rule.detect.weather_of,) if rule.detect.weather_of else ()
    return rule.detect.rules if isinstance(rule.detect, Conjunction) else ()


def steps(name: str, family: FamilyKind) -> int:
    """Return how many rules must be there before this one: those it looks at come first."""
    return max((1 + steps(other, family) for other in refers(family.rules[name])), default=0)


def needs(rule: Rule, family: FamilyKind) -> set[str]:
    """Return every signal a rule cannot do without, those of its modes and of rules it looks at included."""
    others = (needs(family.rules[name], family) for name in refers(rule))
    return {*rule.detect.inputs, *mode_signals(rule, family)}.union(*others)


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


def inputs(rule: Rule, family: FamilyKind) -> set[str]:
    """Return every signal a rule looks at, those among them that it can do without."""
    return needs(rule, family).union(rule.detect.signals if isinstance(rule.detect, Unreadable) else ())


def during(rule: Rule) -> tuple[str, ...]:
    """Return the operating modes in which a rule is evaluated; none: in all."""
    return getattr(rule.detect, "during", ())


def mode_signals(rule: Rule, family: FamilyKind) -> set[str]:
    """Return the signals that decide whether the device is in one of the rule's operating modes."""
    modes = set(during(rule)) - {CEREMONY}
    if not modes:
        return set()
    names = list(family.states)
    # The first state that holds wins, so those before the last one named matter too.
    last = len(names) if REST in modes else 1 + max((names.index(n) for n in modes if n in names), default=-1)
    return {condition.signal for name in names[:last] for condition in family.states[name].when}


def touches(rule: Rule, family: FamilyKind, stream: Stream) -> bool:
    """Return whether a stream brings something that a rule looks at."""
    found = inputs(rule, family)
    return not found or not found.isdisjoint(stream.signals)
