"""The notices that wait, and what became of them, as they are read from the journal."""

from __future__ import annotations

import apsw

from facilityd.store.rows import OutboxEntry, built, entry
from facilityd.store.schema import select, single

_OUTBOX = "SELECT id, change, body, state, attempts, next_at, error FROM outbox ORDER BY id"
_DUE = """
SELECT id, change, body, state, attempts, next_at, error FROM (
    SELECT *, row_number() OVER (PARTITION BY channel ORDER BY id) AS place FROM outbox
    WHERE state = 'waiting' AND next_at <= ?
) WHERE place <= ? ORDER BY id
"""
_NEXT = "SELECT min(next_at) FROM outbox WHERE state = 'waiting'"
_WAITING = "SELECT channel, count(*), min(at) FROM outbox WHERE state = 'waiting' GROUP BY 1"


def outbox(db: apsw.Connection) -> list[OutboxEntry]:
    """Return every notice that is still kept."""
    return built(select(db, _OUTBOX), entry, "outbox")


def due(db: apsw.Connection, now: int, per_channel: int) -> list[OutboxEntry]:
    """Return notices to be tried at ``now`` (ns), the oldest first; no channel crowds out another."""
    return built(select(db, _DUE, (now, per_channel)), entry, "outbox")


def next_due(db: apsw.Connection) -> int | None:
    """Return when the next waiting notice is to be tried (ns), or None where none waits."""
    found: int | None = single(db, _NEXT)
    return found


def waiting_on(db: apsw.Connection) -> dict[str, tuple[int, int]]:
    """Return of each channel on which notices wait how many, and the oldest one's instant (ns UTC)."""
    return {channel: (count, at) for channel, count, at in select(db, _WAITING)}
