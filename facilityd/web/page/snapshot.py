"""What all pages show of the present: asked once a second at most, however many look."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from facilityd.errors import UsageError
from facilityd.query.devices import DeviceRow
from facilityd.query.forecast import WarningRow
from facilityd.query.hazards import HazardRow
from facilityd.query.liveness import Liveness
from facilityd.query.readiness import ReadinessAnswer
from facilityd.query.site import SiteQuery
from facilityd.query.tasks import TaskRow
from facilityd.web.service import WebService

FRESH = 1.0
"""For so many s the present is not asked again."""


@dataclass(frozen=True, slots=True)
class SiteSnapshot:
    """The site at one instant, ns UTC. ``readiness`` is None where no device has a checklist.

    ``change``: the id of the last change of an alarm that is in it.
    """

    at: int
    change: int
    liveness: Liveness
    devices: Sequence[DeviceRow]
    hazards: Sequence[HazardRow]
    tasks: Sequence[TaskRow]
    readiness: ReadinessAnswer | None
    weather: Sequence[WarningRow] = ()
    """The weather warnings that hold."""

    def device(self, name: str) -> DeviceRow | None:
        """Return a device by its id."""
        return next((row for row in self.devices if row.device == name), None)


def take_snapshot(query: SiteQuery) -> SiteSnapshot:
    """Ask the journal for all of it."""
    change, found = query.position()[1], query.present()
    try:
        readiness = query.readiness()
    except UsageError:
        readiness = None  # no device of this site has a checklist
    at = found.liveness.at
    weather = query.forecast().in_force if query.site.forecasts else ()
    return SiteSnapshot(
        at, change, found.liveness, found.devices, found.hazards, found.tasks, readiness, weather
    )


@dataclass(slots=True)
class SnapshotSource:
    """Holds the newest one; requests wait while it is being taken. A changed alarm invalidates it."""

    service: WebService
    _newest: SiteSnapshot | None = None
    _taken: float = -FRESH
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def forget(self) -> None:
        """Invalidate it for the next request: something changed that no alarm event tells of."""
        self._newest = None

    async def now(self) -> SiteSnapshot:
        """Return the present. Raises HttpProblem and UsageError."""
        async with self._turn:
            _, change = await self.service.pool.ask_quickly(SiteQuery.position)
            old = time.monotonic() - self._taken > FRESH
            if self._newest is None or old or self._newest.change != change:
                self._newest = await self.service.pool.ask(take_snapshot)
                self._taken = time.monotonic()
            return self._newest
