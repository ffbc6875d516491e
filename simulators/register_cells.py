"""The memory of a simulated unit, and how a value gets into its words."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from devices.codec import BCD, LETTERS, LIMITS, string_words, to_words
from devices.profile import Point, Table
from facilityd.model.message import Wording
from facilityd.model.sample import Value

_F32_MAX: float = struct.unpack(">f", b"\x7f\x7f\xff\xff")[0]
_ADDRESSES = 65536
_NUMBERS, _BIG = (float, int), 1e300
_OTHER_ORDER = {"big": "little", "little": "big"}


@dataclass(slots=True)
class RegisterRange:
    """Readable addresses start … end-1 of one table; registers take two bytes, bits take one."""

    start: int
    end: int
    data: bytearray = field(default_factory=bytearray)


class RegisterTables:
    """Four sparse tables. What lies in no island answers exception 02."""

    def __init__(self, spans: Iterable[tuple[Table, int, int]]) -> None:
        self._register_ranges: dict[Table, list[RegisterRange]] = {}
        for table, low, high in sorted(spans):
            start, end = (min(max(edge, 0), _ADDRESSES) for edge in (low, high))
            register_ranges = self._register_ranges.setdefault(table, [])
            if register_ranges and start <= register_ranges[-1].end:
                register_ranges[-1].end = max(end, register_ranges[-1].end)
            else:
                register_ranges.append(RegisterRange(start, end))
        for table, register_ranges in self._register_ranges.items():
            for register_range in register_ranges:
                register_range.data = bytearray(
                    (register_range.end - register_range.start) * (1 if table.is_bits else 2)
                )

    def has(self, table: Table) -> bool:
        """Return whether the unit implements the table at all."""
        return table in self._register_ranges

    def find(self, table: Table, address: int, count: int) -> tuple[bytearray, int] | None:
        """Return (bytes, offset in them) where the whole range can be read, else None."""
        for register_range in self._register_ranges.get(table, ()):
            if register_range.start <= address and address + count <= register_range.end:
                return register_range.data, (address - register_range.start) * (1 if table.is_bits else 2)
        return None


Put = Callable[[Value | None, bool], None]
"""Write a value in the point's unit; the flag swaps the words."""


@dataclass(slots=True)
class RegisterCell:
    """One point at its place. ``value`` is what was last meant, in the point's unit.

    ``put`` writes into the words; ``None`` becomes the sentinel, NaN, or leaves them as they are.
    """

    put: Put
    value: Value | None = 0


def cell_of(point: Point, memory: RegisterTables, base: int = 0) -> RegisterCell:
    """Return the point's cell, compiled. Raises ValueError where its address does not exist."""
    table = point.table or Table.HOLDING
    place = memory.find(table, point.address + base, point.words)
    status = memory.find(table, point.sign.address + base, 1) if point.sign else None
    if place is None:
        raise ValueError(
            Wording("scenario.wire-address-does-not-exist", doc=point.doc, address=point.address, base=base)
        )
    if table.is_bits:
        return RegisterCell(_bit_of_table(*place))
    if point.is_text:
        return RegisterCell(_string(point, *place), "")
    if point.is_bool or point.bits:
        return RegisterCell(_part_of_word(point, *place))
    return RegisterCell(_number(point, *place, status))


def _bit_of_table(data: bytearray, at: int) -> Put:
    def put(value: Value | None, _: bool) -> None:
        if value is not None:
            data[at] = bool(value)

    return put


def _part_of_word(point: Point, data: bytearray, at: int) -> Put:
    low, high = point.bits or (point.bit or 0, point.bit or 0)
    mask = (1 << (high - low + 1)) - 1

    def put(value: Value | None, _: bool) -> None:
        raw = bool(value) if point.is_bool and value is not None else raw_of(point, value)
        if raw is not None:
            _merge(data, at, low, mask, round(raw), swap=point.byte_order == "little")

    return put


def _string(point: Point, data: bytearray, at: int) -> Put:
    length, encoding, order = point.words, point.encoding, point.byte_order or "big"

    def put(value: Value | None, _: bool) -> None:
        words = string_words("" if value is None else str(value), length, encoding, order)
        struct.pack_into(f">{length}H", data, at, *words)

    return put


def _number(point: Point, data: bytearray, at: int, status: tuple[bytearray, int] | None) -> Put:
    kind, order, missing = point.type.value, point.word_order or "big", sentinel(point)

    def put(value: Value | None, swapped: bool) -> None:
        raw = raw_of(point, value)
        if raw is None and (raw := missing) is None:
            return
        if status and point.sign and value is not None:
            _merge(*status, point.sign.bit, 1, int(raw < 0), swap=point.byte_order == "little")
            raw = abs(raw)
        words = to_words(raw, kind, _OTHER_ORDER[order] if swapped else order, point.byte_order or "big")
        struct.pack_into(f">{len(words)}H", data, at, *words)

    turned = order == "little" or point.byte_order == "little"
    return put if status or turned or kind not in LIMITS else _whole(point, data, at, put)


def _whole(point: Point, data: bytearray, at: int, slow: Put) -> Put:
    """The same for what most points are, integers high word first, without a detour over words."""
    pack, (low, high) = struct.Struct(f">{LETTERS[point.type.value]}").pack_into, LIMITS[point.type.value]
    scale, offset = point.scale, point.offset
    plain = scale == 1.0 and offset == 0.0

    def put(value: Value | None, swapped: bool) -> None:
        if swapped or type(value) not in _NUMBERS or not -_BIG < value < _BIG:  # type: ignore[operator]
            slow(value, swapped)
            return
        raw = round(value if plain else (value - offset) / scale)  # type: ignore[operator,arg-type]
        pack(data, at, low if raw < low else min(raw, high))

    return put


def _merge(data: bytearray, at: int, shift: int, mask: int, raw: int, *, swap: bool) -> None:
    high, low = (at + 1, at) if swap else (at, at + 1)
    word = data[high] << 8 | data[low]
    word = word & ~(mask << shift) | min(max(raw, 0), mask) << shift
    data[high], data[low] = word >> 8, word & 0xFF


def sentinel(point: Point) -> float | None:
    """Return the raw number that means "not available", or None where the device has none."""
    if point.no_value:
        return point.no_value[0]
    return math.nan if point.type.value in ("f32", "f64") else None


def raw_of(point: Point, value: Value | None) -> float | None:
    """Return the raw number of a value in the point's unit; a switch is 0 or 1 unscaled."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):  # no number has a text
        return sentinel(point)
    if point.scale != 1.0 or point.offset != 0.0:
        value = (value - point.offset) / point.scale
    if point.type.value in LIMITS or point.type.value in BCD:
        return value if math.isfinite(value) else sentinel(point)
    if point.type.value == "f32" and math.isfinite(value):
        return max(-_F32_MAX, min(_F32_MAX, value))
    return value
