"""Waivers and recorded readiness checks, in the journal. Nothing of them is ever deleted."""

from __future__ import annotations

import json
from collections.abc import Iterable

import apsw

from facilityd.model.readiness import Check, CheckedItem, Waiver
from facilityd.store.schema import select

_WAIVE = "INSERT INTO waiver(at, device, item, until, person, reason) VALUES(?, ?, ?, ?, ?, ?)"
_REVOKE = "UPDATE waiver SET revoked = ?, revoker = ? WHERE id = ? AND revoked IS NULL"
_WAIVERS = "SELECT id, at, device, item, until, person, reason, revoked, revoker FROM waiver ORDER BY id"
_CHECK = """
INSERT INTO readiness(ceremony, before, device, name, at, ready, items) VALUES(?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
"""
_CHECKS = """
SELECT ceremony, before, device, name, at, items FROM readiness WHERE ceremony >= ?
ORDER BY ceremony, before DESC, device
"""


def add_waivers(db: apsw.Connection, waivers: Iterable[Waiver]) -> None:
    """Store waivers; their ids are given here. Within a transaction."""
    db.executemany(_WAIVE, [(w.at, w.device, w.item, w.until, w.person, w.reason) for w in waivers])


def revoke_waivers(db: apsw.Connection, revoked: Iterable[Waiver]) -> None:
    """Store by whom and when waivers were taken back. Within a transaction."""
    db.executemany(_REVOKE, [(w.revoked, w.revoker, w.id) for w in revoked])


def waivers(db: apsw.Connection) -> list[Waiver]:
    """Return every waiver there ever was, oldest first."""
    return [
        Waiver(number, at, device, item, until, person, reason, revoked, revoker or "")
        for number, at, device, item, until, person, reason, revoked, revoker in select(db, _WAIVERS)
    ]


def add_checks(db: apsw.Connection, checks: Iterable[Check]) -> None:
    """Store checks; one that is already there stands. Within a transaction."""
    for c in checks:
        items = json.dumps([one.plain() for one in c.items], ensure_ascii=False, separators=(",", ":"))
        db.execute(_CHECK, (c.ceremony, c.before, c.device, c.name, c.at, c.ready, items))


def checks(db: apsw.Connection, since: int) -> list[Check]:
    """Return the checks before ceremonies from ``since`` (ns UTC) on, in the order they were due."""
    return [
        Check(ceremony, before, device, name, at, tuple(CheckedItem.of(one) for one in json.loads(items)))
        for ceremony, before, device, name, at, items in select(db, _CHECKS, (since,))
    ]
