"""One poll of one unit: its reads, its identity, its samples."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from devices.modbus.client import Failed, Reader
from devices.modbus.decode import Block, Slot, Verdict, compile_block
from devices.modbus.plan import Read, UnitPlan
from devices.profile import Expect
from facilityd.model.clock import Clock
from facilityd.model.quality import Reason
from facilityd.model.sample import Sample, Value, void

GATEWAY = (Reason.GATEWAY_PATH, Reason.GATEWAY_TARGET)
"""Refusals that are the gateway's, not the unit's."""
ABSURD = 20.0
"""How far beyond its range a number cannot be the quantity any more."""


@dataclass(frozen=True, slots=True)
class Program:
    """A unit's plan with every block compiled. ``has_constants``: its identity probe has more than ranges."""

    plan: UnitPlan
    blocks: tuple[tuple[Read, Block], ...]
    probes: tuple[tuple[Read, Block], ...]
    has_constants: bool

    @classmethod
    def of(cls, plan: UnitPlan) -> Program:
        """Compile all reads of a plan."""
        constants = any(expect.between is None for expect in plan.profile.identity)
        return cls(plan, _compile(plan.reads), _compile(plan.identity), constants)

    async def ask(self, reader: Reader, read: Read) -> bytes:
        """Send one read. Raises Failed and LinkOutage."""
        return await reader.read(
            read.table,
            self.plan.unit.device_id,
            read.address,
            read.count,
            timeout_s=self.plan.timeout,
            any_transaction=self.plan.profile.allow_transaction_id_0,
        )


def _compile(reads: tuple[Read, ...]) -> tuple[tuple[Read, Block], ...]:
    return tuple((r, compile_block(r.table, r.address, r.count, r.fields)) for r in reads)


class Tray:
    """Collects the values of one poll, stream by stream. What never arrives stays bad."""

    def __init__(self, plan: UnitPlan) -> None:
        self._streams = plan.unit.streams
        self._values: list[list[Value | None]] = [[None] * len(s.signals) for s in self._streams]
        self._reasons: list[dict[int, Reason]] = [{} for _ in self._streams]

    def put(self, slot: Slot, verdict: Verdict) -> None:
        """Place one value or its reason."""
        stream, index = slot
        self._values[stream][index], reason = verdict
        if reason is not None:
            self._reasons[stream][index] = reason

    def fail(self, read: Read, reason: Reason) -> None:
        """Mark everything one read should have brought."""
        for field in read.fields:
            self.put(field.slot, (None, reason))

    def samples(self, at: int, steady: int) -> list[Sample]:
        """Return one sample per device that the unit serves."""
        rows = zip(self._streams, self._values, self._reasons, strict=True)
        return [Sample(s, at, steady, tuple(values), _told(values, reasons)) for s, values, reasons in rows]


def _told(values: list[Value | None], reasons: dict[int, Reason]) -> dict[int, Reason]:
    """Return the reasons; what was never asked for says so."""
    if None in values:
        for index, value in enumerate(values):
            if value is None:
                reasons.setdefault(index, Reason.SKIPPED)
    return reasons


@dataclass(frozen=True, slots=True)
class Result:
    """Samples of a poll; ``silent`` is why a question was not answered, ``heard`` whether any other was."""

    samples: list[Sample]
    silent: Reason | None = None
    heard: bool = False


async def poll(program: Program, reader: Reader, clock: Clock) -> Result:
    """Read everything once. After an unanswered question no other is asked. Raises LinkOutage.

    What was answered before it is kept; but a wrong answer on a line without transaction ids means
    that the ones before may have been somebody else's too.
    """
    tray, silent, heard = Tray(program.plan), None, False
    for number, (read, block) in enumerate(program.blocks):
        if number and reader.pause:
            await asyncio.sleep(reader.pause)
        try:
            payload = await program.ask(reader, read)
        except Failed as failed:
            tray.fail(read, failed.reason)
            if failed.reason.is_silence:
                silent = failed.reason
                break
            heard = heard or failed.reason not in GATEWAY  # a unit that refuses is there
        else:
            block.decode(payload, tray.put)
            heard = True
    if silent:
        lost = 0 if silent is Reason.MALFORMED and reader.pause else number
        for read, _ in program.blocks[lost:]:
            tray.fail(read, silent)
    return Result(tray.samples(*clock.now()), silent, heard)


def voided(plan: UnitPlan, clock: Clock, reason: Reason) -> list[Sample]:
    """Return samples that only say why nothing is known."""
    at, steady = clock.now()
    return [void(stream, at, steady, reason) for stream in plan.unit.streams]


async def identify(program: Program, reader: Reader) -> list[tuple[Expect, Value | None, Reason | None]]:
    """Read the identity probe. Raises Failed where the unit is silent, and LinkOutage."""
    found: dict[int, Verdict] = {}

    def put(slot: Slot, verdict: Verdict) -> None:
        found[slot[1]] = verdict

    for read, block in program.probes:
        try:
            payload = await program.ask(reader, read)
        except Failed as failed:
            if failed.reason.is_silence:
                raise
            for field in read.fields:
                put(field.slot, (None, failed.reason))
        else:
            block.decode(payload, put)
    return [(expect, *found[number]) for number, expect in enumerate(program.plan.profile.identity)]


def recognised(
    answers: list[tuple[Expect, Value | None, Reason | None]], *, constants_only: bool
) -> tuple[Expect, Value | None, Reason | None] | None:
    """Return the first line of the probe that does not hold, or None.

    Once recognised, constants are checked again as they are. A range (mains frequency, DC link) may
    rightly be left when the supply fails, and that must be seen, not hidden: only a number that no
    supply ever gave, such as one with its words swapped, is held against the unit. A line without a
    usable value (a wind sensor cut off, a reading beyond its range) leaves it to the others, if one holds.
    """
    mute, held = None, False
    for expect, value, reason in answers:
        excused = reason is Reason.NO_VALUE or (constants_only and reason is Reason.OUT_OF_RANGE)
        if excused and expect.between is not None:
            mute = mute or (expect, value, reason)
            continue
        if constants_only and expect.between is not None:
            wrong = value is None or (bool(value) and _absurd(abs(float(value)), *expect.between))
        else:
            wrong = value is None or not expect.holds(float(value))
        if wrong:
            return expect, value, reason
        held = True
    return None if held else mute


def _absurd(value: float, low: float, high: float) -> bool:
    """Return whether a number lies absurdly far beyond its range."""
    tiny = min(abs(low), abs(high)) / ABSURD if low * high > 0 else 0.0
    return value > ABSURD * max(abs(low), abs(high)) or value < tiny
