"""A rule played over stored history by the very code that evaluates live, beside what was raised then."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from facilityd.app.builtin import all_devices
from facilityd.app.calendar import SiteCalendar
from facilityd.app.ceremony import Ceremonies
from facilityd.app.replay import AlarmSpan, JournalReplay, spans
from facilityd.config.site import Device, Site
from facilityd.detect.context import RuleContext
from facilityd.detect.engine import RuleEngine
from facilityd.model.alarm import ChangeKind
from facilityd.model.marks import Marking, OperatorMark
from facilityd.model.rule import Conjunction, Peer, Rule, Silence, with_settings
from facilityd.model.sample import NS, Stream
from facilityd.store.reader import JournalReader

LEAD = 86400 * NS
"""History before the span that the rule sees first, so that it does not begin blind (ns)."""
NEAR = 5 * NS
"""An alarm then and one now whose beginnings lie this close, or that overlap, are the same one (ns)."""
_OVER = (ChangeKind.CLEAR, ChangeKind.LATCH, ChangeKind.RESET, ChangeKind.RETIRE)


@dataclass(frozen=True, slots=True)
class BacktestScore:
    """Alarms against marks. ``delays`` in ns, one for each incident found; ``healthy`` ns marked so."""

    found: int
    missed: tuple[OperatorMark, ...]
    delays: tuple[int, ...]
    false: tuple[AlarmSpan, ...]
    in_healthy: int
    healthy: int


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """One rule on one device over a span: what was raised then, what would be now."""

    device: str
    rule: str
    since: int
    until: int
    then: tuple[AlarmSpan, ...]
    now: tuple[AlarmSpan, ...]
    marks: tuple[OperatorMark, ...] = ()
    samples: int = 0
    values: int = 0

    def score(self, alarms: Iterable[AlarmSpan], fault: str) -> BacktestScore:
        """Hold alarms against the marks; ``fault`` is the rule's number."""
        own = [span for span in alarms if not span.cause]
        incidents = [m for m in self.marks if m.kind is Marking.INCIDENT]
        healthy = [m for m in self.marks if m.kind is Marking.HEALTHY]
        wanted = [m for m in incidents if m.fault in ("", fault)]
        hits = {m.id: [s for s in own if m.overlaps(s.since, s.end(self.until))] for m in wanted}
        false = [s for s in own if not any(m.overlaps(s.since, s.end(self.until)) for m in incidents)]
        return BacktestScore(
            sum(bool(found) for found in hits.values()),
            tuple(m for m in wanted if not hits[m.id]),
            tuple(max(0, hits[m.id][0].since - m.since) for m in wanted if hits[m.id]),
            tuple(false),
            sum(any(m.overlaps(s.since, s.since) for m in healthy) for s in false),
            sum(min(m.until, self.until) - max(m.since, self.since) for m in healthy),
        )

    @property
    def same(self) -> int:
        """How many of then's alarms are there now too."""
        return len(self.then) - len(self.only_then)

    @property
    def only_then(self) -> tuple[AlarmSpan, ...]:
        """Alarms that would not be raised now."""
        return tuple(a for a in self.then if not any(_meet(a, b, self.until) for b in self.now))

    @property
    def only_now(self) -> tuple[AlarmSpan, ...]:
        """Alarms that were not raised then."""
        return tuple(b for b in self.now if not any(_meet(a, b, self.until) for a in self.then))


def _meet(a: AlarmSpan, b: AlarmSpan, last: int) -> bool:
    return abs(a.since - b.since) <= NEAR or (a.since < b.end(last) and b.since < a.end(last))


@dataclass(frozen=True, slots=True)
class _Family:
    """A family of which only some rules are evaluated."""

    signals: Mapping[str, Any]
    states: Mapping[str, Any]
    rules: Mapping[str, Rule]


def needed(rules: Mapping[str, Rule], name: str) -> set[str]:
    """Return a rule with those it is a consequence of and those whose verdicts it looks at."""
    found, ahead = set[str](), [name]
    while ahead:
        one = ahead.pop()
        if one not in found:
            found.add(one)
            detect = rules[one].detect
            ahead += [*rules[one].consequence_of, *(detect.rules if isinstance(detect, Conjunction) else ())]
    return found


