"""Rows of the journal, as they are read."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from facilityd.model.alarm import Change, ChangeKind
from facilityd.model.finding import Evidence, Finding
from facilityd.model.notice import Notice
from facilityd.model.sample import SignalType, Stream
from facilityd.store.batch import Delivery
from facilityd.store.checksum import sound

log = logging.getLogger(__name__)
T = TypeVar("T")
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError)
"""What building from a row may end in, where a bit of it has flipped."""


@dataclass(frozen=True, slots=True)
class StoredSample:
    """A row as it lies in the journal; ``JournalReader.sample`` turns it into a sample."""

    id: int
    stream: int
    at: int
    data: bytes
    reasons: str | None


@dataclass(frozen=True, slots=True)
class StoredChange:
    """A change, its id and the id of the sample that caused it.

    ``state``, ``condition`` and ``priority`` are the alarm's right after it; empty where it is not on record.
    """

    id: int
    sample: int | None
    change: Change
    state: str = ""
    condition: str = ""
    priority: str = ""


@dataclass(frozen=True, slots=True)
class StoredFinding:
    """A verdict that differed from the one before, its id and the id of the sample that caused it."""

    id: int
    sample: int | None
    finding: Finding


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A notice and what became of it. ``next_at`` (ns UTC): when it is tried again, or was settled."""

    id: int
    change: int | None
    notice: Notice
    state: Delivery
    attempts: int
    next_at: int
    error: str

    @property
    def settled_at(self) -> int:
        """Return when its outcome became known, ns UTC: when it was taken; before that, when it was made."""
        return self.next_at if self.next_at and self.state not in OPEN else self.notice.at


OPEN = (Delivery.WAITING, Delivery.DEFERRED)
"""What has no outcome yet."""


def _decoded(value: Any) -> Any:
    """Return a text that was asked for as bytes. Raises ValueError where a flipped bit left no text."""
    return value.decode() if isinstance(value, bytes) else value


def change(row: tuple[Any, ...]) -> StoredChange:
    """Build from columns."""
    number, sample, *rest, state, condition, priority, details = map(_decoded, row)
    at, device, rule, occurrence, kind, evidence, person, comment = rest
    found = Evidence.from_dict(json.loads(evidence)) if evidence else None
    more = dict(json.loads(details)) if details else {}
    told = Change(at, device, rule, occurrence, ChangeKind(kind), found, person, comment, more)
    return StoredChange(number, sample, told, *(text or "" for text in (state, condition, priority)))


def finding(row: tuple[Any, ...]) -> StoredFinding:
    """Build from columns."""
    number, sample, device, rule, verdict, at, evidence = map(_decoded, row)
    found = Evidence.from_dict(json.loads(evidence))
    truth = None if verdict is None else bool(verdict)
    return StoredFinding(number, sample, Finding(device, rule, truth, at, at, found))


def entry(row: tuple[Any, ...]) -> OutboxEntry:
    """Build from columns."""
    number, change_id, body, state, *rest = row
    return OutboxEntry(number, change_id, Notice.from_json(body), Delivery(state), *rest)


def stored(row: tuple[Any, ...]) -> StoredSample:
    """Build from columns; a row that is not what was written has no good value."""
    number, stream, at, data, reasons, check = row
    return StoredSample(number, stream, at, *sound(stream, at, data, reasons, check))


def stream_of(
    device: str, unit: str, family: str, link: str, signals: str, types: str, expected: int
) -> Stream:
    """Build from columns; a stream that cannot be read has no signals."""
    try:
        names = tuple(str(name) for name in json.loads(signals))
        kinds = tuple(SignalType(kind) for kind in json.loads(types))
    except UNREADABLE:
        return nameless(device)
    return (
        Stream(device, family, unit, link, names, kinds, expected)
        if len(names) == len(kinds)
        else nameless(device)
    )


def nameless(device: str) -> Stream:
    """Return what stands for a stream that cannot be read: it carries nothing."""
    return Stream(device, "", "", "", (), ())


def number_in(text: str | None) -> int:
    """Return a stored number; 0 where there is none, or none any more."""
    try:
        return int(text or 0)
    except ValueError:
        return 0


def built(rows: Iterable[tuple[Any, ...]], build: Callable[[tuple[Any, ...]], T], table: str) -> list[T]:
    """Build from rows; one that cannot be read is left out and hurts no other."""
    out = []
    for row in rows:
        try:
            out.append(build(row))
        except UNREADABLE as error:
            log.debug("a record of %s cannot be read: %s", table, error)
    return out
