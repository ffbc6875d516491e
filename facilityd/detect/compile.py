"""From a family's rules and a device's streams to what is run when a sample comes."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from facilityd.detect.gated import GatedDetector
from facilityd.detect.kinds import KINDS
from facilityd.detect.limit import LimitDetector
from facilityd.detect.surroundings import Surroundings
from facilityd.detect.view import LIFETIME, NEVER, Cell, View
from facilityd.detect.voice import Voice
from facilityd.detect.watch import Watch
from facilityd.model.duty import CEREMONY, REST, DutyState
from facilityd.model.rule import Conjunction, Rule, Schedule, Unreadable
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
    def states(self) -> Mapping[str, DutyState]:
        """Its duty states, the first that holds wins."""

    @property
    def rules(self) -> Mapping[str, Rule]:
        """Its rules by name."""


@dataclass(slots=True, eq=False)
class Bench:
    """Everything that judges one device. ``missing``: signals and states that keep a rule from applying.

    ``planned``: when time alone may first change a verdict here, ns, steady.
    """

    view: View
    feeds: dict[Stream, Feed] = field(default_factory=dict)
    watches: tuple[Watch, ...] = ()
    missing: dict[str, tuple[str, ...]] = field(default_factory=dict)
    planned: int = NEVER


@dataclass(slots=True, eq=False)
class Feed:
    """What one stream moves: its cells, its voice, and the rules that look at them."""

    view: View
    cells: tuple[Cell, ...]
    voice: Voice
    bench: Bench
    watches: tuple[Watch, ...] = ()
    newest: int = NEVER


def compile_device(
    family: FamilyKind,
    streams: Sequence[Stream],
    near: Callable[[int], bool] | None,
    around: Surroundings | None = None,
) -> Bench:
    """Return the bench of one device. Neighbours are introduced later (``Judge``)."""
    cells = {
        signal: Cell(signal, family.signals[signal].unit, stream.expected)
        for stream in streams
        for signal in stream.signals
    }
    voices = {stream: Voice(stream.unit, stream.expected) for stream in streams}
    voice_of = {signal: voices[stream] for stream in streams for signal in stream.signals}
    states = {n: s for n, s in family.states.items() if all(c.signal in cells for c in s.when)}
    around = around or Surroundings()
    view = View(
        streams[0].device, cells, tuple(voices.values()), states, near or (lambda _: False), around,
        voice_of=voice_of,
    )  # fmt: skip
    missing = {
        name: _missing(rule, family, cells, calendar=near is not None) for name, rule in family.rules.items()
    }
    for name, rule in family.rules.items():
        if isinstance(rule.detect, Schedule) and around.calendar is None:
            missing[name] = (*missing[name], "calendar")
    bench = Bench(view, missing={name: signals for name, signals in missing.items() if signals})
    watches = {}
    for name in sorted(family.rules, key=lambda n: _steps(n, family)):
        if name not in bench.missing:
            watches[name] = watch = _watch(view, name, family, streams)
            if isinstance(watch.detector, GatedDetector):
                view.rules[name] = watch.detector
    for name, watch in watches.items():
        watch.causes = tuple(watches[c] for c in family.rules[name].consequence_of if c in watches)
    # Causes are judged before their consequences, so that both can be told of one sample.
    order = sorted(watches, key=lambda name: _depth(name, family))
    watches = {name: watches[name] for name in order}
    bench.watches = tuple(watches.values())
    for stream in streams:
        seen = tuple(w for n, w in watches.items() if _touches(family.rules[n], family, stream))
        bench.feeds[stream] = Feed(view, tuple(cells[s] for s in stream.signals), voices[stream], bench, seen)
    return bench


def _depth(name: str, family: FamilyKind) -> int:
    causes = family.rules[name].consequence_of
    return 1 + max(_depth(c, family) for c in causes) if causes else 0


def _refers(rule: Rule) -> tuple[str, ...]:
    """Return the rules whose verdicts a rule looks at."""
    return rule.detect.rules if isinstance(rule.detect, Conjunction) else ()


def _steps(name: str, family: FamilyKind) -> int:
    """Return how many rules must be there before this one: those it looks at come first."""
    return max((1 + _steps(other, family) for other in _refers(family.rules[name])), default=0)


def needs(rule: Rule, family: FamilyKind) -> set[str]:
    """Return every signal a rule cannot do without, those of its duty and of rules it looks at among them."""
    others = (needs(family.rules[name], family) for name in _refers(rule))
    return {*rule.detect.inputs, *_duty_signals(rule, family)}.union(*others)


def _watch(view: View, name: str, family: FamilyKind, streams: Sequence[Stream]) -> Watch:
    rule = family.rules[name]
    looked_at = [view.cells[s].expected for s in _signals(rule, family) if s in view.cells]
    expected = looked_at or [s.expected for s in streams]
    detect = rule.detect
    if isinstance(detect, Unreadable):
        detect = detect.model_copy(update={"signals": missed(rule, family, view.cells)})
    detector = KINDS[detect.kind](detect, view)
    if isinstance(detector, LimitDetector):
        detector.heeds_retained = rule.at_stake == "safety"
    watch = Watch(view.device, name, detector, LIFETIME * max(expected))
    if isinstance(rule.detect, Unreadable):
        watch.wait = watch.grace = rule.detect.hold
    return watch


def missed(rule: Rule, family: FamilyKind, bound: Container[str]) -> tuple[str, ...]:
    """Return the signals of an unreadable rule that a device has (``bound``) and that are missed if not read.

    One that grave rules need, none of which can be judged there anyway, is not: nothing goes unseen.
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


def _duty_signals(rule: Rule, family: FamilyKind) -> set[str]:
    """Return the signals that decide whether the device is in one of the rule's duty states."""
    during = set(_during(rule)) - {CEREMONY}
    if not during:
        return set()
    names = list(family.states)
    # The first state that holds wins, so those before the last one named matter too.
    last = (
        len(names) if REST in during else 1 + max((names.index(n) for n in during if n in names), default=-1)
    )
    return {condition.signal for name in names[:last] for condition in family.states[name].when}


def _missing(rule: Rule, family: FamilyKind, bound: Mapping[str, Cell], *, calendar: bool) -> tuple[str, ...]:
    needed = needs(rule, family)
    if isinstance(rule.detect, Unreadable) and not missed(rule, family, bound):
        return rule.detect.signals
    known = {*family.states, REST, *([CEREMONY] if calendar else [])}
    during = set(_during(rule))
    unheard = during - known if during - known == during else set()
    return (*sorted(needed - set(bound)), *sorted(unheard))


def _touches(rule: Rule, family: FamilyKind, stream: Stream) -> bool:
    inputs = _signals(rule, family)
    return not inputs or not inputs.isdisjoint(stream.signals)
