"""Who was told what, for the planner: the journal's notices, and those that it does not have yet."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from facilityd.model.notice import Notice
from facilityd.store.batch import Delivery
from facilityd.store.ledger import NoticeReader
from facilityd.store.reader import UNREADABLE
from facilityd.store.rows import OutboxEntry

log = logging.getLogger(__name__)


class JournalLedger:
    """``pending`` returns what is about to be written, and what a full disk does not take."""

    def __init__(self, path: Path) -> None:
        self._reader = NoticeReader(path)
        self.pending: Callable[[], Sequence[Notice]] = lambda: ()

    def notices(self, device: str, rule: str, occurrence: int) -> Sequence[Notice]:
        """Return the notices of an occurrence, oldest first, without those that were refused for good."""
        stored = {one.notice.key: one.notice for one in self._stored(device, rule, occurrence)}
        mine = (device, rule, occurrence)
        newer = {n.key: n for n in self.pending() if (n.device, n.rule, n.occurrence) == mine}
        return list((stored | newer).values())

    def waiting(self, device: str, rule: str, occurrence: int) -> Sequence[Notice]:
        """Return those of an occurrence that have not gone out yet, oldest first."""
        stored = self._stored(device, rule, occurrence)
        return [one.notice for one in stored if one.state is Delivery.WAITING]

    def has(self, notice: Notice) -> bool:
        """Return whether a notice was made already, also one that was refused for good."""
        known = self._stored(notice.device, notice.rule, notice.occurrence, refused=True)
        return any(one.key == notice.key for one in (*(e.notice for e in known), *self.pending()))

    def _stored(self, device: str, rule: str, occurrence: int, *, refused: bool = False) -> list[OutboxEntry]:
        try:
            found = self._reader.notices(device, rule, occurrence)
        except UNREADABLE as error:  # a page of the file is damaged: what goes on is told all the same
            log.error("who was told of %s %s cannot be read: %s", device, rule, error)  # noqa: TRY400
            self._reader.close()
            return []
        return [one for one in found if refused or one.state is not Delivery.REJECTED]

    def close(self) -> None:
        """Let go of the journal."""
        self._reader.close()
