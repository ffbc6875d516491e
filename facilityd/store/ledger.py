"""Who was told what: the notices of one alarm's occurrence, found by the beginning of their keys."""

from __future__ import annotations

from pathlib import Path

import apsw

from facilityd.model.notice import notice_key
from facilityd.store.rows import OutboxEntry, built, entry
from facilityd.store.schema import connect_reader, select

# Each key begins with device, rule and occurrence (model.notice), and is unique: this walks its index.
_OF = """
SELECT id, change, body, state, attempts, next_at, error FROM outbox
WHERE key > ? || '/' AND key < ? || '0' ORDER BY id
"""


class NoticeReader:
    """The journal's notices, read-only, on a connection of its own that is opened when it is needed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: apsw.Connection | None = None

    def notices(self, device: str, rule: str, occurrence: int) -> list[OutboxEntry]:
        """Return what was told of an occurrence, oldest first."""
        if self._db is None:
            self._db = connect_reader(self._path)
        prefix = notice_key(device, rule, occurrence)
        return built(select(self._db, _OF, (prefix, prefix)), entry, "outbox")

    def close(self) -> None:
        """Let go of the file; the next question opens it again."""
        if self._db is not None:
            self._db.close()
        self._db = None
