"""When quiet hours or a flood end: one message of all alarms that were put off, or the one thing itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from zoneinfo import ZoneInfo

from facilityd.app.core import Core
from facilityd.config.site import Site
from facilityd.errors import StoreFull
from facilityd.model.notice import OF_TASKS
from facilityd.notify.digest import plan_digests
from facilityd.notify.gather import GATHERED, gone_together
from facilityd.notify.render import SiteContext
from facilityd.store.batch import Attempt, Delivery
from facilityd.store.outbox import AttemptWrite, NoticeWrite
from facilityd.store.rows import OutboxEntry

TOGETHER = "told in a digest"


class DigestSender:
    """Everything is in the journal: what waits, until when, and in which digest it went."""

    def __init__(self, site: Site, core: Core) -> None:
        self._core = core
        self._place = SiteContext(site.name, ZoneInfo(site.timezone))
        channels = (channel for person in site.recipients.values() for channel in person.channels)
        self._kinds = {channel.id: channel.kind for channel in channels}

    async def beat(self, at: int) -> None:
        """Send what is due at an instant (ns UTC)."""
        addresses: dict[tuple[str, str], list[OutboxEntry]] = defaultdict(list)
        for entry in self._core.ledger.deferred(at + GATHERED):
            addresses[entry.notice.recipient, entry.notice.channel].append(entry)
        for waiting in addresses.values():
            going = {one.key for one in gone_together([entry.notice for entry in waiting], at)}
            entries = [entry for entry in waiting if entry.notice.key in going]
            alarms = [entry for entry in entries if entry.notice.purpose not in OF_TASKS]
            alone = [[entry] for entry in entries if entry.notice.purpose in OF_TASKS]
            with suppress(StoreFull):  # they wait in the journal, and are due again at the next beat
                for together in (*([alarms] if alarms else []), *alone):
                    await self._send(together, at)

    async def _send(self, entries: Sequence[OutboxEntry], at: int) -> None:
        if len(entries) == 1:
            released = [Attempt(entries[0].id, Delivery.WAITING, 0, at)]
            await self._core.flow.commit([AttemptWrite(released)])
        else:
            put_off = [entry.notice for entry in entries]
            kind = self._kinds.get(put_off[0].channel, "")
            digests = plan_digests(put_off, self._core.alarms.state, self._place, at, kind)
            told = [Attempt(entry.id, Delivery.DIGESTED, 0, at, TOGETHER) for entry in entries]
            await self._core.flow.commit([NoticeWrite(digests), AttemptWrite(told)])
        self._core.flow.on_notices()
