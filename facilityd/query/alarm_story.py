"""One alarm with all that a person in front of it asks: what it rests on, drawn; who knows; who has it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from facilityd.model.alarm import Change, ChangeKind
from facilityd.model.guilty_signal import guilty_signal
from facilityd.model.sample import NS, SignalType
from facilityd.query.alarms import AlarmRecord
from facilityd.query.history import HistoryAnswer, HistoryQuery
from facilityd.query.notices import NoticeRow
from facilityd.query.tasks import TaskRecord

if TYPE_CHECKING:
    from facilityd.query.site import SiteQuery

BEFORE, AFTER = 2700 * NS, 2700 * NS
"""How much is drawn before an alarm was raised, and at most after it (ns)."""
LONG = 4 * 3600 * NS
"""An alarm that stands for less than this is drawn up to now."""


@dataclass(frozen=True, slots=True)
class AlarmSpell:
    """One occurrence. ``ended`` None: it goes on. Instants in ns UTC."""

    number: int
    raised: int
    ended: int | None
    acked_by: str


@dataclass(frozen=True, slots=True)
class AlarmStory:
    """``plot``: the signal that it rests on, around the last raise; None where there is no number to draw.

    ``low`` and ``high``: between them the rule is content. ``notices`` are of the newest occurrence, ``task``
    the open repair with what happened to it. ``now`` in ns UTC.
    """

    record: AlarmRecord
    plot: HistoryAnswer | None
    low: float | None
    high: float | None
    notices: Sequence[NoticeRow]
    task: TaskRecord | None
    now: int

    @property
    def life(self) -> list[Change]:
        """The changes of the newest occurrence, the newest first."""
        state = self.record.state
        number = state.occurrence if state else 0
        return [one for one in reversed(self.record.changes) if one.occurrence == number]

    @property
    def spells(self) -> list[AlarmSpell]:
        """Every occurrence, the newest first."""
        return list(_spells(self.record.changes))[::-1]


def read_story(query: SiteQuery, device: str, rule: str, bucket: int, now: int) -> AlarmStory:
    """Return an alarm whole; its plot in buckets of ``bucket`` ns. Raises UsageError."""
    record = query.alarm(device, rule)
    raised = record.state.raised_at if record.state else None
    notices = query.notices(raised) if raised else []
    mine = [one for one in notices if (one.device, one.rule) == (device, rule)]
    opened = next((row.task.id for row in query.tasks() if row.task.key == (device, rule)), None)
    task = None if opened is None else query.task(opened)
    low, high = _content(record)
    return AlarmStory(record, _plot(query, record, bucket, now), low, high, mine, task, now)


def _plot(query: SiteQuery, record: AlarmRecord, bucket: int, now: int) -> HistoryAnswer | None:
    raised = record.state.raised_at if record.state else None
    signal = _signal(record)
    if not (raised and signal and record.device and record.state):
        return None
    if record.device.family.signals[signal].type is SignalType.TEXT:
        return None
    stands = record.state.active and now - raised < LONG
    until = now if stands else min(now, (record.state.cleared_at or raised) + AFTER, raised + LONG)
    return query.history(HistoryQuery(record.device.id, signal, raised - BEFORE, until, bucket))


def _signal(record: AlarmRecord) -> str:
    if record.device is None or record.about is None:
        return ""
    told = (c.evidence for c in reversed(record.changes) if c.evidence and c.kind is ChangeKind.RAISE)
    return guilty_signal(record.device.bound, record.about, next(told, None))


def _content(record: AlarmRecord) -> tuple[float | None, float | None]:
    """Return between what the rule is content; (None, None) for one that has no fixed limit."""
    detect = record.about.detect if record.about else None
    if detect is None or getattr(detect, "signal", "") != _signal(record):
        return None, None
    return getattr(detect, "below", None), getattr(detect, "above", None)


def _spells(changes: Sequence[Change]) -> Iterator[AlarmSpell]:
    numbers = dict.fromkeys(one.occurrence for one in changes if one.occurrence)
    for number in numbers:
        mine = [one for one in changes if one.occurrence == number]
        raised = next((one.at for one in mine if one.kind is ChangeKind.RAISE), mine[0].at)
        ended = next((one.at for one in reversed(mine) if one.kind is ChangeKind.CLEAR), None)
        who = next((one.person for one in mine if one.kind is ChangeKind.ACKNOWLEDGE), "")
        yield AlarmSpell(number, raised, ended, who)
