"""What was forgotten before a sink had it: how much, and of which time. On record with the purge itself."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Self

import apsw

from facilityd.store.schema import single

PURGED_UNSENT = "purged_unsent"
NOTICES_LOST = "notices_lost "
"""Before a channel's id: the counter of notices that it refused for good or may not have taken."""
_READ = "SELECT value FROM meta WHERE name = ?"
_WRITE = "INSERT OR REPLACE INTO meta(name, value) VALUES(?, ?)"
APART = 86400 * 10**9
"""What is lost so long (ns) after what was lost before is another loss."""


@dataclass(frozen=True, slots=True)
class Loss:
    """``count`` samples of ``since`` to ``until`` (ns UTC, both of a sample) that no sink will ever have."""

    count: int
    since: int
    until: int

    @property
    def seconds(self) -> float:
        """How long a time it is of."""
        return (self.until - self.since) / 1e9

    def with_more(self, other: Loss) -> Loss:
        """Return both as one, or the other alone where it is a loss of its own."""
        if other.since - self.until > APART:
            return other
        return Loss(self.count + other.count, min(self.since, other.since), max(self.until, other.until))

    @classmethod
    def from_json(cls, text: str | None) -> Self | None:
        """Return what ``note`` wrote; None where it wrote nothing, or it cannot be read."""
        try:
            data = json.loads(text or "null")
            return cls(int(data["count"]), int(data["since"]), int(data["until"])) if data else None
        except (ValueError, TypeError, KeyError, RecursionError):
            return None


def note(db: apsw.Connection, instants: Iterable[int]) -> None:
    """Add samples of these instants (ns UTC) to what is lost. Within the transaction that forgets them."""
    gone = sorted(instants)
    if not gone:
        return
    loss, before = Loss(len(gone), gone[0], gone[-1]), last_loss(db)
    db.execute(_WRITE, (PURGED_UNSENT, json.dumps(asdict(before.with_more(loss) if before else loss))))


def last_loss(db: apsw.Connection) -> Loss | None:
    """Return the last loss, whole; None where nothing was ever lost."""
    return Loss.from_json(single(db, _READ, (PURGED_UNSENT,)))
