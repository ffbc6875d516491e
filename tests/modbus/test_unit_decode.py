"""The straight way from bytes to values says what the way value by value says, whatever the words are."""

from __future__ import annotations

import random
import struct
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.modbus_harness import profile, unit

from devices.modbus.compiled_unit import CompiledUnit
from devices.modbus.plan import plan_unit
from devices.modbus.poll import PollBuffer
from devices.profile import ModbusProfile
from devices.tables import profiles
from devices.unit import Binding, ModbusLink, Unit
from facilityd.model.quality import Reason
from facilityd.model.sample import Sample, SignalType, Stream, Value

LINK = ModbusLink("link", "modbus-tcp", "192.0.2.1", 502)
SHIPPED = [one for one in profiles().values() if isinstance(one, ModbusProfile)]
WORDS = [0, 1, 2, 9, 0x10, 0x0099, 0x7FFF, 0x8000, 0xFFFF, 0x7FC0, 0x7F80, 0xFF80, 0x3F80, 0x4120]
STEPS = [(1.0, 0.0), (0.1, 0.0), (0.01, -40.0), (-1.0, 100.0), (1000.0, 0.0), (1e-3, 0.5)]
ENDS = [(None, None), (0.0, 100.0), (-50.0, None), (None, 60000.0), (20.0, 21.0)]


def bindings(model: ModbusProfile, stream: Stream, dice: random.Random) -> tuple[Binding, ...]:
    """Bind every point to a signal of its own, of a type that it may feed."""
    out = []
    for slot, name in enumerate(stream.signals):
        point, kind = model.expanded[name], stream.types[slot]
        scale, offset = dice.choice(STEPS) if kind is SignalType.FLOAT else (1.0, 0.0)
        low, high = dice.choice(ENDS) if kind in (SignalType.FLOAT, SignalType.INT) else (None, None)
        codes = {0: 0, 1: 1, 9: 3} if kind is SignalType.ENUM else None
        invert = kind is SignalType.BOOL and dice.random() < 0.5
        out.append(Binding(name, point, stream, slot, kind, scale, offset, invert, low, high, codes))
    return tuple(out)


def kind_of(model: ModbusProfile, name: str, dice: random.Random) -> SignalType:
    point = model.expanded[name]
    if point.is_text:
        return SignalType.TEXT
    if point.bit is not None or (point.table and point.table.is_bits):
        return SignalType.BOOL
    return dice.choice([SignalType.FLOAT, SignalType.INT, SignalType.ENUM, SignalType.BOOL])


def made(model: ModbusProfile, dice: random.Random) -> Unit:
    names = tuple(name for name, point in model.expanded.items() if point.table is not None)
    kinds = tuple(kind_of(model, name, dice) for name in names)
    extra = Stream("other", "f", "u", "link", ("nobody-asks",), (SignalType.FLOAT,))
    stream = Stream("d", "f", "u", "link", (*names, "nobody-asks"), (*kinds, SignalType.FLOAT))
    whole = Stream("d", "f", "u", "link", names, kinds)
    bound = bindings(model, whole, dice)
    bound = tuple(Binding(b.name, b.point, stream, b.slot, b.type, b.scale, b.offset, b.invert, b.low, b.high, b.codes)
                  for b in bound)  # fmt: skip
    return Unit("u", "link", model, (stream, extra), bound)


def said(samples: list[Sample]) -> list[tuple[tuple[tuple[type, str], ...], Mapping[int, Reason]]]:
    """Values with their types, as they are written: 1 is not 1.0 nor True here, and -0.0 not 0.0."""

    def one(value: Value | None) -> tuple[type, str]:
        return type(value), repr(value)

    return [(tuple(map(one, sample.values)), dict(sample.reasons)) for sample in samples]


