"""A link and its units: opens it, keeps the timetable, hands in samples, for ever."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence

from devices.modbus.client import connect
from devices.modbus.compiled_unit import CompiledUnit
from devices.modbus.gap_reads import GapReads
from devices.modbus.identity import SAYS_NOT_WHO
from devices.modbus.link_report import LinkReport
from devices.modbus.load import share, tell_overload
from devices.modbus.plan import plan_unit
from devices.modbus.poll import PollResult, identify, poll, voided
from devices.modbus.poll_timer import PollTimer
from devices.modbus.reader import Connect, ModbusReader, ReadFailed
from devices.modbus.repeats import RepeatingReader, Repeats
from devices.modbus.scheduler import RECHECK_S, RECHECK_TCP_S, RECHECK_VAGUE_S, PollScheduler, PollSlot
from devices.operating_mode import OperatingModeTracker
from devices.unit import ModbusLink, Unit
from facilityd.errors import LinkOutage, NoUnitAnswers
from facilityd.model.clock import Clock
from facilityd.model.link import LinkHealth
from facilityd.model.message import Wording
from facilityd.model.quality import Reason
from facilityd.model.sample import NS, Intake, Sample, void

log = logging.getLogger(__name__)

DISTRUST = 3
"""Good probes in a row before a unit known by a range only is believed again."""
OUT_OF_STEP = 3
"""Failed identity probes in a row before a serial line is opened anew, to drop what lies in it."""
ASK_ROUND = 2
"""Unanswered requests in a row, from all units, after which everybody else is asked at once."""
DEAD_AFTER = 3
"""Unanswered requests in a row, from all units, before a link is opened anew."""


class Bus:
    """Everything one Modbus link does."""

    def __init__(
        self,
        link: ModbusLink,
        units: Sequence[Unit],
        intake: Intake,
        clock: Clock,
        mode: OperatingModeTracker,
        health: Callable[[LinkHealth], None],
        opener: Connect = connect,
    ) -> None:
        self._connect = opener
        self._link, self._intake, self._clock, self._mode = link, intake, clock, mode
        plans = [plan_unit(unit, link) for unit in units]
        self._loop = asyncio.get_running_loop()
        self._scheduler = PollScheduler.of(link, plans, self._loop.time())
        self._slots = dict(zip(self._scheduler.slots, map(CompiledUnit.of, plans), strict=True))
        self._timer = PollTimer(self._loop)
        self._recheck = RECHECK_S if link.is_serial_line else RECHECK_TCP_S
        self._down, self._mute, self._repeats = False, False, Repeats(link, clock, self._loop.time)
        self._failures, self._quiet = 0, 0
        self._report = LinkReport(link, health, self._loop.time, lambda: self._repeats.count)
        self.gaps = GapReads(link, self._loop.time, self._timer.wake, self._load, self._report.aside)
        self._paced = contextlib.ExitStack()
        self._next: Sequence[Unit] | None = None

    async def run(self) -> None:
        """Poll until cancelled. Outages are retried here and nowhere else."""
        with self._paced, contextlib.closing(self.gaps):
            self._follow_modes()
            while True:
                try:
                    async with self._connect(self._link) as reader:
                        self._report.opened()
                        await self._serve(reader)
                except LinkOutage as outage:
                    self.gaps.lost(outage)
                    if late := self._repeats.expired(at_once=True):
                        self._conclude(*late)
                    self._regroup()
                    self._lost(outage)
                    await asyncio.sleep(self._scheduler.backoff(self._failures))
                    self._failures += 1

    def adopt(self, units: Sequence[Unit]) -> None:
        """Watch these units from the next poll on; one that did not change keeps its place and its state."""
        self._next = units
        self._timer.wake()
        if self._down:
            known = {slot.plan.unit.id for slot in self._slots}
            new = [stream for unit in units if unit.id not in known for stream in unit.streams]
            self._intake.offer([void(stream, *self._clock.now(), Reason.LINK_DOWN) for stream in new])

    def _regroup(self) -> None:
        if self._next is None:
            return
        known, now = {slot.plan.unit.id: slot for slot in self._slots}, self._loop.time()
        slots: dict[PollSlot, CompiledUnit] = {}
        for unit in self._next:
            slot = known.get(unit.id)
            if slot and slot.plan.unit == unit:
                slots[slot] = self._slots[slot]
                continue
            plan = plan_unit(unit, self._link)
            period = unit.poll_rates.period(self._mode.state(unit.poll_rates.device)) / NS
            slots[PollSlot(plan, now, period)] = CompiledUnit.of(plan)
        self._slots, self._scheduler.slots, self._next = slots, list(slots), None
        self._repeats.keep(slots)
        self._paced.close()
        self._follow_modes()

    def _follow_modes(self) -> None:
        rates = [slot.plan.unit.poll_rates for slot in self._slots]
        for device in sorted({one.device for one in rates if one.by_state}):
            self._paced.enter_context(self._mode.watching(device, self._pace_changed))

    async def _serve(self, reader: ModbusReader) -> None:
        self._quiet = 0
        while True:
            self._regroup()
            if late := self._repeats.expired():
                self._conclude(*late)
            slot, start = self._scheduler.next(self._loop.time())
            if await self.gaps.ask(reader, start):
                continue
            wake = self.gaps.due(start)
            if not await self._timer.until(wake) or wake < start:
                continue
            begun = self._loop.time()
            if slot.online:
                self._report.late(self._scheduler.late(slot, begun))
            await self._take(slot, reader)
            self._report.busy(self._loop.time() - begun)
            self._report.answers(reader)
            if self._quiet >= DEAD_AFTER and not any(slot.online for slot in self._scheduler.slots):
                raise NoUnitAnswers("no unit answers", where=self._link.where)

    def _load(self) -> float:
        return sum(share(slot.plan, self._link) for slot in self._slots)

    async def _take(self, slot: PollSlot, reader: ModbusReader) -> None:
        compiled_unit = self._slots[slot]
        planned = compiled_unit.blocks
        try:
            result = await self._ask(slot, compiled_unit, reader)
        except LinkOutage:
            self._intake.offer(voided(compiled_unit.plan, self._clock, Reason.LINK_DOWN))
            slot.online = False
            raise
        except Exception:  # what one unit says or is made into stays with that unit
            if self._report.is_first(name := compiled_unit.plan.unit.id):
                log.exception("%s: reading it failed in a way nobody foresaw; it is tried again", name)
            result = PollResult(voided(compiled_unit.plan, self._clock, Reason.MALFORMED), Reason.MALFORMED)
        if slot.online and result.silent is not None:
            self.gaps.faltered(compiled_unit.plan.unit.id)
        if len(compiled_unit.blocks) > len(planned):
            tell_overload(self._link, self._slots.values(), compiled_unit)
        if not self._repeats.hold(slot, result, quiet=self._quiet):
            self._conclude(slot, self._repeats.better(slot, result))

    def _conclude(self, slot: PollSlot, result: PollResult) -> None:
        """Note what a poll came to, and hand it in."""
        compiled_unit = self._slots[slot]
        self._book(slot, result)
        # While the link counts as down, a question without an answer says nothing of the unit behind it.
        hidden = self._down and result.silent is not None
        self._hand_in(voided(compiled_unit.plan, self._clock, Reason.LINK_DOWN) if hidden else result.samples)
        if slot.identity_failures >= OUT_OF_STEP and slot.recognised and self._link.is_serial_line:
            slot.identity_failures = 0
            raise LinkOutage(Wording("link.out-of-step"), where=self._link.where)

    async def _ask(self, slot: PollSlot, compiled_unit: CompiledUnit, reader: ModbusReader) -> PollResult:
        """Check the identity where that is due, poll, and after a doubt check it again.

        On a line without transaction ids a late answer is taken for the next one, and every
        answer after it is the one before. Then a probe may get its own last answer; one asked
        after a whole poll cannot. What that poll itself brought is not believed: the line may
        have come into step in the midst of it.
        """
        doubt = slot.suspect and self._link.is_serial_line
        recheck, answers = self._recheck if compiled_unit.has_constants else RECHECK_VAGUE_S, reader.answers
        due = self._loop.time() - slot.checked >= recheck
        asks = doubt or due or not slot.recognised
        again: RepeatingReader | None = None
        if asks and self._link.repeats and not compiled_unit.plan.has_side_effect:
            reader = again = RepeatingReader.over(reader)
        try:
            mismatch = await self._recognise(slot, compiled_unit, reader) if asks else None
            if mismatch is None and doubt:
                mismatch = await self._in_step(slot, compiled_unit, reader)
            if mismatch is not None:
                return PollResult(voided(compiled_unit.plan, self._clock, mismatch))
            result = await poll(compiled_unit, reader, self._clock)
        except ReadFailed as failed:
            # A unit that answered one request of several is there, though its values are not believed yet.
            answered = reader.answers > answers
            reason = Reason.IDENTITY if answered else failed.reason
            return PollResult(voided(compiled_unit.plan, self._clock, reason), failed.reason, answered)
        finally:
            self._repeats.count += again.repeated if again else 0
        # An answer later than twice its time would have put the line out of step: the next poll makes sure.
        slot.suspect = result.silent is not None or bool(again and again.repeated)
        return result

    async def _in_step(
        self, slot: PollSlot, compiled_unit: CompiledUnit, reader: ModbusReader
    ) -> Reason | None:
        """Return None where the line is in step: the probe holds behind a whole poll. Raises ReadFailed."""
        result = await poll(compiled_unit, reader, self._clock)
        if result.silent:
            raise ReadFailed(result.silent)
        return await self._recognise(slot, compiled_unit, reader)

    async def _recognise(
        self, slot: PollSlot, compiled_unit: CompiledUnit, reader: ModbusReader
    ) -> Reason | None:
        """Return why the unit's answers are not believed, None where it is the one its profile describes.

        One that was known and now refuses the very question is not called another one. Raises ReadFailed and
        LinkOutage.
        """
        known = slot.recognised
        wrong = compiled_unit.recognised(
            await identify(compiled_unit, reader), constants_only=slot.recognised
        )
        if reader.pause:
            await asyncio.sleep(reader.pause)
        if wrong is None and slot.probation:
            slot.probation -= 1  # a range is hit by chance too: once wrong, it must be right several times
            return Reason.IDENTITY
        if wrong is None:
            slot.recognised, slot.checked, slot.identity_failures = True, self._loop.time(), 0
            return None
        slot.suspect = True
        slot.probation = 0 if compiled_unit.has_constants else DISTRUST
        slot.identity_failures += 1
        expect, value, reason = wrong
        found = value if reason is None else reason
        self._report.say(
            f"{compiled_unit.plan.unit.id}: identity probe {expect.point} reads {found}, not as profile "
            f"{compiled_unit.plan.profile.profile} says; "
            f"try 'facilityd probe' on {compiled_unit.plan.unit.id}"
        )
        if reason in SAYS_NOT_WHO or (known and reason is not None and reason.is_refusal):
            return reason
        return Reason.IDENTITY

    def _book(self, slot: PollSlot, result: PollResult) -> None:
        now = self._loop.time()
        if result.silent is None or result.heard:
            self._quiet = self._failures = 0
            self._down = False
            if result.silent is None:
                slot.answered(now, doubtful=any(sample.reasons for sample in result.samples))
            else:
                slot.faltered(now)
            return
        self._quiet += 1
        if self._quiet == ASK_ROUND:
            # Is it the unit or the whole link? Units due in minutes are polled now, or each unit
            # would be told of as silent before its link is.
            for other in self._scheduler.slots:
                other.due = min(other.due, now) if other.online else other.due
        quiet_units = 1 + sum(other.open for other in self._scheduler.slots if other is not slot)
        slot.silent(now, silent_units=quiet_units, alone=len(self._scheduler.slots) == 1)
        if slot.open:
            slot.recognised = False  # another module may have taken its place
            self._slots[slot].forget()

    def _hand_in(self, samples: list[Sample]) -> None:
        for sample in samples:
            self._mode.observe(sample)
        self._intake.offer(samples)

    def _pace_changed(self, device: str) -> None:
        self._scheduler.repace(device, self._mode.state(device), self._loop.time())
        self._timer.wake()

    def _lost(self, outage: LinkOutage) -> None:
        # A single drop is mended by opening again at once; only a link that stays away is news.
        mute = isinstance(outage, NoUnitAnswers) and self._link.protocol != "modbus-rtu"
        if not self._failures or (self._failures > 1 and mute == self._mute):
            return
        self._down, self._mute = True, mute
        for compiled_unit in self._slots.values():
            self._intake.offer(voided(compiled_unit.plan, self._clock, Reason.LINK_DOWN))
        self._report.lost(str(outage), mute=mute)
