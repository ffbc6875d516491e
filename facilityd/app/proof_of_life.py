"""How people see that they would be notified: a daily test message, and a heartbeat to the outside."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from zoneinfo import ZoneInfo

from facilityd.app.core import Core
from facilityd.config.site import Site
from facilityd.errors import StoreFull
from facilityd.model.people import Hours, ProofOfLife
from facilityd.model.sample import NS
from facilityd.notify.hours import applies, local_date, span
from facilityd.supervise.stop import end

log = logging.getLogger(__name__)
LATE = 6 * 3600 * NS
"""A test message that was missed is made up for so long (ns): proof of this morning is of use at noon."""
Ping = Callable[[str], Awaitable[str]]
"""Calls a URL once; returns why that was no success, or nothing."""


class DailyTest:
    """One message a day over each channel. Its key is the day's, so a restart sends none twice."""

    def __init__(self, site: Site, core: Core) -> None:
        proof: ProofOfLife = site.duty.proof
        self._core, self._zone, self._holidays = core, ZoneInfo(site.timezone), site.duty.holidays
        self._hours = None if proof.test_at is None else Hours(proof.test_at, proof.test_at, proof.days)
        self._made = 0

    def next_due(self, at: int) -> int | None:
        """Return when the next one is due, ns UTC; None where none is asked for."""
        return min((due for due in self._dues(at) if due > self._made and due + LATE > at), default=None)

    async def beat(self, at: int) -> None:
        """Send what is due at an instant (ns UTC)."""
        due = self.next_due(at)
        if due is None or due > at:
            return
        with suppress(StoreFull):
            await self._core.flow.tell((), self._core.planner.test(at, due=due))
        self._made = due

    def _dues(self, at: int) -> list[int]:
        if self._hours is None:
            return []
        today = local_date(at, self._zone)
        days = [today + timedelta(days=n) for n in range(-1, 9)]
        return [span(self._hours, d, self._zone)[0] for d in days if applies(self._hours, d, self._holidays)]


async def heartbeat(proof: ProofOfLife, ping: Ping) -> None:
    """Call the URL until cancelled; says once that nobody answers there, and once that somebody does again.

    It runs on the loop that everything else runs on: what stops that loop stops the heartbeat.
    """
    trouble = ""
    while proof.heartbeat_url:
        found = await ping(proof.heartbeat_url)
        if found and not trouble:
            log.warning("the heartbeat is not heard: %s", found.replace(proof.heartbeat_url, "***"))
        if trouble and not found:
            log.info("the heartbeat is heard again")
        trouble = found
        await asyncio.sleep(proof.heartbeat_every / NS)


class HeartbeatTask:
    """The heartbeat as a task; other settings begin it anew."""

    def __init__(self, group: asyncio.TaskGroup, ping: Ping) -> None:
        self._group, self._ping = group, ping
        self._proof: ProofOfLife | None = None
        self._task: asyncio.Task[None] | None = None

    async def beat(self, proof: ProofOfLife) -> None:
        """Call the URL of these settings from now on."""
        if proof != self._proof:
            await self.stop()
            self._proof = proof
            self._task = self._group.create_task(heartbeat(proof, self._ping), name="heartbeat")

    async def stop(self) -> None:
        """End it."""
        await end([self._task] if self._task else [])
