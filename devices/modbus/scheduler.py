"""Which unit of a bus is polled next: healthy units keep their times, the silent use only the gaps."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from devices.modbus.plan import UnitPlan
from devices.unit import ModbusLink
from facilityd.model.retry import RetryPolicy
from facilityd.model.sample import NS

LOSS = 0.025
"""Share of bus time that asking silent units may cost (decision 0003 allows 5 %)."""
LOSS_AT_FIRST = 0.05
"""The same while it is not yet sure that a unit is away: it uses gaps that are free anyway."""
OPEN_AFTER = 2
"""Unanswered polls before the breaker opens."""
AGAIN_S, AGAIN_TIMES = 10.0, 8
"""A slow unit without an answer, or whose answer lacks values, is asked again after so many s, so often."""
RECHECK_S = 300.0
"""How often a unit's identity is checked again on a serial line, in s."""
RECHECK_VAGUE_S = 60.0
"""The same for a unit known by a range only, such as the mains frequency."""
RECHECK_TCP_S = 600.0
"""The same where transaction ids keep answers apart."""
REOPEN = RetryPolicy(0.25, 10.0)
"""Before a link is opened again."""
GRID_S, FINE_GRID_S = 0.05, 0.025
"""Polls of TCP links begin at multiples of this, in s: one wake-up of the process then serves many links.

The fine one is of links that are polled more often than once a second; the finest periods have none.
"""


@dataclass(slots=True, eq=False)
class PollSlot:
    """One unit's place in the schedule; times are s on the event loop's clock.

    ``online``: it answered last time. Only proven units hold a place in the timetable.
    ``missed``: when a poll was due that is repeated now.
    """

    plan: UnitPlan
    due: float
    period: float
    online: bool = False
    failures: int = 0
    recognised: bool = False
    checked: float = -RECHECK_S
    suspect: bool = False
    identity_failures: int = 0
    probation: int = 0
    doubts: int = 0
    grid: float | None = None
    missed: float | None = None

    @property
    def open(self) -> bool:
        """True while the breaker spares the bus this unit."""
        return self.failures >= OPEN_AFTER

    def answered(self, now: float, *, doubtful: bool = False) -> None:
        """The unit spoke: it is back in the timetable. ``doubtful``: values were missing, so ask again soon.

        Who is asked minutes apart would otherwise need many of them to show that a value is gone for good.
        """
        if not self.online:
            missed = now if self.missed is None else self.missed
            self.due, self.online, self.grid, self.missed = missed, True, None, None
        self.failures = 0
        self.due = min(self.due + self.period, self.grid or math.inf)
        self.grid = None
        if self.due <= now:  # too slow for its period: skip what was missed, keep the grid
            self.due += self.period * ((now - self.due) // self.period + 1)
        self.doubts = self.doubts + 1 if doubtful else 0
        if 0 < self.doubts <= AGAIN_TIMES and now + AGAIN_S < self.due:
            self.due, self.grid = now + AGAIN_S, self.due

    def repeat(self, now: float) -> None:
        """One answer was lost: ask once more in the next gap, then go on at the times it had."""
        self.online, self.suspect, self.missed, self.due = False, True, self.due, now

    def faltered(self, now: float) -> None:
        """The unit answered some questions and not all: it is there, and asked again soon."""
        self.online, self.suspect, self.missed = False, True, None
        self.due = now + min(self.period, AGAIN_S)

    def silent(self, now: float, *, silent_units: int, alone: bool) -> None:
        """The unit did not answer: ask again when all silent units together cost at most ``LOSS``."""
        self.online, self.suspect, self.missed = False, True, None
        self.failures += 1
        # A unit that falls silent is polled again soon: was one answer lost, or is it away?
        at_first = self.failures <= AGAIN_TIMES
        wait = min(self.period, AGAIN_S) if at_first else self.period
        if self.open and not alone:
            wait = max(wait, self.plan.timeout * silent_units / (LOSS_AT_FIRST if at_first else LOSS))
        self.due = now + wait


def grid_of(periods: Iterable[float]) -> float:
    """Return the grid in s on which a TCP link with these periods is polled; 0: none."""
    shortest = min(periods, default=0.0)
    return GRID_S if shortest >= 1.0 else FINE_GRID_S if shortest >= 4 * FINE_GRID_S else 0.0


@dataclass(slots=True)
class PollScheduler:
    """The poll slots of one link. ``grid`` in s: polls of units that answer begin at its multiples."""

    slots: list[PollSlot] = field(default_factory=list)
    grid: float = 0.0

    @classmethod
    def of(cls, link: ModbusLink, plans: Iterable[UnitPlan], now: float) -> PollScheduler:
        """Start all units one after another, at a phase of the link's own.

        Units of a bus go back to back, so that the rest of the period is one gap, long
        enough to ask a silent unit in; links start spread out, so that they do not burst.
        """
        plans = list(plans)
        periods = [plan.unit.poll_rates.rest / NS for plan in plans]
        fastest = [plan.unit.poll_rates.fastest / NS for plan in plans]
        spread = min([1.0, *periods])
        grid = 0.0 if link.is_serial_line else grid_of(fastest)
        start = _on_grid(now + spread * (zlib.crc32(link.id.encode()) % 1000) / 1000, grid)
        return cls([PollSlot(plan, start, period) for plan, period in zip(plans, periods, strict=True)], grid)

    def next(self, now: float) -> tuple[PollSlot, float]:
        """Return the slot to poll and when to poll it (at or after ``now``)."""
        if len(self.slots) == 1:
            return self.slots[0], max(now, _on_grid(self.slots[0].due, self.grid))
        healthy = waiting = None
        for one in self.slots:  # at every poll: two calls of min with keys cost three times as much
            if one.online:
                if healthy is None or one.due < healthy.due:
                    healthy = one
            elif waiting is None or one.due < waiting.due:
                waiting = one
        if waiting is None or healthy is None:
            slot = waiting or healthy
            if slot is None:
                raise ValueError("a link without units has nothing to poll")
            return slot, max(now, _on_grid(slot.due, self.grid))
        start = max(now, waiting.due)
        # Overdue by twenty timeouts: there is no gap on this bus, so take 5 % of it anyway.
        forced = now - waiting.due > waiting.plan.timeout / LOSS / 2
        if start + waiting.plan.timeout <= healthy.due or forced:
            return waiting, start
        return healthy, max(now, _on_grid(healthy.due, self.grid))

    def late(self, slot: PollSlot, now: float) -> float:
        """Return by how many s the poll of a slot begins later than planned."""
        return now - _on_grid(slot.due, self.grid)

    def repace(self, device: str, mode: str, now: float) -> None:
        """Follow a device's operating mode: a shorter period starts now, a slower one after the next poll."""
        for slot in self.slots:
            poll_rates = slot.plan.unit.poll_rates
            if poll_rates.device != device:
                continue
            period = poll_rates.period(mode) / NS
            if slot.online and period < slot.period:
                slot.due = min(slot.due, now + period)
            slot.period = period

    def backoff(self, failures: int) -> float:
        """Return s to wait before opening the link again."""
        return REOPEN.wait(failures)


def _on_grid(due: float, grid: float) -> float:
    """Return the first multiple of ``grid`` that is not before ``due``; both in s."""
    return grid * math.ceil(due / grid - 1e-6) if grid else due


__all__ = ["PollScheduler", "PollSlot"]
