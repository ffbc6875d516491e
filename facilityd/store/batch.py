"""What goes into the journal in one transaction, and what comes back.

A batch is a list of writes. Each kind of write is a class beside the table that it fills and applies itself;
the journal knows none of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import apsw

from facilityd.model.alarm import Change
from facilityd.model.finding import Finding
from facilityd.model.notice import Notice

if TYPE_CHECKING:
    from facilityd.store.samples import SampleTable


class Delivery(StrEnum):
    """What became of a notice so far."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"  # may have been taken, and is not tried again
    DEFERRED = "deferred"  # waits for somebody's quiet hours to end
    DIGESTED = "digested"  # was told in a digest


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
    """The outbox entry ``notice`` (its id) after an attempt.

    ``next_at`` (ns UTC): when it is tried again; of one that is not tried again, when that became known.
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


@dataclass(slots=True)
class WriteContext:
    """The transaction that writes apply themselves to; ``counts`` are added to the counters at its end."""

    db: apsw.Connection
    counts: Counter[str]
    samples: SampleTable
    ats: list[int] = field(default_factory=list)
    changes: list[int] = field(default_factory=list)


class Write:
    """Rows of one kind. A kind is a frozen dataclass with ``apply``; what it writes is all that it knows."""

    __slots__ = ()

    @property
    def incoming(self) -> int:
        """How many samples it brings: so many of the oldest may have to make room."""
        return 0

    @property
    def steady(self) -> int | None:
        """The newest instant in it (ns, steady clock), by which age is counted; None where it has none."""
        return None

    def apply(self, to: WriteContext) -> None:
        """Write the rows. Raises ValueError, apsw.Error; then nothing of the transaction is kept."""
        raise NotImplementedError


Batch = Sequence[Write]
"""One transaction, in this order: all of it is durable when ``Journal.commit`` returns, or none of it."""


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
