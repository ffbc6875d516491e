"""Blocks of words into values with quality, compiled once per read.

A bad value never leaves here as a number: it is ``None`` and a reason.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from devices.codec import LETTERS, Affine, fitting, from_words, string_bytes, text_of
from devices.profile import Point, Table, WireType
from devices.unit import Binding, Unit
from facilityd.model.quality import Reason
from facilityd.model.sample import SignalType, Value

TINY = 1e-9
"""No instrument of ours reports a float this close to zero: it is one with its words swapped."""
Verdict = tuple[Value | None, Reason | None]
Slot = tuple[int, int]
"""(stream number in the unit, index in the stream's signals)."""


@dataclass(frozen=True, slots=True)
class RegisterBinding:
    """A bound point at its wire address (the unit's base already added)."""

    name: str
    table: Table
    address: int
    words: int
    point: Point
    slot: Slot
    affine: Affine
    low: float
    high: float
    type: SignalType
    invert: bool = False
    sign_address: int | None = None
    codes: Mapping[int | str, int | str] | None = None

    @property
    def side_effect(self) -> bool:
        """True where reading changes the device."""
        return self.point.side_effect


def register_binding(binding: Binding, unit: Unit) -> RegisterBinding:
    """Fold a binding's and its point's scaling and ranges into one step."""
    point = binding.point
    if not isinstance(point, Point) or point.table is None:
        raise TypeError(f"{binding.name} is not an expanded Modbus point")
    low, high = _bounds(binding, point)
    return RegisterBinding(
        binding.name,
        point.table,
        point.address + unit.base,
        point.words,
        point,
        (unit.streams.index(binding.stream), binding.slot),
        Affine.of((point.scale, point.offset), (binding.scale, binding.offset)),
        low,
        high,
        binding.type,
        binding.invert,
        point.sign.address + unit.base if point.sign else None,
        binding.codes,
    )


def _bounds(binding: Binding, point: Point) -> tuple[float, float]:
    low, high = -math.inf, math.inf
    if point.range:
        ends = sorted(end * binding.scale + binding.offset for end in point.range)
        low, high = ends[0], ends[1]
    if binding.low is not None:
        low = max(low, binding.low)
    if binding.high is not None:
        high = min(high, binding.high)
    # A value exactly on a converted bound must not fall outside by rounding.
    slack = 1e-9 * max((abs(end) for end in (low, high) if math.isfinite(end)), default=0.0)
    return low - slack, high + slack


Raw = Callable[[bytes], Sequence[Any]]
"""Raw numbers of a block; a string's bytes."""
ValueCheck = Callable[[Any, Sequence[Any]], Verdict]


@dataclass(frozen=True, slots=True)
class BlockDecoder:
    """A compiled read: ``raw`` unpacks the bytes, ``steps`` evaluate and place each value."""

    raw: Raw
    steps: tuple[tuple[Slot, int, ValueCheck], ...]

    def decode(self, payload: bytes, put: Callable[[Slot, Verdict], None]) -> None:
        """Place every value of the block. ``payload`` has exactly the bytes asked for."""
        raws = self.raw(payload)
        for slot, index, check in self.steps:
            put(slot, check(raws[index], raws))


def compile_block(table: Table, address: int, count: int, fields: Sequence[RegisterBinding]) -> BlockDecoder:
    """Compile the fields of one read of ``count`` registers or bits from ``address``."""
    if table.is_bits:
        steps = tuple((f.slot, f.address - address, _bit_check(f)) for f in fields)
        return BlockDecoder(lambda payload: _bits(payload, count), steps)
    shapes = sorted({shape for f in fields for shape in _shapes(f)})
    where = {shape: index for index, shape in enumerate(shapes)}
    steps = tuple((f.slot, where[_shapes(f)[0]], _value_check(f, where)) for f in fields)
    return BlockDecoder(_unpacker(shapes, address, count), steps)


Shape = tuple[int, int, str, str, str]  # address, registers, wire type, word order, byte order


def _shapes(field: RegisterBinding) -> list[Shape]:
    swap = field.point.byte_order or "big"
    own = (field.address, field.words, field.point.type.value, field.point.word_order or "big", swap)
    return [own] if field.sign_address is None else [own, (field.sign_address, 1, "u16", "big", swap)]


def _bits(payload: bytes, count: int) -> list[int]:
    return [(payload[n >> 3] >> (n & 7)) & 1 for n in range(count)]


def _unpacker(shapes: Sequence[Shape], address: int, count: int) -> Raw:
    """One struct for the whole block where shapes neither overlap nor swap words."""
    letters, position = [">"], address
    for start, size, wire_type, order, swap in shapes:
        turned = swap == "little" or wire_type not in LETTERS or (order == "little" and size > 1)
        if start < position or turned:
            return _slow_unpacker(shapes, address)
        letters.append(f"{2 * (start - position)}x{LETTERS[wire_type]}")
        position = start + size
    letters.append(f"{2 * (address + count - position)}x")
    return struct.Struct("".join(letters)).unpack


def _slow_unpacker(shapes: Sequence[Shape], address: int) -> Raw:
    cuts = [(s - address, s - address + size, how) for s, size, *how in shapes]

    def unpack(payload: bytes) -> list[int | float | bytes]:
        words = struct.unpack(f">{len(payload) // 2}H", payload)
        return [_raw(words[a:b], *how) for a, b, how in cuts]

    return unpack


def _raw(words: Sequence[int], wire_type: str, order: str, swap: str) -> int | float | bytes:
    if wire_type == WireType.STRING:
        return string_bytes(words, swap)
    return from_words(words, wire_type, order, swap)


def _bit_check(field: RegisterBinding) -> ValueCheck:
    invert = field.invert
    return lambda raw, _: (bool(raw) != invert, None)


def _value_check(field: RegisterBinding, where: dict[Shape, int]) -> ValueCheck:
    """Return what is made of a raw value; one that means "no value" means that, however it is read."""
    check, sentinels = _present(field, where), frozenset(field.point.no_value)
    if not sentinels:
        return check
    return lambda raw, raws: (None, Reason.NO_VALUE) if raw in sentinels else check(raw, raws)


def _present(field: RegisterBinding, where: dict[Shape, int]) -> ValueCheck:
    point = field.point
    if point.bit is not None:
        mask, invert = 1 << point.bit, field.invert
        return lambda raw, _: (bool(int(raw) & mask) != invert, None)
    if point.is_text:
        return lambda raw, _: _text(raw, point.encoding)
    number = _number(field) if field.codes is None else _coded(_number(field), field.codes)
    if point.sign is not None:
        index, bit = where[_shapes(field)[1]], 1 << point.sign.bit
        return lambda raw, raws: number(-raw if int(raws[index]) & bit else raw)
    if point.bits:
        low, mask = point.bits[0], (1 << (point.bits[1] - point.bits[0] + 1)) - 1
        return lambda raw, _: number((int(raw) >> low) & mask)
    return lambda raw, _: number(raw)


def _text(raw: bytes, encoding: str) -> Verdict:
    text = text_of(raw, encoding)
    if text is None:
        return None, Reason.NO_VALUE if not raw.strip(b"\0 \xff") else Reason.WRONG_TYPE
    return text, None


def _coded(
    number: Callable[[float], Verdict], codes: Mapping[int | str, int | str]
) -> Callable[[float], Verdict]:
    """Give codes their meaning; what is not listed has none."""

    def judge(raw: float) -> Verdict:
        code, reason = number(raw)
        if not isinstance(code, int):
            return None, reason
        meaning = codes.get(code)
        return (None, Reason.unknown(code)) if meaning is None else (meaning, None)

    return judge


def _number(field: RegisterBinding) -> Callable[[float], Verdict]:
    """Scale and bound a raw number; NaN and infinities fail both comparisons or the finite test."""
    affine, low, high = field.affine, field.low, field.high
    if field.type is SignalType.BOOL:
        invert = field.invert
        return lambda raw: (bool(raw) != invert, None)
    whole = field.codes is not None or field.type in (SignalType.INT, SignalType.ENUM)
    tiny = TINY if field.point.type in (WireType.F32, WireType.F64) else 0.0

    def number(raw: float) -> Verdict:
        if raw and -tiny < raw < tiny:
            return None, Reason.OUT_OF_RANGE
        if not math.isfinite(raw):
            return None, Reason.NOT_A_NUMBER
        try:
            value = fitting(raw, affine, whole=whole)
        except OverflowError:
            return None, Reason.OUT_OF_RANGE
        if value is not None and low <= value <= high and math.isfinite(value):
            return value, None
        if value is not None and not math.isfinite(value):
            return None, Reason.NOT_A_NUMBER
        return None, Reason.WRONG_TYPE if whole and value is None else Reason.OUT_OF_RANGE

    return number
