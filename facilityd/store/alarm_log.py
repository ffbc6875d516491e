"""Changes of alarms and notices as short rows without their texts: for counting over months."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple

import apsw

from facilityd.model.alarm import ChangeKind
from facilityd.model.notice import Purpose
from facilityd.store.batch import Delivery
from facilityd.store.rows import UNREADABLE
from facilityd.store.schema import select, single

# That it is known or not known whether a condition holds (each start says so of every rule) changes no state:
# of an alarm that is normal only the last word of it is read. A year of daily starts has 200,000 of them.
_CHANGES = """
SELECT at, CAST(device AS BLOB), CAST(rule AS BLOB), occurrence, CAST(kind AS BLOB), CAST(person AS BLOB),
CAST(state AS BLOB), CAST(priority AS BLOB) FROM change WHERE at < ?1
AND (kind NOT IN ('lose', 'regain') OR state IS NOT 'normal' OR id IN (
    SELECT max(id) FROM change
    WHERE at < ?1 AND kind IN ('lose', 'regain') AND state = 'normal' GROUP BY device, rule
)) ORDER BY id
"""
_NOTICES = """
SELECT at, CAST(recipient AS BLOB), CAST(channel AS BLOB), CAST(purpose AS BLOB), CAST(state AS BLOB)
FROM outbox WHERE at >= ? AND at < ? ORDER BY id
"""
_RUNS = """
SELECT at, CAST(device AS BLOB), CAST(rule AS BLOB), verdict, CAST(evidence AS BLOB) FROM finding
WHERE at >= ? AND at < ? AND verdict IS NOT NULL AND instr(evidence, '"slug":"sequence-') > 0 ORDER BY id
"""
# The tables that a journal has from its first minutes on, and what they call an instant.
_BEGINNINGS = (
    ("change", "at"), ("finding", "at"), ("downtime", "since"), ("task_event", "at"), ("readiness", "at"),
    ("command", "at"), ("waiver", "at"), ("mark", "at"), ("chunk", "first_at"),
)  # fmt: skip
_FIRST_SAMPLE = "SELECT at FROM sample ORDER BY id LIMIT 1"


_SECOND = 10**9


class AlarmLogEntry(NamedTuple):
    """A change without its evidence; ``at`` in ns UTC.

    ``state`` and ``priority`` are the alarm's right after it; empty where they are not on record.
    """

    at: int
    device: str
    rule: str
    occurrence: int
    kind: ChangeKind
    person: str
    state: str
    priority: str


class NoticeLogEntry(NamedTuple):
    """A notice without its text; ``at``: when what it tells of happened, ns UTC."""

    at: int
    recipient: str
    channel: str
    purpose: Purpose
    state: Delivery


class TimedRun(NamedTuple):
    """A run that a rule timed: when it ended (ns UTC), whether it was off its time, how many s it took."""

    ended: int
    device: str
    rule: str
    off: bool
    took: float


def timed_runs(db: apsw.Connection, since: int, until: int) -> list[TimedRun]:
    """Return the runs that were timed in since <= at < until (ns UTC), each once, by device and its end."""
    found: dict[tuple[str, str, int], TimedRun] = {}
    for at, device, rule, verdict, evidence in select(db, _RUNS, (since, until)):
        try:
            told = json.loads(evidence)
            ended = int(told.get("seen") or at)
            run = TimedRun(ended, _text(device), _text(rule), bool(verdict), float(told["numbers"]["took_s"]))
        except UNREADABLE:
            continue
        found[run.device, run.rule, ended // _SECOND] = run
    return sorted(found.values())


def alarm_log(db: apsw.Connection, until: int) -> list[AlarmLogEntry]:
    """Return the changes before an instant (ns UTC) that count, in the order they were stored."""
    return list(_changes(select(db, _CHANGES, (until,))))


def notice_log(db: apsw.Connection, since: int, until: int) -> list[NoticeLogEntry]:
    """Return the notices of since <= at < until (ns UTC) in the order they were made."""
    return list(_notices(select(db, _NOTICES, (since, until))))


def beginning(db: apsw.Connection) -> int:
    """Return the oldest instant that the journal has anything of, ns UTC; 0 where it is empty."""
    found = [single(db, f"SELECT min({column}) FROM {table}") for table, column in _BEGINNINGS]  # noqa: S608
    return min((at for at in (*found, single(db, _FIRST_SAMPLE)) if at is not None), default=0)


def _changes(rows: Iterable[tuple[Any, ...]]) -> Iterator[AlarmLogEntry]:
    text, kind = cache(_text), cache(_kind)
    for at, device, rule, occurrence, what, person, state, priority in rows:
        try:
            who, after = text(person), (text(state), text(priority))
            yield AlarmLogEntry(at, text(device), text(rule), occurrence, kind(what), who, *after)
        except UNREADABLE:  # a damaged row hurts no other
            continue


def _notices(rows: Iterable[tuple[Any, ...]]) -> Iterator[NoticeLogEntry]:
    text = cache(_text)
    for at, recipient, channel, purpose, state in rows:
        try:
            found = (text(recipient), text(channel), Purpose(text(purpose)), Delivery(text(state)))
        except UNREADABLE:
            continue
        yield NoticeLogEntry(at, *found)


def _text(value: bytes | None) -> str:
    return value.decode() if value else ""


def _kind(value: bytes) -> ChangeKind:
    return ChangeKind(value.decode())
