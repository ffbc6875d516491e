"""What is noticed of times in which nobody watched, until it is recorded and reported."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from facilityd.app.builtin import DAEMON
from facilityd.errors import StoreFull
from facilityd.model.clock import Clock
from facilityd.model.downtime import Downtime, Pause
from facilityd.model.sample import NS
from facilityd.store.batch import Batch
from facilityd.store.downtimes import DowntimeWrite
from facilityd.store.last_word import WATCHED, last_word
from facilityd.store.meta import MetaWrite
from facilityd.store.reader import JournalReader

log = logging.getLogger(__name__)
HOUR = 3600 * NS
WORTH_S = 0.1
"""A shorter one is the daemon going on with units that it found by listening."""
MOST = 1000
"""Kept in memory while the disk takes nothing."""


class Downtimes:
    """Each downtime is recorded once in the journal, and reported once as a signal of the daemon."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._unrecorded: list[Downtime] = []
        self._untold = 0.0
        self._resumed = 0

    @property
    def untold(self) -> bool:
        """Whether there is something to report."""
        return self._untold > 0

    def started(self, reader: JournalReader) -> None:
        """Note that nobody watched from the last word in the journal until this start."""
        now = self._clock.now()[0]
        words = {reader.stream(row.stream).device: row.at for row in reader.latest()}
        last = last_word(reader)
        if 0 < last < now:
            self._note(Downtime(last, now))
        # One that ended within its first second has told nobody of what was before it.
        earlier = reader.downtimes(words.get(DAEMON, now), now)
        self._untold += sum(one.seconds for one in earlier if one.why is not Pause.CLOCK)

    def recent(self, reader: JournalReader) -> int:
        """Return how often nobody watched within the last hour."""
        now = self._clock.now()[0]
        found = reader.downtimes(now - HOUR, now + 1)
        return sum(one.why is not Pause.CLOCK and one.seconds >= WORTH_S for one in found)

    def paused(self, length: int) -> None:
        """Note that nobody looked for ``length`` ns until now; a second report adds nothing."""
        now, steady = self._clock.now()
        if steady - length < self._resumed:
            return
        self._resumed = steady
        log.warning("nobody watched for %.0f s: this process or its machine stood still", length / NS)
        self._note(Downtime(now - length, now, Pause.STOOD_STILL))

    def leapt(self, by: int) -> None:
        """Note that the clock was put forward by ``by`` ns; another signal tells of that."""
        now = self._clock.now()[0]
        if by > 0:
            self._note(Downtime(now - by, now, Pause.CLOCK))

    def _note(self, downtime: Downtime) -> None:
        self._unrecorded.append(downtime)
        del self._unrecorded[:-MOST]
        if downtime.why is not Pause.CLOCK:
            self._untold += downtime.seconds

    async def record(self, commit: Callable[[Batch], Awaitable[object]]) -> None:
        """Write down what is not yet; what a full disk does not take is tried again."""
        if not self._unrecorded:
            return
        taken = tuple(self._unrecorded)
        try:
            await commit([DowntimeWrite(taken)])
        except StoreFull:
            return
        del self._unrecorded[: len(taken)]

    async def stopping(self, commit: Callable[[Batch], Awaitable[object]]) -> None:
        """Write down until when somebody watched."""
        with suppress(StoreFull):  # the last sample says nearly the same
            await commit([MetaWrite({WATCHED: str(self._clock.now()[0])})])

    def tell(self) -> float:
        """Return for how long nobody watched since this was last asked, s."""
        told, self._untold = self._untold, 0.0
        return told
