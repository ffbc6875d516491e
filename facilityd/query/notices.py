"""Who was notified of what, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facilityd.model.send_reason import recognised
from facilityd.store.ledger import NoticeReader
from facilityd.store.rows import OutboxEntry

MOST = 10_000
OPEN = ("waiting", "deferred")


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """One notice. Instants in ns UTC; ``next_at``: when it is tried again, None where it is not.

    ``outcome``: waiting, deferred, accepted, rejected, unknown or digested; ``reason``: what the last
    attempt came to, in both languages where it is ours to say.
    """

    id: int
    at: int
    recipient: str
    channel: str
    purpose: str
    device: str
    rule: str
    occurrence: int
    priority: int
    subject: str
    outcome: str
    attempts: int
    next_at: int | None
    reason: str
    key: str

    def plain(self) -> dict[str, Any]:
        """Return data for JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


def notice_rows(journal: Path, since: int, person: str = "", *, waiting: bool = False) -> list[NoticeRow]:
    """Return notices from an instant (ns UTC) on, the oldest first; of one person, or what has not left."""
    reader = NoticeReader(journal)
    try:
        rows = [_row(entry) for entry in reversed(reader.since(since, MOST))]
    finally:
        reader.close()
    return [row for row in rows if person in ("", row.recipient) and (row.outcome in OPEN or not waiting)]


def _row(entry: OutboxEntry) -> NoticeRow:
    n, state = entry.notice, entry.state.value
    again = (entry.next_at or None) if state in OPEN else None
    return NoticeRow(
        entry.id, n.at, n.recipient, n.channel, n.purpose.value, n.device, n.rule, n.occurrence, n.priority,
        n.subject, state, entry.attempts, again, recognised(entry.error), n.key,
    )  # fmt: skip
