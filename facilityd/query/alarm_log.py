"""Changes of alarms folded for counting: occurrences, when alarms were annunciated, how long they stood."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from facilityd.model.alarm import AlarmStateName, ChangeKind
from facilityd.model.rule import Priority
from facilityd.store.alarm_log import AlarmLogEntry

_U, _A = AlarmStateName.UNACKNOWLEDGED, AlarmStateName.ACKNOWLEDGED
STANDING = {
    _U.value, _A.value, AlarmStateName.LATCHED_UNACKNOWLEDGED.value,
    AlarmStateName.LATCHED_ACKNOWLEDGED.value,
}  # fmt: skip
"""States in which an alarm stands before people: annunciated, and its condition not over or latched."""
ADVICE = Priority.INFO.name.lower()
"""The priority of what nobody is told: no alarm that is counted."""
_ANEW = (ChangeKind.RAISE, ChangeKind.REALARM, ChangeKind.WORSEN)
_OVER = (ChangeKind.CLEAR, ChangeKind.LATCH, ChangeKind.RETIRE)
# Of changes from before states were stored beside them.
_AFTER = {
    ChangeKind.RAISE: _U.value,
    ChangeKind.REALARM: _U.value,
    ChangeKind.ACKNOWLEDGE: _A.value,
    ChangeKind.CLEAR: AlarmStateName.NORMAL.value,
    ChangeKind.RETIRE: AlarmStateName.NORMAL.value,
    ChangeKind.RESET: AlarmStateName.NORMAL.value,
}
Key = tuple[str, str]
"""A device and a rule."""


class Annunciation(NamedTuple):
    """An instant (ns UTC) at which an alarm came before people.

    It was raised, announced again, grew worse, or was no longer suppressed.
    """

    at: int
    device: str
    rule: str
    priority: str


@dataclass(slots=True)
class OccurrenceSpan:
    """One occurrence. Instants in ns UTC; None: not in the log. ``cleared``: its condition was over.

    ``annunciated``: when it came before people first; ``acknowledged``: after that.
    """

    device: str
    rule: str
    occurrence: int
    priority: str
    raised: int
    annunciated: int | None = None
    acknowledged: int | None = None
    person: str = ""
    cleared: int | None = None
    retired: bool = False


class StandingSpan(NamedTuple):
    """How long an alarm stood before people; ``until`` None: to the end of the log."""

    since: int
    until: int | None
    device: str
    rule: str


class AsideSpan(NamedTuple):
    """From when to when (ns UTC; None: to the end of the log) a device was in maintenance or the like."""

    since: int
    until: int | None
    device: str


@dataclass(slots=True)
class _Alarm:
    state: str = AlarmStateName.NORMAL.value
    since: int | None = None
    aside: int | None = None
    spans: dict[int, OccurrenceSpan] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AlarmLog:
    """All of it, each in the order of time; ``states`` by device and rule as they are at the end.

    ``aside``: by device, when it was in a state in which nobody is told of it; of each of its rules.
    """

    occurrences: tuple[OccurrenceSpan, ...]
    annunciations: tuple[Annunciation, ...]
    standing: tuple[StandingSpan, ...]
    states: dict[Key, str]
    aside: tuple[AsideSpan, ...] = ()

    @classmethod
    def of(cls, rows: Iterable[AlarmLogEntry]) -> AlarmLog:
        """Return what rows in the order of their storing come to."""
        alarms: dict[Key, _Alarm] = {}
        annunciations: list[Annunciation] = []
        standing: list[StandingSpan] = []
        aside: list[AsideSpan] = []
        for row in rows:
            key = row.device, row.rule
            alarm = alarms.get(key) or alarms.setdefault(key, _Alarm())
            standing += _step(alarm, row, annunciations)
            aside += _aside(alarm, row)
        for (device, rule), alarm in alarms.items():
            if alarm.since is not None:
                standing.append(StandingSpan(alarm.since, None, device, rule))
            if alarm.aside is not None:
                aside.append(AsideSpan(alarm.aside, None, device))
        spans = [span for alarm in alarms.values() for span in alarm.spans.values()]
        return cls(
            tuple(sorted(spans, key=lambda span: (span.raised, span.device, span.rule))),
            tuple(sorted(annunciations)),
            tuple(sorted(standing, key=lambda span: (span.since, span.device, span.rule))),
            {key: alarm.state for key, alarm in alarms.items()},
            tuple(sorted(aside, key=lambda span: (span.since, span.device, span.until is None, span.until))),
        )


def _step(alarm: _Alarm, row: AlarmLogEntry, annunciations: list[Annunciation]) -> Iterator[StandingSpan]:
    """Apply one change to an alarm; yield the span that ends with it."""
    before, after = alarm.state, row.state or _AFTER.get(row.kind, alarm.state)
    alarm.state = after
    span = _occurrence(alarm, row)
    priority = row.priority or (span.priority if span else "")
    if after == _U.value and priority != ADVICE and (before != after or row.kind in _ANEW):
        annunciations.append(Annunciation(row.at, row.device, row.rule, priority))
        if span and span.annunciated is None:
            span.annunciated = row.at
    over = after not in STANDING or row.kind is ChangeKind.RAISE
    if alarm.since is not None and over:
        yield StandingSpan(alarm.since, row.at, row.device, row.rule)
        alarm.since = None
    if alarm.since is None and after in STANDING:
        alarm.since = row.at


def _aside(alarm: _Alarm, row: AlarmLogEntry) -> Iterator[AsideSpan]:
    """Note that the device's state begins; yield the span that ends with a change."""
    if row.kind is ChangeKind.STATE_BEGINS and alarm.aside is None:
        alarm.aside = row.at
    if row.kind in (ChangeKind.STATE_OVER, ChangeKind.RETIRE) and alarm.aside is not None:
        yield AsideSpan(alarm.aside, row.at, row.device)
        alarm.aside = None


def _occurrence(alarm: _Alarm, row: AlarmLogEntry) -> OccurrenceSpan | None:
    """Note a change in its occurrence; None where that began before the log does."""
    if row.kind is ChangeKind.RAISE:
        alarm.spans[row.occurrence] = OccurrenceSpan(
            row.device, row.rule, row.occurrence, row.priority, row.at
        )
    span = alarm.spans.get(row.occurrence)
    if span is None:
        return None
    # Who acknowledged what was still suppressed had not been told of it.
    if row.kind is ChangeKind.ACKNOWLEDGE and span.annunciated is not None and span.acknowledged is None:
        span.acknowledged, span.person = row.at, row.person
    if row.kind in _OVER and span.cleared is None:
        span.cleared, span.retired = row.at, row.kind is ChangeKind.RETIRE
    return span