@dataclass(slots=True)
class Backtest:
    """One rule of a site over one journal, ``since`` <= t < ``until`` in ns UTC.

    Baselines are those in force now; the samples' steady clock is gone, so their labels stand for it.
    """

    site: Site
    reader: JournalReader
    rule: str
    since: int
    until: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    progress: Callable[[int], None] = lambda _: None

    def run(self, device: str) -> BacktestResult:
        """Play the rule on a device."""
        judged = self._judged(device)
        replay = JournalReplay(
            self.reader, frozenset(d.id for d in judged), lambda: self._engine(judged), self.progress
        )
        found = spans(replay.play(self.since - LEAD, self.until), device, self.rule)
        marks = [m for m in self.reader.marks() if m.device == device and m.overlaps(self.since, self.until)]
        then = _within(then_raised(self.reader, device, self.rule), self.since, self.until)
        now = _within(found, self.since, self.until)
        return BacktestResult(
            device, self.rule, self.since, self.until, tuple(then), tuple(now), tuple(marks),
            replay.samples, replay.values,
        )  # fmt: skip

    def _judged(self, device: str) -> list[Device]:
        """Return the device, and its neighbours where a rule looks at them."""
        known = all_devices(self.site)
        one = known[device]
        names = needed(one.family.rules, self.rule)
        if not any(isinstance(one.family.rules[name].detect, Peer) for name in names):
            return [one]
        key = (one.family.family, one.group)
        return [one, *(d for d in known.values() if (d.family.family, d.group) == key and d.id != device)]

    def _engine(self, judged: list[Device]) -> RuleEngine:
        family = judged[0].family
        names = needed(family.rules, self.rule)
        rules = {name: rule for name, rule in family.rules.items() if name in names}
        rules[self.rule] = with_settings(rules[self.rule], self.settings)
        streams = [stream for device in judged for stream in self._streams(device, rules[self.rule])]
        calendar = SiteCalendar(Ceremonies.of(self.site), self.site.timezone, self.site.duty.holidays)
        groups = {device.id: device.group for device in judged}
        baselines = [b for b in self.reader.baselines() if b.device in groups and b.rule in names]
        context = RuleContext(calendar, groups, baselines)
        return RuleEngine(
            {family.family: _Family(family.signals, family.states, rules)}, streams, calendar.near, context
        )

    def _streams(self, device: Device, rule: Rule) -> list[Stream]:
        """Return a device's streams, also those it had under an earlier configuration."""
        now = list(device.streams)
        if isinstance(rule.detect, Silence):
            return now  # a unit that is gone would be silent for ever
        signals = {signal for stream in now for signal in stream.signals}
        older = [s for s in self.reader.streams().values() if s.device == device.id and s not in now]
        return [*(s for s in older if signals.issuperset(s.signals)), *now]


def then_raised(reader: JournalReader, device: str, rule: str) -> list[AlarmSpan]:
    """Return the alarms of a rule as they were raised and cleared."""
    found: list[AlarmSpan] = []
    for stored in reader.changes():
        change = stored.change
        if (change.device, change.rule) != (device, rule):
            continue
        if change.kind is ChangeKind.RAISE:
            cause = change.evidence.cause if change.evidence else ""
            found.append(AlarmSpan(change.at, None, change.evidence, cause))
        elif found and change.kind is ChangeKind.UNSUPPRESS:
            found[-1].cause = ""
        elif found and found[-1].until is None and change.kind in _OVER:
            found[-1].until = change.at
    return found


def _within(alarms: Iterable[AlarmSpan], since: int, until: int) -> Iterator[AlarmSpan]:
    """Yield the alarms that touch a span of time; one that began before it keeps its beginning."""
    for span in alarms:
        if span.since < until and span.end(until) >= since:
            over = span.until if span.until is not None and span.until < until else None
            yield replace(span, until=over)
