"""Notices that the disk does not take: they leave all the same, and what became of them is written later."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from facilityd.model.notice import Notice
from facilityd.store.batch import Attempt, Delivery

FIRST = 1 << 62
"""Ids of such notices begin here, behind all that the journal has numbered."""
MOST = 10_000


@dataclass(frozen=True, slots=True)
class UncommittedNotice:
    """A notice that only memory has, and what became of it so far. ``next_at`` in ns."""

    id: int
    notice: Notice
    attempts: int = 0
    next_at: int = 0
    state: Delivery = Delivery.WAITING
    error: str = ""


class UncommittedNotices:
    """In the order in which they were made; of too many the oldest are forgotten."""

    def __init__(self) -> None:
        self._kept: dict[str, UncommittedNotice] = {}
        self._next = FIRST

    def keep(self, notices: Iterable[Notice]) -> None:
        """Keep what could not be written; what is kept already is not kept twice."""
        for notice in notices:
            if notice.key not in self._kept:
                self._kept[notice.key] = UncommittedNotice(self._next, notice)
                self._next += 1
        for key in list(self._kept)[:-MOST]:
            del self._kept[key]

    def take_back(self, kept: Iterable[UncommittedNotice]) -> None:
        """Go on with what was kept before a restart."""
        for one in kept:
            self._kept[one.notice.key] = replace(one, id=self._next)
            self._next += 1

    def all(self) -> list[UncommittedNotice]:
        """Return what is kept."""
        return list(self._kept.values())

    def due(self, now: int) -> list[UncommittedNotice]:
        """Return what is to be tried at ``now`` (ns)."""
        return [kept for kept in self._waiting() if kept.next_at <= now]

    def next_due(self) -> int | None:
        """Return when the next one is to be tried (ns), None where none waits."""
        return min((kept.next_at for kept in self._waiting()), default=None)

    def note(self, attempt: Attempt) -> bool:
        """Remember an attempt by its notice's key; False where the journal has that notice by now."""
        kept = self._kept.get(attempt.key)
        if kept is None:
            return False
        self._kept[attempt.key] = replace(
            kept,
            state=attempt.state,
            attempts=attempt.attempts,
            next_at=attempt.next_at,
            error=attempt.error,
        )
        return True

    def attempts(self) -> Sequence[Attempt]:
        """Return what became of those that were tried, to be written with them."""
        tried = (kept for kept in self._kept.values() if kept.attempts)
        return [Attempt(k.id, k.state, k.attempts, k.next_at, k.error, k.notice.key) for k in tried]

    def settle(self, written: Sequence[Attempt]) -> list[Attempt]:
        """Forget all, as the journal has them now; return what became of some while it was written."""
        later = [attempt for attempt in self.attempts() if attempt not in written]
        self._kept.clear()
        return later

    def _waiting(self) -> Iterator[UncommittedNotice]:
        return (kept for kept in self._kept.values() if kept.state is Delivery.WAITING)
