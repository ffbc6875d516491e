"""Operators' marks, in the journal. None is ever deleted."""

from __future__ import annotations

from collections.abc import Iterable

import apsw

from facilityd.model.marks import Marking, OperatorMark
from facilityd.store.schema import select

_ADD = "INSERT INTO mark(at, device, kind, since, until, fault, note, person) VALUES(?, ?, ?, ?, ?, ?, ?, ?)"
_REVOKE = "UPDATE mark SET revoked = ? WHERE id = ? AND revoked IS NULL"
_MARKS = (
    "SELECT id, at, device, kind, since, until, fault, note, person, revoked FROM mark ORDER BY since, id"
)


def add_marks(db: apsw.Connection, marks: Iterable[OperatorMark]) -> None:
    """Store marks; their ids are given here. Within a transaction."""
    rows = [(m.at, m.device, m.kind, m.since, m.until, m.fault, m.note, m.person) for m in marks]
    db.executemany(_ADD, rows)


def revoke_marks(db: apsw.Connection, marks: Iterable[OperatorMark]) -> None:
    """Store when marks were taken back. Within a transaction."""
    db.executemany(_REVOKE, [(m.revoked, m.id) for m in marks])


def marks(db: apsw.Connection, *, revoked: bool = False) -> list[OperatorMark]:
    """Return the marks in force, or with ``revoked`` every one there ever was, by their beginning."""
    found = [
        OperatorMark(number, at, device, Marking(kind), since, until, fault, note, person, gone)
        for number, at, device, kind, since, until, fault, note, person, gone in select(db, _MARKS)
    ]
    return found if revoked else [one for one in found if one.revoked is None]
