"""Waivers and recorded readiness checks, in the journal. Nothing of them is ever deleted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import apsw

from facilityd.model.readiness import Check, CheckedItem, Waiver
from facilityd.store.batch import Write, WriteContext
from facilityd.store.schema import select

_WAIVE = "INSERT INTO waiver(at, device, item, until, person, reason) VALUES(?, ?, ?, ?, ?, ?)"
_REVOKE = "UPDATE waiver SET revoked = ?, revoker = ? WHERE id = ? AND revoked IS NULL"
_WAIVERS = "SELECT id, at, device, item, until, person, reason, revoked, revoker FROM waiver ORDER BY id"
_CHECK = """
INSERT INTO readiness(ceremony, before, device, name, at, ready, items) VALUES(?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
"""
_AGAIN = "DELETE FROM readiness WHERE ceremony = ? AND before = ? AND device = ?"
_CHECKS = """
SELECT ceremony, before, device, name, at, items FROM readiness WHERE ceremony >= ?
ORDER BY ceremony, before DESC, device
"""


@dataclass(frozen=True, slots=True)
class WaiverWrite(Write):
    """Waivers; their ids are given here."""

    waivers: Sequence[Waiver]

    def apply(self, to: WriteContext) -> None:
        """Store them."""
        rows = [(w.at, w.device, w.item, w.until, w.person, w.reason) for w in self.waivers]
        to.db.executemany(_WAIVE, rows)


@dataclass(frozen=True, slots=True)
class WaiverRevocation(Write):
    """Waivers that were taken back, by whom and when."""

    waivers: Sequence[Waiver]

    def apply(self, to: WriteContext) -> None:
        """Note it; what is revoked already stays as it is."""
        to.db.executemany(_REVOKE, [(w.revoked, w.revoker, w.id) for w in self.waivers])


@dataclass(frozen=True, slots=True)
class CheckWrite(Write):
    """Readiness checks; one that is already there stands, unless this one is made ``again``."""

    checks: Sequence[Check]

    def apply(self, to: WriteContext) -> None:
        """Store them."""
        for c in self.checks:
            items = json.dumps([one.plain() for one in c.items], ensure_ascii=False, separators=(",", ":"))
            if c.again:
                to.db.execute(_AGAIN, (c.ceremony, c.before, c.device))
            to.db.execute(_CHECK, (c.ceremony, c.before, c.device, c.name, c.at, c.ready, items))


def waivers(db: apsw.Connection) -> list[Waiver]:
    """Return every waiver there ever was, oldest first."""
    return [
        Waiver(number, at, device, item, until, person, reason, revoked, revoker or "")
        for number, at, device, item, until, person, reason, revoked, revoker in select(db, _WAIVERS)
    ]


def checks(db: apsw.Connection, since: int) -> list[Check]:
    """Return the checks before ceremonies from ``since`` (ns UTC) on, in the order they were due."""
    return [
        Check(ceremony, before, device, name, at, tuple(CheckedItem.of(one) for one in json.loads(items)))
        for ceremony, before, device, name, at, items in select(db, _CHECKS, (since,))
    ]
