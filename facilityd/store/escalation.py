"""Until when an alarm waits for an answer before others are notified: one row for each that waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import apsw

from facilityd.store.batch import Write, WriteContext
from facilityd.store.schema import select

_SET = """
INSERT OR REPLACE INTO escalation(device, rule, occurrence, since, step, due_at) VALUES(?, ?, ?, ?, ?, ?)
"""
_END = "DELETE FROM escalation WHERE device = ? AND rule = ?"
_ALL = "SELECT device, rule, occurrence, since, step, due_at FROM escalation ORDER BY due_at"


@dataclass(frozen=True, slots=True)
class EscalationDeadline:
    """An alarm's occurrence that nobody has answered since an instant; step ``step`` is next, at ``due_at``.

    Instants in ns UTC. ``due_at`` 0: there is no further step.
    """

    device: str
    rule: str
    occurrence: int
    since: int
    step: int
    due_at: int


@dataclass(frozen=True, slots=True)
class EscalationWrite(Write):
    """Deadlines that begin or move, and alarms (device, rule) that were answered or are over."""

    deadlines: Sequence[EscalationDeadline]
    ended: Sequence[tuple[str, str]] = ()

    def apply(self, to: WriteContext) -> None:
        """Store them."""
        to.db.executemany(_END, self.ended)
        rows = [(d.device, d.rule, d.occurrence, d.since, d.step, d.due_at) for d in self.deadlines]
        to.db.executemany(_SET, rows)


def deadlines(db: apsw.Connection) -> list[EscalationDeadline]:
    """Return all deadlines that run."""
    return [EscalationDeadline(*row) for row in select(db, _ALL)]
