"""Who was notified of what: notices by alarm, address and time; and the deadlines that people have."""

from __future__ import annotations

from pathlib import Path

import apsw

from facilityd.model.alarm import Change
from facilityd.model.notice import notice_key
from facilityd.store.escalation import EscalationDeadline, deadlines
from facilityd.store.rows import OutboxEntry, built, change, entry
from facilityd.store.schema import connect_reader, select, single

_COLUMNS = "SELECT id, change, body, state, attempts, next_at, error FROM outbox"
# Each key begins with device, rule and occurrence (model.notice), and is unique: this walks its index.
_OF = f"{_COLUMNS} WHERE key > ? || '/' AND key < ? || '0' ORDER BY id"
_SINCE = f"{_COLUMNS} WHERE at >= ? ORDER BY id DESC LIMIT ?"
_KNOWS = "SELECT 1 FROM outbox WHERE key = ?"
_DEFERRED = f"{_COLUMNS} WHERE state = 'deferred' AND next_at <= ? ORDER BY id"
# The newest are at the end: a flood is found there, however much is kept.
_NEWEST = "SELECT max(id) FROM outbox"
_PUSHES = f"{_COLUMNS} WHERE id > ? AND recipient = ? AND at >= ?"
_DIGESTS = f"{_COLUMNS} WHERE state = 'waiting' AND purpose = 'digest' ORDER BY id"
_NEXT_DEFERRED = "SELECT min(next_at) FROM outbox WHERE state = 'deferred'"
_CHANGES = """
SELECT id, sample, at, CAST(device AS BLOB), CAST(rule AS BLOB), occurrence, CAST(kind AS BLOB),
CAST(evidence AS BLOB), CAST(person AS BLOB), CAST(comment AS BLOB), CAST(state AS BLOB),
CAST(condition AS BLOB), CAST(priority AS BLOB), CAST(details AS BLOB) FROM change
WHERE id IN (SELECT change FROM outbox WHERE key > ? || '/' AND key < ? || '0') ORDER BY id
"""


class NoticeReader:
    """The journal's notices, read-only, on a connection of its own that is opened when it is needed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: apsw.Connection | None = None

    @property
    def _db(self) -> apsw.Connection:
        if self._held is None:
            self._held = connect_reader(self._path)
        return self._held

    def notices(self, device: str, rule: str, occurrence: int) -> list[OutboxEntry]:
        """Return what was told of an occurrence, oldest first."""
        prefix = notice_key(device, rule, occurrence)
        return built(select(self._db, _OF, (prefix, prefix)), entry, "outbox")

    def knows(self, key: str) -> bool:
        """Return whether there is a notice of this key, whatever became of it."""
        return single(self._db, _KNOWS, (key,)) is not None

    def changes(self, device: str, rule: str, occurrence: int) -> list[Change]:
        """Return the changes of an occurrence that somebody was notified of, oldest first."""
        prefix = notice_key(device, rule, occurrence)
        rows = built(select(self._db, _CHANGES, (prefix, prefix)), change, "change")
        return [row.change for row in rows]

    def since(self, at: int, limit: int) -> list[OutboxEntry]:
        """Return the newest notices from an instant (ns UTC) on, the newest first."""
        return built(select(self._db, _SINCE, (at, limit)), entry, "outbox")

    def pushes(self, recipient: str, since: int, among: int) -> list[OutboxEntry]:
        """Return notices to one recipient from an instant (ns UTC) on, of the newest ``among`` of all."""
        newest = single(self._db, _NEWEST) or 0
        return built(select(self._db, _PUSHES, (newest - among, recipient, since)), entry, "outbox")

    def digests(self) -> list[OutboxEntry]:
        """Return the digests that have not gone out yet, oldest first."""
        return built(select(self._db, _DIGESTS), entry, "outbox")

    def deferred(self, at: int) -> list[OutboxEntry]:
        """Return what was put off until an instant (ns UTC) or before, oldest first."""
        return built(select(self._db, _DEFERRED, (at,)), entry, "outbox")

    def next_deferred(self) -> int | None:
        """Return until when the first of what is put off waits, ns UTC; None where nothing is."""
        found: int | None = single(self._db, _NEXT_DEFERRED)
        return found

    def escalations(self) -> list[EscalationDeadline]:
        """Return the deadlines of alarms that nobody has answered."""
        return deadlines(self._db)

    def close(self) -> None:
        """Let go of the file; the next question opens it again."""
        if self._held is not None:
            self._held.close()
        self._held = None
