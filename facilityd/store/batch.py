"""What goes into the journal in one transaction, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from facilityd.model.alarm import AlarmState, Change
from facilityd.model.baseline import Baseline
from facilityd.model.command import CommandRecord
from facilityd.model.downtime import Downtime
from facilityd.model.finding import Finding
from facilityd.model.marks import OperatorMark
from facilityd.model.notice import Notice
from facilityd.model.readiness import Check, Waiver
from facilityd.model.sample import Sample


class Delivery(StrEnum):
    """What became of a notice so far."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"  # may have been taken, and is not tried again


@dataclass(frozen=True, slots=True)
class FindingRecord:
    """A finding that differs from the one before, and the id of the sample that caused it."""

    finding: Finding
    sample: int | None = None


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """A change, the id of the sample that caused it, and the notices it causes.

    ``state``, ``condition`` and ``priority`` are the alarm's right after it, so that a sink is told later
    what was true then; empty where they are not known.
    """

    change: Change
    sample: int | None = None
    notices: tuple[Notice, ...] = ()
    state: str = ""
    condition: str = ""
    priority: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """The outbox entry ``notice`` (its id) after an attempt; ``next_at`` in ns UTC.

    ``key`` names one that had no id when it was tried.
    """

    notice: int
    state: Delivery
    attempts: int
    next_at: int = 0
    error: str = ""
    key: str = ""


class LineKind(StrEnum):
    """What a line tells of, so by whose ids a sink's cursor moves."""

    SAMPLE = "sample"
    CHANGE = "change"  # of an alarm


@dataclass(frozen=True, slots=True)
class DeadLetterLine:
    """A line that a sink refuses for good, and why. ``at`` in ns UTC; ``row``: the id of what it tells of."""

    sink: str
    row: int
    at: int
    reason: str
    line: str
    kind: LineKind = LineKind.SAMPLE


@dataclass(frozen=True, slots=True)
class RuleCheckpoint:
    """What the rules keep over a restart, by (device, rule): the samples up to id ``sample`` are in it."""

    sample: int
    states: Mapping[tuple[str, str], Any]


@dataclass(frozen=True, slots=True)
class Batch:
    """One transaction: all of it is durable when ``Journal.commit`` returns, or none of it.

    ``cursors`` maps a sink and a kind of line to the id up to which the sink has them. ``judged`` is the
    last sample that the rules have seen. ``counts`` are added to the counters; ``meta`` replaces texts.
    ``checkpoint`` replaces all that was remembered before. A baseline retires the older ones of its rule;
    ``retired`` are retired at an instant (ns UTC) without another.
    """

    samples: Sequence[Sample] = ()
    findings: Sequence[FindingRecord] = ()
    changes: Sequence[ChangeRecord] = ()
    alarms: Sequence[AlarmState] = ()
    notices: Sequence[Notice] = ()
    attempts: Sequence[Attempt] = ()
    dead_letter_lines: Sequence[DeadLetterLine] = ()
    cursors: Mapping[tuple[str, LineKind], int] = field(default_factory=dict)
    judged: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    meta: Mapping[str, str] = field(default_factory=dict)
    checkpoint: RuleCheckpoint | None = None
    baselines: Sequence[Baseline] = ()
    retired: tuple[Sequence[Baseline], int] = ((), 0)
    waivers: Sequence[Waiver] = ()
    revoked: Sequence[Waiver] = ()
    checks: Sequence[Check] = ()
    marks: Sequence[OperatorMark] = ()
    unmarked: Sequence[OperatorMark] = ()
    downtimes: Sequence[Downtime] = ()
    commands: Sequence[CommandRecord] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """Sample ``n`` of the batch has id ``first + n`` and was stored at ``ats[n]``; ids of changes."""

    first: int
    ats: tuple[int, ...]
    changes: tuple[int, ...] = ()

    @property
    def ids(self) -> range:
        """Return the samples' ids."""
        return range(self.first, self.first + len(self.ats))
