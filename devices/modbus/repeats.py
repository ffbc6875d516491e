"""One lost frame is no lost sample: a unit that had answered is polled once more before a loss is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container
from dataclasses import dataclass, field, replace

from devices.modbus.poll import PollResult
from devices.modbus.reader import ForwardingReader, ModbusReader, ReadFailed
from devices.modbus.scheduler import PollSlot
from devices.profile import Table
from devices.unit import ModbusLink
from facilityd.model.clock import Clock
from facilityd.model.quality import Reason

WITHIN_S = 2.0
"""A poll without an answer is reported at most so much later; till then a second attempt waits for a gap."""

READ_AGAIN = 2
"""How often an unanswered request is repeated during an identity check, if the unit answers others."""


@dataclass(slots=True)
class RepeatingReader(ForwardingReader):
    """Asks a question again whose answer was lost, if the unit has answered another one since this began.

    Making sure of a unit takes many answers in a row, which a line that loses every fifth of them hardly
    ever gives. A line without transaction ids must not be asked while an answer may still come late: it
    is left quiet for another ``timeout_s`` first, and what comes meanwhile is dropped. ``repeated`` tells
    whether that was needed.
    """

    before: int
    repeated: int = 0

    @classmethod
    def over(cls, reader: ModbusReader) -> RepeatingReader:
        """Return one whose unit has not answered yet."""
        return cls(reader, reader.answers)

    async def read(
        self,
        table: Table,
        device_id: int,
        address: int,
        count: int,
        *,
        timeout_s: float,
        any_transaction: bool = False,
    ) -> bytes:
        """Return the payload bytes of one read. Raises ReadFailed and LinkOutage."""
        attempts = 0
        while True:
            try:
                return await self.reader.read(
                    table, device_id, address, count, timeout_s=timeout_s, any_transaction=any_transaction
                )
            except ReadFailed as failed:
                never_answered = self.reader.answers == self.before
                if failed.reason is not Reason.TIMEOUT or never_answered or attempts >= READ_AGAIN:
                    raise
            attempts += 1
            self.repeated += 1
            await asyncio.sleep(timeout_s)


@dataclass(frozen=True, slots=True)
class Held:
    """What a poll came to that is repeated, and until when (s, the event loop's clock)."""

    slot: PollSlot
    result: PollResult
    until: float


@dataclass(slots=True)
class Repeats:
    """At most one unit of a link is asked again at a time; ``count`` counts since the start."""

    link: ModbusLink
    clock: Clock
    time: Callable[[], float]
    count: int = 0
    _held: Held | None = field(default=None)

    def hold(self, slot: PollSlot, result: PollResult, *, quiet: int) -> bool:
        """Return True where a failed poll is kept back and the unit asked again in the next gap.

        Only where it answered the last time, and so did whoever was asked before it (``quiet``): what is
        away, or a link that is, costs no second time-out. What is read with a side effect, or no faster than
        the maker allows, is never asked twice.
        """
        plan = slot.plan
        if self._held or quiet or not slot.online or result.silent is None:
            return False
        if not self.link.repeats or plan.has_side_effect or plan.min_interval:
            return False
        now = self.time()
        self._held = Held(slot, result, now + min(WITHIN_S, slot.period))
        self.count += 1
        slot.repeat(now)
        return True

    def better(self, slot: PollSlot, again: PollResult) -> PollResult:
        """Return what a unit's poll came to: the repeated one's result, where it brought an answer."""
        held = self._held
        if held is None or held.slot is not slot:
            return again
        self._held = None
        return again if again.silent is None else self._now(held.result)

    def expired(self, *, at_once: bool = False) -> tuple[PollSlot, PollResult] | None:
        """Return the unit for which no gap came in time, with what its poll had come to."""
        held = self._held
        if held is None or not (at_once or self.time() >= held.until):
            return None
        self._held = None
        return held.slot, self._now(held.result)

    def keep(self, slots: Container[PollSlot]) -> None:
        """Let go of a unit that is not among these any more."""
        if self._held and self._held.slot not in slots:
            self._held = None

    def _now(self, result: PollResult) -> PollResult:
        """Return a result as of now: what is handed in late must not seem older than the rest."""
        at, steady = self.clock.now()
        return replace(result, samples=[replace(one, at=at, steady=steady) for one in result.samples])
