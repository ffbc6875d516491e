"""The memory of a simulated unit, and how a value gets into its words."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

from devices.codec import LIMITS, to_words
from devices.profile import Point, Table
from facilityd.model.sample import Value

_F32_MAX: float = struct.unpack(">f", b"\x7f\x7f\xff\xff")[0]
_ADDRESSES = 65536
_OTHER_ORDER = {"big": "little", "little": "big"}


@dataclass(slots=True)
class Island:
    """Readable addresses start … end-1 of one table; registers take two bytes, bits take one."""

    start: int
    end: int
    data: bytearray = field(default_factory=bytearray)


class Memory:
    """Four sparse tables. What lies in no island answers exception 02."""

    def __init__(self, spans: Iterable[tuple[Table, int, int]]) -> None:
        self._islands: dict[Table, list[Island]] = {}
        for table, low, high in sorted(spans):
            start, end = (min(max(edge, 0), _ADDRESSES) for edge in (low, high))
            islands = self._islands.setdefault(table, [])
            if islands and start <= islands[-1].end:
                islands[-1].end = max(end, islands[-1].end)
            else:
                islands.append(Island(start, end))
        for table, islands in self._islands.items():
            for island in islands:
                island.data = bytearray((island.end - island.start) * (1 if table.is_bits else 2))

    def has(self, table: Table) -> bool:
        """Return whether the unit implements the table at all."""
        return table in self._islands

    def find(self, table: Table, address: int, count: int) -> tuple[bytearray, int] | None:
        """Return (bytes, offset in them) where the whole range can be read, else None."""
        for island in self._islands.get(table, ()):
            if island.start <= address and address + count <= island.end:
                return island.data, (address - island.start) * (1 if table.is_bits else 2)
        return None


@dataclass(slots=True)
class Cell:
    """One point at its place. ``value`` is what was last meant, in the point's unit."""

    point: Point
    data: bytearray
    at: int
    status: tuple[bytearray, int] | None = None
    value: Value | None = 0

    def write(self, value: Value | None, *, swapped: bool = False) -> None:
        """Put a value into the words; ``None`` becomes the sentinel, NaN, or leaves them as they are."""
        point = self.point
        if point.table is not None and point.table.is_bits:
            self.data[self.at] = self.data[self.at] if value is None else bool(value)
        elif point.bit is not None:
            self._merge(point.bit, 1, None if value is None else int(bool(value)))
        elif point.bits is not None:
            low, high = point.bits
            raw = raw_of(point, value)
            self._merge(low, (1 << (high - low + 1)) - 1, None if raw is None else round(raw))
        else:
            self._write_number(value, swapped)

    def _merge(self, shift: int, mask: int, raw: int | None) -> None:
        if raw is not None:
            _merge(self.data, self.at, shift, mask, raw)

    def _write_number(self, value: Value | None, swapped: bool) -> None:
        point = self.point
        raw = sentinel(point) if value is None else raw_of(point, value)
        if raw is None:
            return
        if self.status and point.sign and value is not None:
            _merge(*self.status, point.sign.bit, 1, int(raw < 0))
            raw = abs(raw)
        order = point.word_order or "big"
        words = to_words(raw, point.type.value, _OTHER_ORDER[order] if swapped else order)
        struct.pack_into(f">{len(words)}H", self.data, self.at, *words)


def _merge(data: bytearray, at: int, shift: int, mask: int, raw: int) -> None:
    word = data[at] << 8 | data[at + 1]
    word = word & ~(mask << shift) | min(max(raw, 0), mask) << shift
    data[at], data[at + 1] = word >> 8, word & 0xFF


def sentinel(point: Point) -> float | None:
    """Return the raw number that means "not available", or None where the device has none."""
    if point.no_value:
        return point.no_value[0]
    return math.nan if point.type.value in ("f32", "f64") else None


def raw_of(point: Point, value: Value | None) -> float | None:
    """Return the raw number of a value in the point's unit; a switch is 0 or 1 unscaled."""
    if value is None or isinstance(value, bool):
        return value
    if point.scale != 1.0 or point.offset != 0.0:
        value = (value - point.offset) / point.scale
    if point.type.value in LIMITS:
        return value if math.isfinite(value) else sentinel(point)
    if point.type.value == "f32" and math.isfinite(value):
        return max(-_F32_MAX, min(_F32_MAX, value))
    return value
