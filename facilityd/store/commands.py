"""People's commands and what came of them, in the journal: the audit trail."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import apsw

from facilityd.model.command_record import CommandRecord
from facilityd.store.batch import Write, WriteContext
from facilityd.store.rows import built
from facilityd.store.schema import select, single

_ADD = """
INSERT INTO command(id, kind, person, at, origin, account, payload, refusal, done_at)
VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO NOTHING
"""
_RESULT = "SELECT CAST(refusal AS BLOB) FROM command WHERE id = ?"
_COMMANDS = """
SELECT CAST(id AS BLOB), CAST(kind AS BLOB), CAST(person AS BLOB), at, CAST(origin AS BLOB),
CAST(account AS BLOB), CAST(payload AS BLOB), done_at, CAST(refusal AS BLOB)
FROM command WHERE done_at >= ? ORDER BY number
"""
MOST, MOST_REFUSED, MOST_UNREADABLE = 100_000, 5_000, 1_000
"""Rows kept, whatever their age: no flood of commands fills the file, none of rubbish hides a command."""


@dataclass(frozen=True, slots=True)
class CommandWrite(Write):
    """Commands with what came of them; one whose id is there is the same."""

    records: Sequence[CommandRecord]

    def apply(self, to: WriteContext) -> None:
        """Store them."""
        for r in self.records:
            payload = json.dumps(r.payload, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            row = (r.id, r.kind, r.person, r.at, r.origin, r.account, payload, r.refusal, r.done_at)
            to.db.execute(_ADD, row)


def command_result(db: apsw.Connection, command: str) -> str | None:
    """Return what came of a command, by its id: nothing where it was carried out, else why not.

    None where it is not on record.
    """
    refusal = single(db, _RESULT, (command,))
    return None if refusal is None else refusal.decode(errors="replace")


def commands(db: apsw.Connection, since: int = 0) -> list[CommandRecord]:
    """Return the commands answered from an instant (ns UTC) on, in their order."""
    return built(select(db, _COMMANDS, (since,)), _record, "command")


def _record(row: tuple[Any, ...]) -> CommandRecord:
    name, kind, person, at, origin, account, payload, done_at, refusal = row
    texts = name.decode(), kind.decode(), person.decode()
    left_by = origin.decode(), account.decode()
    return CommandRecord(*texts, at, *left_by, json.loads(payload), done_at, refusal.decode())
