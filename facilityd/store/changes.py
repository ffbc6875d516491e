"""Alarms and their changes, as they are written."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from facilityd.model.alarm import AlarmState
from facilityd.store.batch import ChangeRecord, Write, WriteContext
from facilityd.store.findings import evidence_json
from facilityd.store.outbox import NoticeWrite

_CHANGE = """
INSERT INTO change(
    at, device, rule, occurrence, kind, evidence, person, comment, sample, state, condition, priority, details
) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id
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
