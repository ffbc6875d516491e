"""Records that cannot be read any more are set aside when the journal is opened, with the reason.

Left where they are they would end the daemon at every start: a flipped bit in one alarm's text must not
silence all others. What is set aside can be looked at; an alarm begins anew.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import apsw

from facilityd.model.alarm import AlarmState
from facilityd.model.marks import Marking
from facilityd.model.notice import Notice
from facilityd.model.readiness import CheckedItem
from facilityd.model.sample import SignalType
from facilityd.store.batch import DeadLetterLine, Delivery, LineKind, Write, WriteContext
from facilityd.store.rows import UNREADABLE
from facilityd.store.schema import select

log = logging.getLogger(__name__)
LONGEST = 4096
_NAMELESS = """
UPDATE stream SET signals = '[]', types = '[]', device = ?, family = ?, link = ?, unit = ? WHERE id = ?
"""
_PARK = """
INSERT INTO parked(sink, kind, row, at, reason, line) VALUES(?, ?, ?, ?, ?, ?)
ON CONFLICT(sink, kind, row) DO NOTHING
"""
_PARKED = "SELECT sink, row, at, reason, line, kind FROM parked WHERE id > ? ORDER BY id LIMIT ?"
_LETTERS = "SELECT at, source, reason, content FROM dead_letter ORDER BY id"
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DeadLetterLineWrite(Write):
    """Lines that a sink refuses for good; a replay parks none twice."""

    lines: Sequence[DeadLetterLine]

    def apply(self, to: WriteContext) -> None:
        """Keep and count them."""
        for p in self.lines:
            to.db.execute(_PARK, (p.sink, p.kind, p.row, p.at, p.reason, p.line))
            to.counts["parked"] += to.db.changes()


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """``at`` (ns UTC) is when it was found; ``content`` the record as far as it is text."""

    at: int
    source: str
    reason: str
    content: str


def _alarm(row: Row) -> None:
    state = AlarmState.from_json(row["state"])
    if (state.device, state.rule) != (row["device"], row["rule"]):
        raise ValueError("its device or rule is another")
    numbers = (state.occurrence, state.since, state.realarms)
    if not all(type(number) is int for number in numbers) or not isinstance(state.acked, bool):
        raise ValueError("its facts are of another type")


def _notice(row: Row) -> None:
    Delivery(row["state"])
    if Notice.from_json(row["body"]).key != row["key"]:
        raise ValueError("its key is another")


def _stream(row: Row) -> None:
    names, kinds = json.loads(row["signals"]), [SignalType(kind) for kind in json.loads(row["types"])]
    if len(names) != len(kinds) or not all(isinstance(name, str) for name in names):
        raise ValueError("its signals and types do not fit")


def _checks(row: Row) -> None:
    for one in json.loads(row["items"]):
        CheckedItem.of(one)


def _meta(row: Row) -> None:
    if row["name"] in ("judged", "remembered"):
        int(row["value"])


TABLES: dict[str, tuple[tuple[str, ...], str, Callable[[Row], Any]]] = {
    "alarm": (("device", "rule"), "", _alarm),
    "outbox": (("id",), "WHERE state NOT IN ('accepted', 'rejected', 'unknown')", _notice),
    "stream": (("id",), "", _stream),
    "memory": (("device", "rule"), "", lambda row: json.loads(row["state"])),
    "baseline": (("device", "rule", "version"), "", lambda row: dict(json.loads(row["data"]))),
    "mark": (("id",), "", lambda row: Marking(row["kind"])),
    "readiness": (("ceremony", "before", "device"), "", _checks),
    "meta": (("name",), "", _meta),
}
"""Of each table that is read whole: its key, which rows count, and what reading one must not end in."""


def set_aside(db: apsw.Connection, at: int) -> int:
    """Move every record that cannot be read into the dead letters; return how many. ``at`` in ns UTC."""
    found = [
        (table, key, row, error)
        for table, (key, which, check) in TABLES.items()
        for row in _rows(db, table, which)
        if (error := _fault(check, row))
    ]
    if found:
        try:
            _move_all(db, found, at)
        except apsw.CorruptError:  # an index still holds what the row said before its bit flipped
            for table in {table for table, *_ in found}:
                db.execute(f"REINDEX {table}")
            _move_all(db, found, at)
    return len(found)


def _move_all(db: apsw.Connection, found: Sequence[tuple[str, tuple[str, ...], Row, str]], at: int) -> None:
    with db:
        for table, key, row, error in found:
            _move(db, table, tuple(row[name] for name in key), row, error, at)


def _rows(db: apsw.Connection, table: str, which: str) -> list[Row]:
    """Return every row; texts come as bytes, as a flipped bit may have made them no text any more."""
    columns = db.execute("SELECT name, type FROM pragma_table_info(?)", (table,)).fetchall()
    asked = ", ".join(f"CAST({name} AS BLOB)" if kind == "TEXT" else str(name) for name, kind in columns)
    names = [str(name) for name, _ in columns]
    rows = db.execute(f"SELECT {asked} FROM {table} {which}")  # noqa: S608 - names of our own tables
    return [dict(zip(names, row, strict=True)) for row in rows]


def _fault(check: Callable[[Row], Any], row: Row) -> str:
    try:
        check({name: value.decode() if isinstance(value, bytes) else value for name, value in row.items()})
    except UNREADABLE as error:
        return f"{type(error).__name__}: {error}"[:300]
    return ""


def _move(db: apsw.Connection, table: str, key: tuple[Any, ...], row: Row, reason: str, at: int) -> None:
    content = json.dumps(row, default=lambda raw: raw.decode(errors="replace"))[:LONGEST]
    log.error("a record of table %s cannot be read (%s) and was set aside: %s", table, reason, content[:200])
    values = (at, table, reason.encode(errors="replace").decode(), content)
    db.execute("INSERT INTO dead_letter(at, source, reason, content) VALUES(?, ?, ?, ?)", values)
    if table == "stream":  # its number stays taken: samples must never become another stream's
        legible = [row[name].decode(errors="replace") for name in ("device", "family", "link")]
        db.execute(_NAMELESS, (*legible, f"damaged-{key[0]}", key[0]))
        return
    where = " AND ".join(f"CAST({n} AS BLOB) = CAST(? AS BLOB)" for n in TABLES[table][0])
    db.execute(f"DELETE FROM {table} WHERE {where}", key)  # noqa: S608


def dead_letters(db: apsw.Connection) -> list[DeadLetter]:
    """Return what was set aside, oldest first."""
    return [DeadLetter(*row) for row in select(db, _LETTERS)]


def dead_letter_lines(db: apsw.Connection, after: int = 0, limit: int = -1) -> list[DeadLetterLine]:
    """Return the lines that sinks refused, oldest first."""
    rows = select(db, _PARKED, (after, limit))
    return [
        DeadLetterLine(sink, row, at, reason, line, LineKind(kind))
        for sink, row, at, reason, line, kind in rows
    ]
