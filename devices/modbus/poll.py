"""One poll of one unit: its reads, its identity, its samples."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from devices.modbus.client import ModbusReader, ReadFailed
from devices.modbus.decode import BlockDecoder, Slot, Verdict, compile_block
from devices.modbus.plan import MergedRead, UnitPlan, halves
from devices.profile import IdentityCheck, Table
from facilityd.model.clock import Clock
from facilityd.model.quality import Reason
from facilityd.model.sample import Sample, Value, void

Compiled = tuple[tuple[MergedRead, BlockDecoder], ...]
log = logging.getLogger(__name__)

REFUSED = (Reason.ILLEGAL_ADDRESS, Reason.ILLEGAL_VALUE)
"""Refusals of a read that may be granted in parts: a register is missing, or there are too many."""
GATEWAY = (Reason.GATEWAY_PATH, Reason.GATEWAY_TARGET)
"""Refusals that are the gateway's, not the unit's."""
ABSURD = 20.0
"""How far beyond its range a number cannot be the quantity any more."""
SAYS_NOT_WHO = frozenset({*GATEWAY, Reason.DEVICE_FAILURE, Reason.DEVICE_BUSY})
"""Refusals of the identity probe by which nobody is another model."""


@dataclass(slots=True)
class CompiledUnit:
    """A unit's plan with every block compiled. ``has_constants``: its identity probe has more than ranges.

    ``whole`` are reads that are refused in parts as well: they are not taken apart again.
    """

    plan: UnitPlan
    blocks: Compiled
    probes: Compiled
    has_constants: bool
    whole: set[tuple[Table, int, int]] = field(default_factory=set)

    @classmethod
    def of(cls, plan: UnitPlan) -> CompiledUnit:
        """Compile all reads of a plan."""
        constants = any(expect.between is None for expect in plan.profile.identity)
        return cls(plan, _compile(plan.reads), _compile(plan.identity), constants)

    def forget(self) -> None:
        """Read as planned again: who answers next may be another module."""
        self.blocks, self.probes = _compile(self.plan.reads), _compile(self.plan.identity)
        self.whole.clear()

    async def ask(self, reader: ModbusReader, read: MergedRead) -> bytes:
        """Send one read. Raises ReadFailed and LinkOutage."""
        return await reader.read(
            read.table,
            self.plan.unit.device_id,
            read.address,
            read.count,
            timeout_s=self.plan.timeout,
            any_transaction=self.plan.profile.allow_transaction_id_0,
        )


def _compile(reads: tuple[MergedRead, ...]) -> Compiled:
    return tuple((r, compile_block(r.table, r.address, r.count, r.fields)) for r in reads)


@dataclass(slots=True)
class _Fetch:
    """One pass over compiled reads. Where the unit refuses a read, its parts are asked for.

    One register that a firmware does not have, or more registers than a unit takes at once, would
    otherwise cost every value of the block.
    """

    compiled_unit: CompiledUnit
    reader: ModbusReader
    put: Callable[[Slot, Verdict], None]
    heard: bool = False
    asked: int = 0

    async def all(self, blocks: Compiled) -> Compiled:
        """Read everything; return what to read next time. Raises ReadFailed at silence, and LinkOutage."""
        kept: list[tuple[MergedRead, BlockDecoder]] = []
        for number, one in enumerate(blocks):
            try:
                kept += await self.read_block(one)
            except ReadFailed as failed:
                for read, _ in blocks[number:]:
                    fail(self.put, read, failed.reason)
                raise
        return tuple(kept)

    async def read_block(self, compiled: tuple[MergedRead, BlockDecoder]) -> Compiled:
        """Read one block, in parts where it is refused; return what to read in its stead."""
        if self.asked and self.reader.pause:
            await asyncio.sleep(self.reader.pause)
        self.asked += 1
        read, block = compiled
        try:
            payload = await self.compiled_unit.ask(self.reader, read)
        except ReadFailed as failed:
            if failed.reason.is_silence:
                raise
            self.heard = self.heard or failed.reason not in GATEWAY  # a unit that refuses is there
            fail(self.put, read, failed.reason)
            return await self._in_parts(compiled, failed.reason)
        block.decode(payload, self.put)
        self.heard = True
        return (compiled,)

    async def _in_parts(self, compiled: tuple[MergedRead, BlockDecoder], reason: Reason) -> Compiled:
        read = compiled[0]
        parts = halves(read) if reason in REFUSED and _span_of(read) not in self.compiled_unit.whole else None
        if parts is None:
            return (compiled,)
        kept: list[tuple[MergedRead, BlockDecoder]] = []
        brought, put = set[Slot](), self.put

        def noting(slot: Slot, verdict: Verdict) -> None:
            if verdict[1] not in REFUSED:
                brought.add(slot)
            put(slot, verdict)

        self.put = noting
        try:
            for part in _compile(parts):
                kept += await self.read_block(part)
        finally:
            self.put = put
        if not brought:
            self.compiled_unit.whole.add(_span_of(read))
            return (compiled,)
        return tuple(kept)


def _span_of(read: MergedRead) -> tuple[Table, int, int]:
    return read.table, read.address, read.count


def fail(put: Callable[[Slot, Verdict], None], read: MergedRead, reason: Reason) -> None:
    """Mark everything one read should have brought."""
    for one in read.fields:
        put(one.slot, (None, reason))


def _tell_parts(compiled_unit: CompiledUnit, before: Compiled, after: Compiled, buffer: PollBuffer) -> None:
    """Report once which read is refused, and what of it the unit does not have."""
    for read, _ in before:
        parts = [part for part, _ in after if set(part.names) <= set(read.names)]
        if len(parts) < 2:  # noqa: PLR2004 - one part is the read itself
            continue
        missing = [one.name for part in parts for one in part.fields if buffer.reason(one.slot) in REFUSED]
        log.warning(
            "%s: refuses to give %d of %s from address %d at once; read in %d parts from now on%s",
            compiled_unit.plan.unit.id, read.count, read.table.value, read.address, len(parts),
            f"; it does not have {', '.join(missing)}" if missing else "",
        )  # fmt: skip


class PollBuffer:
    """Collects the values of one poll, stream by stream. What never arrives stays bad."""

    def __init__(self, plan: UnitPlan) -> None:
        self._streams = plan.unit.streams
        self._values: list[list[Value | None]] = [[None] * len(s.signals) for s in self._streams]
        self._reasons: list[dict[int, Reason]] = [{} for _ in self._streams]

    def put(self, slot: Slot, verdict: Verdict) -> None:
        """Place one value or its reason."""
        stream, index = slot
        self._values[stream][index], reason = verdict
        if reason is None:
            self._reasons[stream].pop(index, None)
        else:
            self._reasons[stream][index] = reason

    def reason(self, slot: Slot) -> Reason | None:
        """Return why a value is bad, so far."""
        return self._reasons[slot[0]].get(slot[1])

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
class PollResult:
    """Samples of a poll; ``silent`` is why a question was not answered, ``heard`` whether any other was."""

    samples: list[Sample]
    silent: Reason | None = None
    heard: bool = False


async def poll(compiled_unit: CompiledUnit, reader: ModbusReader, clock: Clock) -> PollResult:
    """Read everything once. After an unanswered question no other is asked. Raises LinkOutage.

    What was answered before it is kept; but a wrong answer on a line without transaction ids means
    that the ones before may have been somebody else's too.
    """
    buffer = PollBuffer(compiled_unit.plan)
    fetch = _Fetch(compiled_unit, reader, buffer.put)
    try:
        after = await fetch.all(compiled_unit.blocks)
    except ReadFailed as failed:
        if failed.reason is Reason.MALFORMED and reader.pause:
            for read, _ in compiled_unit.blocks:
                fail(buffer.put, read, failed.reason)
        return PollResult(buffer.samples(*clock.now()), failed.reason, fetch.heard)
    if after != compiled_unit.blocks:
        _tell_parts(compiled_unit, compiled_unit.blocks, after, buffer)
        compiled_unit.blocks = after
    return PollResult(buffer.samples(*clock.now()), None, fetch.heard)


def voided(plan: UnitPlan, clock: Clock, reason: Reason) -> list[Sample]:
    """Return samples without values, with the reason."""
    at, steady = clock.now()
    return [void(stream, at, steady, reason) for stream in plan.unit.streams]


async def identify(
    compiled_unit: CompiledUnit, reader: ModbusReader
) -> list[tuple[IdentityCheck, Value | None, Reason | None]]:
    """Read the identity probe. Raises ReadFailed where the unit is silent, and LinkOutage."""
    found: dict[int, Verdict] = {}

    def put(slot: Slot, verdict: Verdict) -> None:
        found[slot[1]] = verdict

    compiled_unit.probes = await _Fetch(compiled_unit, reader, put).all(compiled_unit.probes)
    return [(expect, *found[number]) for number, expect in enumerate(compiled_unit.plan.profile.identity)]


def recognised(
    answers: list[tuple[IdentityCheck, Value | None, Reason | None]], *, constants_only: bool
) -> tuple[IdentityCheck, Value | None, Reason | None] | None:
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
