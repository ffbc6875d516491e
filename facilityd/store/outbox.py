"""The notices that wait, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import apsw

from facilityd.model.notice import Notice
from facilityd.store.batch import Attempt, Delivery, Write, WriteContext
from facilityd.store.rows import OutboxEntry, built, entry
from facilityd.store.schema import select, single

_NOTICE = """
INSERT INTO outbox(change, at, key, recipient, channel, purpose, body, state, attempts, next_at, error)
VALUES(?, ?, ?, ?, ?, ?, ?, ?, 0, ?, '') ON CONFLICT(key) DO NOTHING
"""
_ATTEMPT = "UPDATE outbox SET state = ?, attempts = ?, next_at = ?, error = ? WHERE id = ?"
_ATTEMPT_OF = "UPDATE outbox SET state = ?, attempts = ?, next_at = ?, error = ? WHERE key = ?"
_OUTBOX = "SELECT id, change, body, state, attempts, next_at, error FROM outbox ORDER BY id"
_DUE = """
SELECT id, change, body, state, attempts, next_at, error FROM (
    SELECT *, row_number() OVER (PARTITION BY channel ORDER BY id) AS place FROM outbox
    WHERE state = 'waiting' AND next_at <= ?
) WHERE place <= ? ORDER BY id
"""
_NEXT = "SELECT min(next_at) FROM outbox WHERE state = 'waiting'"
# What was put off waits from when it was let go.
_WAITING = """
SELECT channel, count(*), min(CASE WHEN attempts = 0 THEN max(at, next_at) ELSE at END) FROM outbox
WHERE state = 'waiting' GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class NoticeWrite(Write):
    """Notices to be sent; one whose key is already there is the same and is not queued twice.

    ``change``: the id of the change that caused them.
    """

    notices: Sequence[Notice]
    change: int | None = None

    def apply(self, to: WriteContext) -> None:
        """Queue them."""
        for n in self.notices:
            row = (self.change, n.at, n.key, n.recipient, n.channel, n.purpose, n.to_json())
            state = Delivery.DEFERRED if n.not_before else Delivery.WAITING
            to.db.execute(_NOTICE, (*row, state, n.not_before))


@dataclass(frozen=True, slots=True)
class AttemptWrite(Write):
    """What became of notices, by their key where they were tried before they had an id."""

    attempts: Sequence[Attempt]

    def apply(self, to: WriteContext) -> None:
        """Update the outbox."""
        for a in self.attempts:
            row = (a.state, a.attempts, a.next_at, a.error)
            to.db.execute(_ATTEMPT_OF if a.key else _ATTEMPT, (*row, a.key or a.notice))


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
