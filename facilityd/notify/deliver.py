"""Delivers what waits in the outbox: in order on each channel, no channel waiting for another."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from facilityd.errors import Outage
from facilityd.model.message import Wording
from facilityd.model.notice import DeliveryOutcome, DeliveryResult, Notice, SendFailure
from facilityd.model.rule import Priority
from facilityd.model.sample import NS
from facilityd.notify.channel_backoff import ChannelBackoff
from facilityd.notify.channels import Channel
from facilityd.notify.merge import merged
from facilityd.notify.pace import TokenBucket

log = logging.getLogger(__name__)

STUBBORN = 3
"""Failed attempts after which a notice no longer keeps those behind it waiting."""


AGAIN_S = 1.0
"""What is due and could not be tried is looked at again so soon."""


class QueuedNotice(Protocol):
    """An entry of the outbox (store.rows.OutboxEntry)."""

    @property
    def id(self) -> int:
        """Grows with time: the order in which notices were made."""

    @property
    def notice(self) -> Notice:
        """What to say."""

    @property
    def attempts(self) -> int:
        """How often it was tried."""


class Outbox(Protocol):
    """What waits, kept by the journal."""

    async def take(self, now: int, resting: Collection[str] = ()) -> Sequence[QueuedNotice]:
        """Return what is due at ``now`` (ns), but nothing of ``resting`` channels. Nothing is removed."""

    async def next_due(self) -> int | None:
        """Return when the next waiting one is due (ns), or None where nothing waits."""

    async def report(self, entry: QueuedNotice, outcome: DeliveryResult, next_at: int | None) -> None:
        """Make an attempt durable; ``next_at`` None: it is not tried again. Raises Outage."""


class Deliverer:
    """``now`` returns ns; the steady clock is best, for a jump must not delay an alarm.

    ``matters`` says whether a notice must arrive yet, so that no refusal of it is final: what it tells of
    stands, or its reader waits for the end. ``troubles`` are channels that did not take notices before this
    start, with the reason.

    A crash between sending and reporting gives one double, with the same key.
    """

    def __init__(
        self,
        outbox: Outbox,
        channels: Mapping[str, Channel],
        now: Callable[[], int],
        idle_s: float = 60.0,
        matters: Callable[[Notice], bool] = lambda _: False,
        troubles: Mapping[str, str] | None = None,
    ) -> None:
        self._matters = matters
        self._outbox, self._channels, self._now, self._idle_s = outbox, channels, now, idle_s
        self._lines = {channel: ChannelBackoff(channel) for channel in channels}
        for channel, reason in (troubles or {}).items():
            if channel in self._lines:
                self._lines[channel].reason, self._lines[channel].since = reason, now()
        self._unreported: dict[int, tuple[QueuedNotice, DeliveryResult, int | None]] = {}
        self._busy: set[str] = set()
        self._wake = asyncio.Event()

    def adopt(self, channels: Mapping[str, Channel], changed: Collection[str]) -> None:
        """Deliver over these channels from now on; ``changed`` ones begin anew, the others go on.

        What is being sent is sent to its end.
        """
        lines = {name: line for name, line in self._lines.items() if name not in changed}
        self._lines = {name: lines.get(name) or ChannelBackoff(name) for name in channels}
        self._channels = {
            name: channel if name in changed or name not in self._channels else self._channels[name]
            for name, channel in channels.items()
        }
        self.wake()

    @property
    def troubles(self) -> dict[str, str]:
        """Return the channels that did not take the newest notice, with the reason."""
        return {channel: line.reason for channel, line in self._lines.items() if line.reason}

    @property
    def failures(self) -> dict[str, SendFailure]:
        """Return why these channels did not take the newest notice, where that is known."""
        return {channel: line.failure for channel, line in self._lines.items() if line.failure}

    def wake(self) -> None:
        """Look at once: something new is waiting."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._wake.clear()
                for channel, entries in (await self._due()).items():
                    self._busy.add(channel)
                    group.create_task(self._serve(channel, entries), name=f"notices {channel}")
                await self._pause()

    async def _pause(self) -> None:
        """Sleep until something may be due, at most ``idle_s``."""
        wait, due = self._idle_s, await self._outbox.next_due()
        if self._unreported or due is not None:
            ahead = 0.0 if due is None or self._unreported else (due - self._now()) / NS
            now = self._now()
            paces = (line.until - now for line in self._lines.values() if line.until > now)
            wait = min([wait, max(AGAIN_S, ahead), *(max(pause / NS, 0.001) for pause in paces)])
        with contextlib.suppress(TimeoutError):
            # Not wait_for: before Python 3.12 it swallows a cancellation that comes with the event.
            async with asyncio.timeout(wait):
                await self._wake.wait()

    async def _due(self) -> dict[str, list[QueuedNotice]]:
        """Return what can be tried now, by channel, oldest first."""
        await self._report_again()
        now, by_channel = self._now(), dict[str, list[QueuedNotice]]()
        # Before the outbox is read: a channel that ends meanwhile has changed what was read.
        resting = self._busy | {name for name, line in self._lines.items() if line.until > now}
        for entry in sorted(await self._outbox.take(now, resting), key=lambda entry: entry.id):
            if entry.id not in self._unreported:
                by_channel.setdefault(entry.notice.channel, []).append(entry)
        return by_channel

    async def _serve(self, channel: str, entries: Sequence[QueuedNotice]) -> None:
        pace: TokenBucket | None = getattr(self._channels.get(channel), "pace", None)
        try:
            await (
                self._one_by_one(channel, entries) if pace is None else self._paced(channel, entries, pace)
            )
        finally:
            self._busy.discard(channel)
            self._wake.set()

    async def _one_by_one(self, channel: str, entries: Sequence[QueuedNotice]) -> None:
        undelivered: set[tuple[str, str, int]] = set()
        for entry in entries:
            alarms = {(entry.notice.device, entry.notice.rule, entry.notice.occurrence), *entry.notice.alarms}
            if not alarms.isdisjoint(undelivered):
                continue  # nobody is notified of the end of an alarm before its beginning
            outcome, next_at = await self._attempt(channel, entry.notice, [entry])
            await self._report(entry, outcome, next_at)
            if next_at is not None and entry.attempts < STUBBORN:
                break  # what is behind it stays behind it
            if next_at is not None:
                undelivered |= alarms

    async def _paced(self, channel: str, entries: Sequence[QueuedNotice], pace: TokenBucket) -> None:
        """Send as often as the channel allows, what is critical first; together what would have to wait."""
        left = sorted(entries, key=lambda entry: (not _critical(entry), entry.id))
        while left:
            if channel not in self._lines or channel not in self._channels:
                return  # it left the site meanwhile
            wait = pace.wait(self._now(), critical=_critical(left[0]))
            if wait:
                self._lines[channel].until = self._now() + wait
                return
            alone = len(left) <= max(1, pace.spare(self._now()))
            notice, count = merged([entry.notice for entry in (left[:1] if alone else left)])
            group, left = left[:count], left[count:]
            pace.spend(self._now(), parts_of(self._channels[channel], notice))
            outcome, next_at = await self._attempt(channel, notice, group)
            for entry in group:
                final = outcome.final and not self._matters(entry.notice)
                await self._report(entry, outcome, None if final else next_at)
            if next_at is not None:
                return

    async def _attempt(
        self, channel: str, notice: Notice, entries: Sequence[QueuedNotice]
    ) -> tuple[DeliveryResult, int | None]:
        """Try a notice that stands for some entries; return what came of it and when to try again."""
        line = self._lines.get(channel)
        if channel not in self._channels or line is None:
            return DeliveryResult(DeliveryOutcome.REJECTED, Wording("send.unconfigured")), None
        try:
            outcome = await self._channels[channel].send(notice)
        except Exception:  # a channel is a compartment: what a foreign server causes stays in it
            log.exception("channel %s failed in a way it does not know", channel)
            outcome = DeliveryResult(DeliveryOutcome.TRANSIENT, Wording("send.failed-here"))
        return outcome, line.note(
            outcome,
            min(entry.attempts for entry in entries),
            self._now(),
            matters=any(self._matters(entry.notice) for entry in entries),
        )

    async def _report(self, entry: QueuedNotice, outcome: DeliveryResult, next_at: int | None) -> None:
        try:
            await self._outbox.report(entry, outcome, next_at)
        except Outage:
            # Sent but not noted: remembered here, or the crew would get it again every second.
            self._unreported[entry.id] = entry, outcome, next_at

    async def _report_again(self) -> None:
        waiting, self._unreported = self._unreported, {}
        for held in waiting.values():
            await self._report(*held)


def _critical(entry: QueuedNotice) -> bool:
    return entry.notice.priority >= Priority.CRITICAL


def parts_of(channel: Channel, notice: Notice) -> int:
    """Return how many messages of a channel a notice becomes."""
    count: Callable[[Notice], int] = getattr(channel, "parts", lambda _: 1)
    return count(notice)
