"""A unit's plan, compiled: what is asked, and what becomes of the bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from devices.modbus.decode import BlockDecoder, Verdict
from devices.modbus.identity import Answer, recognised
from devices.modbus.plan import MergedRead, UnitPlan
from devices.modbus.reader import ModbusReader
from devices.modbus.unit_decode import PollDecoder, Row, compile_poll_decoder
from devices.profile import Table
from facilityd.model.sample import Sample

Compiled = tuple[tuple[MergedRead, BlockDecoder], ...]
"""Reads with what decodes their answers."""


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
    _decode: PollDecoder | None = field(default=None)
    _payloads: list[bytes] = field(default_factory=list)
    _rows: list[Row] = field(default_factory=list)
    _probed: tuple[list[bytes], tuple[Answer, ...]] | None = field(default=None)
    _known: dict[bool, Answer | None] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: UnitPlan) -> CompiledUnit:
        """Compile all reads of a plan."""
        constants = any(expect.between is None for expect in plan.profile.identity)
        return cls(plan, compile_reads(plan.reads), compile_reads(plan.identity), constants)

    def forget(self) -> None:
        """Read as planned again: another module may have taken its place."""
        self.read_as(compile_reads(self.plan.reads))
        self.probe_as(compile_reads(self.plan.identity))
        self.whole.clear()

    def read_as(self, blocks: Compiled) -> None:
        """Read these blocks from now on."""
        self.blocks, self._decode, self._payloads = blocks, None, []

    def probe_as(self, probes: Compiled) -> None:
        """Read these blocks from now on to find out who answers."""
        self.probes, self._probed = probes, None

    def probed(self, payloads: list[bytes]) -> tuple[Answer, ...]:
        """Return each identity check with what it found; the same bytes are decoded once."""
        if self._probed is None or payloads != self._probed[0]:
            found: dict[int, Verdict] = {}
            for (_, decoder), payload in zip(self.probes, payloads, strict=True):
                decoder.decode(payload, lambda slot, verdict: found.__setitem__(slot[1], verdict))
            checks = enumerate(self.plan.profile.identity)
            self._probed = payloads, tuple((expect, *found[number]) for number, expect in checks)
            self._known.clear()
        return self._probed[1]

    def recognised(self, answers: Sequence[Answer], *, constants_only: bool) -> Answer | None:
        """Return what ``identity.recognised`` does; of the very answers of last time it is known."""
        if self._probed is None or answers is not self._probed[1]:
            return recognised(answers, constants_only=constants_only)
        if constants_only not in self._known:
            self._known[constants_only] = recognised(answers, constants_only=constants_only)
        return self._known[constants_only]

    def samples(self, payloads: list[bytes], at: int, steady: int) -> list[Sample]:
        """Return one sample per device from the payloads of all blocks; the same bytes are decoded once."""
        if payloads != self._payloads:
            if self._decode is None:
                fields = [(read.fields, decoder) for read, decoder in self.blocks]
                self._decode = compile_poll_decoder(self.plan.unit.streams, fields)
            self._payloads, self._rows = payloads, self._decode(payloads)
        streams = self.plan.unit.streams
        return [
            Sample(stream, at, steady, values, reasons)
            for stream, (values, reasons) in zip(streams, self._rows, strict=True)
        ]

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


def compile_reads(reads: tuple[MergedRead, ...]) -> Compiled:
    """Return reads with what decodes their answers."""
    return tuple((read, read.decoder) for read in reads)
