"""One poll of one unit: its reads, its identity, its samples."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from devices.modbus.compiled_unit import Compiled, CompiledUnit, compile_reads
from devices.modbus.decode import BlockDecoder, Slot, Verdict
from devices.modbus.identity import Answer
from devices.modbus.plan import MergedRead, UnitPlan, halves
from devices.modbus.reader import GATEWAY, ModbusReader, ReadFailed
from devices.profile import Table
from facilityd.model.clock import Clock
from facilityd.model.quality import Reason
from facilityd.model.sample import Sample, Value, void

log = logging.getLogger(__name__)

REFUSED = (Reason.ILLEGAL_ADDRESS, Reason.ILLEGAL_VALUE)
"""Refusals of a read that may be granted in parts: a register is missing, or there are too many."""


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

    async def all(
        self, blocks: Compiled, done: Sequence[bytes] = (), refused: ReadFailed | None = None
    ) -> Compiled:
        """Read everything; return what to read next time. Raises ReadFailed at silence, and LinkOutage.

        ``done``: what the first blocks brought already; ``refused``: why the one after them brought nothing.
        """
        kept: list[tuple[MergedRead, BlockDecoder]] = []
        for number, one in enumerate(blocks):
            try:
                if number < len(done):
                    self._place(one, done[number])
                    kept.append(one)
                elif number == len(done) and refused:
                    kept += await self._refused(one, refused)
                else:
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
        try:
            payload = await self.compiled_unit.ask(self.reader, compiled[0])
        except ReadFailed as failed:
            return await self._refused(compiled, failed)
        self._place(compiled, payload)
        return (compiled,)

    def _place(self, compiled: tuple[MergedRead, BlockDecoder], payload: bytes) -> None:
        compiled[1].decode(payload, self.put)
        self.heard, self.asked = True, max(self.asked, 1)

    async def _refused(self, compiled: tuple[MergedRead, BlockDecoder], failed: ReadFailed) -> Compiled:
        """Return what to read instead of a block that was refused. Raises ReadFailed at silence."""
        if failed.reason.is_silence:
            raise failed
        self.asked = max(self.asked, 1)
        self.heard = self.heard or failed.reason not in GATEWAY  # a unit that refuses is there
        fail(self.put, compiled[0], failed.reason)
        return await self._in_parts(compiled, failed.reason)

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
            for part in compile_reads(parts):
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
    payloads: list[bytes] = []
    try:
        for read, _ in compiled_unit.blocks:
            if payloads and reader.pause:
                await asyncio.sleep(reader.pause)
            payloads.append(await compiled_unit.ask(reader, read))
    except ReadFailed as failed:
        return await _poll_in_parts(compiled_unit, reader, clock, payloads, failed)
    return PollResult(compiled_unit.samples(payloads, *clock.now()), None, True)


async def _poll_in_parts(
    compiled_unit: CompiledUnit, reader: ModbusReader, clock: Clock, done: list[bytes], refused: ReadFailed
) -> PollResult:
    """Go on with a poll whose first blocks are ``done`` and whose next one was refused or not answered."""
    buffer = PollBuffer(compiled_unit.plan)
    fetch = _Fetch(compiled_unit, reader, buffer.put)
    try:
        after = await fetch.all(compiled_unit.blocks, done, refused)
    except ReadFailed as failed:
        if failed.reason is Reason.MALFORMED and reader.pause:
            for read, _ in compiled_unit.blocks:
                fail(buffer.put, read, failed.reason)
        return PollResult(buffer.samples(*clock.now()), failed.reason, fetch.heard)
    if after != compiled_unit.blocks:
        _tell_parts(compiled_unit, compiled_unit.blocks, after, buffer)
        compiled_unit.read_as(after)
    return PollResult(buffer.samples(*clock.now()), None, fetch.heard)


def voided(plan: UnitPlan, clock: Clock, reason: Reason) -> list[Sample]:
    """Return samples without values, with the reason."""
    at, steady = clock.now()
    return [void(stream, at, steady, reason) for stream in plan.unit.streams]


async def identify(compiled_unit: CompiledUnit, reader: ModbusReader) -> Sequence[Answer]:
    """Read the identity probe. Raises ReadFailed where the unit is silent, and LinkOutage."""
    payloads: list[bytes] = []
    checks = compiled_unit.plan.profile.identity
    try:
        for read, _ in compiled_unit.probes:
            if payloads and reader.pause:
                await asyncio.sleep(reader.pause)
            payloads.append(await compiled_unit.ask(reader, read))
    except ReadFailed as refused:
        found = await _identify_in_parts(compiled_unit, reader, payloads, refused)
        return [(expect, *found[number]) for number, expect in enumerate(checks)]
    return compiled_unit.probed(payloads)


async def _identify_in_parts(
    compiled_unit: CompiledUnit, reader: ModbusReader, done: list[bytes], refused: ReadFailed
) -> dict[int, Verdict]:
    """Go on with a probe whose first blocks are ``done`` and whose next one was refused or not answered."""
    found: dict[int, Verdict] = {}

    def put(slot: Slot, verdict: Verdict) -> None:
        found[slot[1]] = verdict

    after = await _Fetch(compiled_unit, reader, put).all(compiled_unit.probes, done, refused)
    if after != compiled_unit.probes:
        compiled_unit.probe_as(after)
    return found
