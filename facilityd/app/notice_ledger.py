"""Who was told what, for the planner: the journal's notices, and those that it does not have yet."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from facilityd.model.notice import Notice
from facilityd.store.ledger import NoticeReader
from facilityd.store.reader import UNREADABLE

log = logging.getLogger(__name__)


class JournalLedger:
    """``pending`` returns what is about to be written, and what a full disk does not take."""

    def __init__(self, path: Path) -> None:
        self._reader = NoticeReader(path)
        self.pending: Callable[[], Sequence[Notice]] = lambda: ()

    def notices(self, device: str, rule: str, occurrence: int) -> Sequence[Notice]:
        """Return the notices of an occurrence, oldest first, without those that were refused for good."""
        stored = {n.key: n for n in self._stored(device, rule, occurrence)}
        mine = (device, rule, occurrence)
        newer = {n.key: n for n in self.pending() if (n.device, n.rule, n.occurrence) == mine}
        return list((stored | newer).values())

    def _stored(self, device: str, rule: str, occurrence: int) -> list[Notice]:
        try:
            return [one.notice for one in self._reader.notices(device, rule, occurrence)]
        except UNREADABLE as error:  # a page of the file is damaged: what goes on is told all the same
            log.error("who was told of %s %s cannot be read: %s", device, rule, error)  # noqa: TRY400
            self._reader.close()
            return []

    def close(self) -> None:
        """Let go of the journal."""
        self._reader.close()
