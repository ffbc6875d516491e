"""The sleep before the next poll, which ends early where the timetable changes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

WAKE_S = 2e-3
"""A timer may end so much early: the event loop's clock counts whole milliseconds."""


@dataclass(slots=True)
class PollTimer:
    """One sleeper at a time; instants are s on the event loop's clock."""

    loop: asyncio.AbstractEventLoop
    _waker: asyncio.Future[None] | None = field(default=None)

    async def until(self, start: float) -> bool:
        """Return True at ``start``, False when the timetable changed meanwhile."""
        if start <= self.loop.time():
            return True
        self._waker = self.loop.create_future()
        timer = self.loop.call_at(start, self.wake)
        try:
            await self._waker
        finally:
            self._waker = None
            timer.cancel()
        return self.loop.time() >= start - WAKE_S

    def wake(self) -> None:
        """End the sleep: it is time, or the timetable changed."""
        if self._waker and not self._waker.done():
            self._waker.set_result(None)


__all__ = ["PollTimer"]
