"""How far each sink has come, as it is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import apsw

from facilityd.store.batch import LineKind, Write, WriteContext

_PASSED = "SELECT count(*) FROM {0} WHERE id > ? AND id <= ?"
_REFUSED = "SELECT count(*) FROM parked WHERE sink = ? AND kind = ? AND row > ? AND row <= ?"
FORWARDED = {LineKind.SAMPLE: "forwarded", LineKind.CHANGE: "changes_forwarded"}
"""The counter of what sinks have taken."""


@dataclass(frozen=True, slots=True)
class CursorWrite(Write):
    """A sink has taken the samples or changes up to id ``row``. A cursor never goes back."""

    sink: str
    kind: LineKind
    row: int

    def apply(self, to: WriteContext) -> None:
        """Move it forward, and count what was taken."""
        column, name = self.kind, self.sink
        before = to.db.execute(f"SELECT {column} FROM sink WHERE name = ?", (name,)).get  # noqa: S608 - our own names
        if before is None or before >= self.row:
            return
        passed = to.db.execute(_PASSED.format(column), (before, self.row)).get
        refused = to.db.execute(_REFUSED, (name, column, before, self.row)).get
        to.counts[FORWARDED[self.kind]] += passed - refused
        to.db.execute(f"UPDATE sink SET {column} = ? WHERE name = ?", (self.row, name))  # noqa: S608


def set_sinks(db: apsw.Connection, names: Sequence[str]) -> None:
    """Say which sinks are configured. A new one starts at the oldest; others keep their place.

    Where nothing changes nothing is written: a start must not need room on a full disk.
    """
    if {name for (name,) in db.execute("SELECT name FROM sink WHERE active")} == set(names):
        return
    db.execute("UPDATE sink SET active = 0")
    for name in names:
        db.execute(
            "INSERT INTO sink(name, sample, change, active) VALUES(?, 0, 0, 1)"
            " ON CONFLICT(name) DO UPDATE SET active = 1",
            (name,),
        )
