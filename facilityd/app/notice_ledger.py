"""Who was notified of what, for the planner: the journal's notices, and those that it does not have yet."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from facilityd.model.alarm import Change
from facilityd.model.notice import OF_TASKS, Notice
from facilityd.store.batch import Delivery
from facilityd.store.escalation import EscalationDeadline
from facilityd.store.ledger import NoticeReader
from facilityd.store.reader import UNREADABLE
from facilityd.store.rows import OutboxEntry

T = TypeVar("T")
NEWEST = 1000
"""Notices of all people among which somebody's newest are looked for."""
log = logging.getLogger(__name__)


class JournalLedger:
    """``pending`` returns what is about to be written, and what a full disk does not take."""

    def __init__(self, path: Path) -> None:
        self._reader = NoticeReader(path)
        self.pending: Callable[[], Sequence[Notice]] = lambda: ()

    def notices(self, device: str, rule: str, occurrence: int) -> Sequence[Notice]:
        """Return the notices of an alarm's occurrence, oldest first, none that were refused."""
        stored = {one.notice.key: one.notice for one in self._stored(device, rule, occurrence)}
        mine = (device, rule, occurrence)
        newer = {
            n.key: n for n in self.pending() if _of_alarm(n) and (n.device, n.rule, n.occurrence) == mine
        }
        return list((stored | newer).values())

    def waiting(self, device: str, rule: str, occurrence: int) -> Sequence[Notice]:
        """Return those of an occurrence that have not gone out yet, oldest first."""
        stored = self._stored(device, rule, occurrence)
        return [one.notice for one in stored if one.state in (Delivery.WAITING, Delivery.DEFERRED)]

    def has(self, notice: Notice) -> bool:
        """Return whether a notice was made already, also one that was refused for good."""
        known = self._read(lambda: self._reader.knows(notice.key), False)
        return known or any(one.key == notice.key for one in self.pending())

    def changes(self, device: str, rule: str, occurrence: int) -> Sequence[Change]:
        """Return the changes of an occurrence that somebody was notified of, oldest first."""
        return self._read(lambda: self._reader.changes(device, rule, occurrence), [])

    def pushes(self, recipient: str, since: int) -> Sequence[Notice]:
        """Return the newest notices to one recipient from an instant (ns UTC) on, in any order."""
        stored = self._entries(lambda: self._reader.pushes(recipient, since, NEWEST))
        newer = (n for n in self.pending() if n.recipient == recipient and n.at >= since)
        return list({n.key: n for n in (*(one.notice for one in stored), *newer)}.values())

    def digests(self) -> Sequence[OutboxEntry]:
        """Return the digests that have not gone out yet, oldest first."""
        return self._entries(self._reader.digests)

    def told_in(self, digest: Notice) -> list[Notice]:
        """Return what a digest stands for."""
        stored = (one for alarm in digest.alarms for one in self._stored(*alarm))
        mine = (digest.recipient, digest.channel, digest.at)
        inside = (one for one in stored if one.state is Delivery.DIGESTED)
        return [n for e in inside for n in (e.notice,) if (n.recipient, n.channel, e.settled_at) == mine]

    def deferred(self, at: int) -> Sequence[OutboxEntry]:
        """Return what was put off until an instant (ns UTC) or before, oldest first."""
        return self._entries(lambda: self._reader.deferred(at))

    def next_deferred(self) -> int | None:
        """Return until when the first of what is put off waits, ns UTC; None where nothing is."""
        return self._read(self._reader.next_deferred, None)

    def escalations(self) -> Sequence[EscalationDeadline]:
        """Return the deadlines of alarms that nobody has answered."""
        return self._read(self._reader.escalations, [])

    def _entries(self, ask: Callable[[], list[OutboxEntry]]) -> list[OutboxEntry]:
        return self._read(ask, [])

    def _read(self, ask: Callable[[], T], nothing: T) -> T:
        try:
            return ask()
        except UNREADABLE as error:  # a page of the file is damaged: what goes on is sent all the same
            log.error("who was told what cannot be read: %s", error)  # noqa: TRY400
            self._reader.close()
            return nothing

    def _stored(self, device: str, rule: str, occurrence: int) -> list[OutboxEntry]:
        found = self._entries(lambda: self._reader.notices(device, rule, occurrence))
        return [one for one in found if one.state is not Delivery.REJECTED and _of_alarm(one.notice)]

    def close(self) -> None:
        """Let go of the journal."""
        self._reader.close()


def _of_alarm(notice: Notice) -> bool:
    """Return whether a notice is of the alarm itself, not of its repair, which holds nothing up."""
    return notice.purpose not in OF_TASKS
