"""Alarms and their changes."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import apsw

from facilityd.model.alarm import AlarmState, ChangeKind
from facilityd.store.batch import ChangeRecord, Write, WriteContext
from facilityd.store.findings import evidence_json
from facilityd.store.outbox import NoticeWrite
from facilityd.store.rows import StoredChange, built, change
from facilityd.store.schema import select

_CHANGE = """
INSERT INTO change(
    at, device, rule, occurrence, kind, evidence, person, comment, sample, state, condition, priority, details
) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id
"""
_CHANGES = """
SELECT id, sample, at, CAST(device AS BLOB), CAST(rule AS BLOB), occurrence, CAST(kind AS BLOB),
CAST(evidence AS BLOB), CAST(person AS BLOB), CAST(comment AS BLOB), CAST(state AS BLOB),
CAST(condition AS BLOB), CAST(priority AS BLOB), CAST(details AS BLOB) FROM change
"""
_ALARM = "INSERT OR REPLACE INTO alarm(device, rule, state) VALUES(?, ?, ?)"


@dataclass(frozen=True, slots=True)
class ChangeWrite(Write):
    """Changes of alarms, with the notices that they cause. Their ids are in the receipt."""

    records: Sequence[ChangeRecord]

    def apply(self, to: WriteContext) -> None:
        """Store them."""
        for record in self.records:
            c = record.change
            evidence = evidence_json(c.evidence) if c.evidence else None
            row = (c.at, c.device, c.rule, c.occurrence, c.kind, evidence, c.person, c.comment, record.sample)
            details = json.dumps(c.details, ensure_ascii=False, sort_keys=True) if c.details else None
            after = (record.state, record.condition, record.priority, details)
            number = to.db.execute(_CHANGE, (*row, *after)).get
            to.changes.append(number)
            NoticeWrite(record.notices, number).apply(to)


@dataclass(frozen=True, slots=True)
class AlarmWrite(Write):
    """The present states of alarms, in place of what was stored of these."""

    states: Sequence[AlarmState]

    def apply(self, to: WriteContext) -> None:
        """Replace them."""
        to.db.executemany(_ALARM, [(a.device, a.rule, a.to_json()) for a in self.states])


def changes_since(
    db: apsw.Connection, since: int, limit: int, kinds: Collection[ChangeKind] = ()
) -> list[StoredChange]:
    """Return changes from the instant ``since`` (ns UTC) on, in the order they were stored.

    ``kinds``: only of these, where there are any.
    """
    only = f" AND kind IN ({', '.join('?' * len(kinds))})" if kinds else ""
    rows = select(db, f"{_CHANGES} WHERE at >= ?{only} ORDER BY id LIMIT ?", (since, *map(str, kinds), limit))
    return built(rows, change, "change")


def changes_after(db: apsw.Connection, after: int, limit: int) -> list[StoredChange]:
    """Return changes in the order they were stored, from the one after id ``after`` on."""
    rows = select(db, f"{_CHANGES} WHERE id > ? ORDER BY id LIMIT ?", (after, limit))
    return built(rows, change, "change")
