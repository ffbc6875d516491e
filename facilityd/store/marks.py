"""Operators' marks, in the journal. None is ever deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import apsw

from facilityd.model.marks import Marking, OperatorMark
from facilityd.store.batch import Write, WriteContext
from facilityd.store.schema import select

_ADD = "INSERT INTO mark(at, device, kind, since, until, fault, note, person) VALUES(?, ?, ?, ?, ?, ?, ?, ?)"
_REVOKE = "UPDATE mark SET revoked = ? WHERE id = ? AND revoked IS NULL"
_MARKS = (
    "SELECT id, at, device, kind, since, until, fault, note, person, revoked FROM mark ORDER BY since, id"
)


@dataclass(frozen=True, slots=True)
class MarkWrite(Write):
    """Marks; their ids are given here."""

    marks: Sequence[OperatorMark]

    def apply(self, to: WriteContext) -> None:
        """Store them."""
        rows = [(m.at, m.device, m.kind, m.since, m.until, m.fault, m.note, m.person) for m in self.marks]
        to.db.executemany(_ADD, rows)


@dataclass(frozen=True, slots=True)
class MarkRevocation(Write):
    """Marks that were taken back, and when."""

    marks: Sequence[OperatorMark]

    def apply(self, to: WriteContext) -> None:
        """Note it; what is revoked already stays as it is."""
        to.db.executemany(_REVOKE, [(m.revoked, m.id) for m in self.marks])


def marks(db: apsw.Connection, *, revoked: bool = False) -> list[OperatorMark]:
    """Return the marks in force, or with ``revoked`` every one there ever was, by their beginning."""
    found = [
        OperatorMark(number, at, device, Marking(kind), since, until, fault, note, person, gone)
        for number, at, device, kind, since, until, fault, note, person, gone in select(db, _MARKS)
    ]
    return found if revoked else [one for one in found if one.revoked is None]
