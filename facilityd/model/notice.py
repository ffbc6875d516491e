"""A notice: one message to one person over one channel, and what became of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import IntEnum, StrEnum
from typing import Self
from urllib.parse import quote

from facilityd.model.text import Language


class Purpose(StrEnum):
    """Why somebody is notified."""

    RAISED = "raised"
    REALARMED = "re-alarmed"
    WORSENED = "worsened"
    ESCALATED = "escalated"
    ACKNOWLEDGED = "acknowledged"
    LATCHED = "latched"
    CLEARED = "cleared"
    UNWATCHED = "unwatched"
    SUPPRESSED = "suppressed"  # by a person: shelved or taken out of service
    STATE_OVER = "state-over"  # of a device, by its time
    REVIEW = "review"  # out of service, and its review is due
    NOT_READY = "not-ready"
    READY = "ready"
    DIGEST = "digest"
    MORNING = "morning"  # what happened at night
    TASK_DUE = "task-due"  # an inspection is to be done
    TASK_OVERDUE = "task-overdue"
    TASK_REOPENED = "task-reopened"  # said to be done, and it is not
    TASK_VERIFIED = "task-verified"
    TASK_TAKEN_OVER = "task-taken-over"  # these three by somebody else than had it
    TASK_DONE = "task-done"
    TASK_CANCELLED = "task-cancelled"
    TEST = "test"


OF_TASKS = frozenset(purpose for purpose in Purpose if purpose.startswith("task-"))
"""What is said of tasks. Each stands for itself, also where its task is of an alarm of which more is said."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Rendered and ready. ``key`` is the same for every attempt: a receiver may drop doubles.

    ``recipient`` and ``channel`` are ids; ``priority`` is 1 (low) to 4 (critical);
    ``at`` is when it happened, ns UTC. ``not_before``: it waits for the digest of then (ns UTC); 0: at once.
    """

    key: str
    recipient: str
    channel: str
    purpose: Purpose
    language: Language
    subject: str
    body: str
    device: str = ""
    rule: str = ""
    occurrence: int = 0
    priority: int = 1
    at: int = 0
    not_before: int = 0
    alarms: tuple[tuple[str, str, int], ...] = ()
    """Of a digest: (device, rule, occurrence) of each alarm that it stands for."""

    def to_json(self) -> str:
        """Return one line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return what ``to_json`` wrote."""
        data = json.loads(text)
        alarms = tuple((device, rule, number) for device, rule, number in data.pop("alarms", ()))
        return cls(purpose=Purpose(data.pop("purpose")), alarms=alarms, **data)


def notice_key(*parts: object) -> str:
    """Return a key of printable ASCII: it travels in HTTP headers."""
    return "/".join(quote(str(part), safe="-._~") for part in parts)


class DeliveryOutcome(StrEnum):
    """Four, not two (docs/reference/alarms.md §5.3)."""

    ACCEPTED = "accepted"  # the other side took it over; nobody has read it yet
    REJECTED = "rejected"  # it will never be taken like this
    TRANSIENT = "transient"  # certainly not taken; may be later
    UNKNOWN = "unknown"  # may have been taken: trying again may double it


class SendFailure(IntEnum):
    """Why a notice was not taken; signal ``why`` of family ``channel`` has the words for people."""

    NONE = 0
    LOGIN = 1
    ADDRESS = 2
    ENCRYPTION = 3
    CERTIFICATE = 4
    REDIRECT = 5
    CONNECTION = 6
    NAME = 7
    TIMEOUT = 8
    SERVER = 9
    CUT = 10
    REFUSED = 11
    BUSY = 12
    WEB_PAGE = 13


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """What one attempt came to. ``retry_after`` is the wait in ns that the other side asks for.

    ``reason`` says it in a few words, mostly the other side's, and never holds a secret.
    """

    result: DeliveryOutcome
    reason: str = ""
    retry_after: int | None = None
    failure: SendFailure = SendFailure.NONE

    @property
    def final(self) -> bool:
        """True where another attempt would be wrong or useless."""
        return self.result in (DeliveryOutcome.ACCEPTED, DeliveryOutcome.REJECTED)
