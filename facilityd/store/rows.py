"""Rows of the journal, as they are read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from facilityd.model.alarm import Change, Kind
from facilityd.model.finding import Evidence, Finding
from facilityd.model.notice import Notice
from facilityd.store.batch import Delivery


@dataclass(frozen=True, slots=True)
class Stored:
    """A row as it lies in the journal; ``Reader.sample`` turns it into a sample."""

    id: int
    stream: int
    at: int
    data: bytes
    reasons: str | None


@dataclass(frozen=True, slots=True)
class StoredChange:
    """A change, its id and the id of the sample that caused it."""

    id: int
    sample: int | None
    change: Change


@dataclass(frozen=True, slots=True)
class StoredFinding:
    """A verdict that differed from the one before, its id and the id of the sample that caused it."""

    id: int
    sample: int | None
    finding: Finding


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A notice and what became of it. ``next_at`` in ns UTC."""

    id: int
    change: int | None
    notice: Notice
    state: Delivery
    attempts: int
    next_at: int
    error: str


def change(row: tuple[Any, ...]) -> StoredChange:
    """Build from columns."""
    number, sample, at, device, rule, occurrence, kind, evidence, person, comment = row
    found = Evidence.from_dict(json.loads(evidence)) if evidence else None
    told = Change(at, device, rule, occurrence, Kind(kind), found, person, comment)
    return StoredChange(number, sample, told)


def finding(row: tuple[Any, ...]) -> StoredFinding:
    """Build from columns."""
    number, sample, device, rule, verdict, at, evidence = row
    found = Evidence.from_dict(json.loads(evidence))
    truth = None if verdict is None else bool(verdict)
    return StoredFinding(number, sample, Finding(device, rule, truth, at, at, found))


def entry(row: tuple[Any, ...]) -> OutboxEntry:
    """Build from columns."""
    number, change_id, body, state, *rest = row
    return OutboxEntry(number, change_id, Notice.from_json(body), Delivery(state), *rest)