@pytest.mark.parametrize("model", SHIPPED, ids=lambda one: one.profile)
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_every_profile_reads_the_same_both_ways(model: ModbusProfile, seed: int) -> None:
    dice = random.Random(seed)
    compiled = CompiledUnit.of(plan_unit(made(model, dice), LINK))
    payloads = []
    for read, _ in compiled.blocks:
        if read.table.is_bits:
            payloads.append(dice.randbytes((read.count + 7) // 8))
        else:
            words = [
                dice.choice(WORDS) if dice.random() < 0.7 else dice.randrange(0x10000)
                for _ in range(read.count)
            ]
            payloads.append(struct.pack(f">{read.count}H", *words))
    buffer = PollBuffer(compiled.plan)
    for (_, decoder), payload in zip(compiled.blocks, payloads, strict=True):
        decoder.decode(payload, buffer.put)
    assert said(compiled.samples(payloads, 1, 2)) == said(buffer.samples(1, 2))


NUMBERS: dict[str, st.SearchStrategy[Any]] = {
    "u16": st.integers(0, 2**16 - 1), "s16": st.integers(-(2**15), 2**15 - 1),
    "u32": st.integers(0, 2**32 - 1), "s32": st.integers(-(2**31), 2**31 - 1),
    "u64": st.integers(0, 2**64 - 1), "s64": st.integers(-(2**63), 2**63 - 1),
    "f32": st.floats(width=32), "f64": st.floats(),
}  # fmt: skip
LETTERS = {"u16": "H", "s16": "h", "u32": "I", "s32": "i", "u64": "Q", "s64": "q", "f32": "f", "f64": "d"}


@pytest.mark.parametrize("wire", NUMBERS)
@settings(max_examples=40, deadline=None)
@given(how=st.data())
def test_every_number_reads_the_same_both_ways(wire: str, how: st.DataObject) -> None:
    raw, step, ends = (
        how.draw(NUMBERS[wire]),
        how.draw(st.sampled_from(STEPS)),
        how.draw(st.sampled_from(ENDS)),
    )
    kind = how.draw(st.sampled_from([SignalType.FLOAT, SignalType.INT, SignalType.BOOL]))
    no_value = {} if wire in ("f32", "f64") else {"no_value": [how.draw(NUMBERS[wire])]}
    point = {"address": 0, "doc": "1", "type": wire, **no_value}
    model = profile(points={"v": point, "model": {"address": 100, "doc": "101", "type": "u32"}},
                    golden=[{"point": "model", "words": [0, 1], "value": 1}])  # fmt: skip
    stream = Stream("d", "f", "u", "link", ("v",), (kind,))
    scale, offset = step if kind is SignalType.FLOAT else (1.0, 0.0)
    bound = Binding("v", model.expanded["v"], stream, 0, kind, scale, offset, low=ends[0], high=ends[1])
    compiled = CompiledUnit.of(plan_unit(Unit("u", "link", model, (stream,), (bound,)), LINK))
    payload = struct.pack(f">{LETTERS[wire]}", raw)
    buffer = PollBuffer(compiled.plan)
    compiled.blocks[0][1].decode(payload, buffer.put)
    assert said(compiled.samples([payload], 1, 2)) == said(buffer.samples(1, 2))


def test_the_same_bytes_are_decoded_once_and_other_bytes_anew() -> None:
    compiled = CompiledUnit.of(plan_unit(unit(), LINK))
    first = [bytes(2 * read.count) for read, _ in compiled.blocks]
    one = compiled.samples(list(first), 1, 1)[0]
    again = compiled.samples(list(first), 2, 2)[0]
    assert again.values is one.values
    assert (again.at, again.steady) == (2, 2)
    other = compiled.samples([b"\x00\x0b" + first[0][2:], *first[1:]], 3, 3)[0]
    assert other.values[0] == 11
    assert one.values[0] == 0


def test_other_reads_are_decoded_as_other_reads() -> None:
    """After a refusal a unit is read in parts; the bytes of the parts mean something else."""
    compiled = CompiledUnit.of(plan_unit(unit(), LINK))
    payloads = [bytes(2 * read.count) for read, _ in compiled.blocks]
    compiled.samples(payloads, 1, 1)
    compiled.read_as(compiled.blocks[1:])
    assert compiled.samples(payloads[1:], 2, 2)[0].reasons[0] is Reason.SKIPPED
    compiled.forget()
    assert not compiled.samples(payloads, 3, 3)[0].reasons
