"""The times in which nobody watched, in the journal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import apsw

from facilityd.model.downtime import Downtime, Pause
from facilityd.store.batch import Write, WriteContext
from facilityd.store.schema import select

_ADD = "INSERT INTO downtime(since, until, why) VALUES(?, ?, ?)"
_BETWEEN = "SELECT since, until, why FROM downtime WHERE until > ? AND since < ? ORDER BY since, id"
_STARTED = "SELECT max(until) FROM downtime WHERE why = 'stopped' AND until <= ?"


@dataclass(frozen=True, slots=True)
class DowntimeWrite(Write):
    """Times in which nobody watched."""

    downtimes: Sequence[Downtime]

    def apply(self, to: WriteContext) -> None:
        """Store them."""
        to.db.executemany(_ADD, [(one.since, one.until, one.why) for one in self.downtimes])


def downtimes(db: apsw.Connection, since: int, until: int) -> list[Downtime]:
    """Return the downtimes that touch a span of time (ns UTC), in order."""
    return [Downtime(begin, end, Pause(why)) for begin, end, why in select(db, _BETWEEN, (since, until))]


def started(db: apsw.Connection, at: int) -> int:
    """Return the last start of the daemon up to an instant, ns UTC; 0 where none is on record."""
    return select(db, _STARTED, (at,))[0][0] or 0
