"""Samples as bytes: a bitmap of the values that are present, then those values, little-endian."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from math import isfinite
from struct import Struct
from struct import error as StructError  # noqa: N812

from facilityd.model.quality import Reason
from facilityd.model.sample import LONGEST_TEXT, SignalType, Value

Values = tuple[Value | None, ...]
_CODES = {
    SignalType.FLOAT: "d",
    SignalType.INT: "q",
    SignalType.ENUM: "q",
    SignalType.BOOL: "?",
    SignalType.TEXT: "H",
}
"""A text stands as its length in bytes; the texts themselves follow behind all values, as UTF-8."""
_BEYOND = 2**63


class Layout:
    """Packs and unpacks the samples of one stream; compiled once from its types. None of them is a text."""

    def __init__(self, types: tuple[SignalType, ...]) -> None:
        self.types = types
        self._codes = "".join(_CODES[kind] for kind in types)
        self._size = (len(types) + 7) // 8
        self._everything = ((1 << len(types)) - 1).to_bytes(self._size, "little")
        self._write = Struct(f"<{self._size}s{self._codes}")
        self._read = Struct(f"<{self._size}x{self._codes}")
        self._nothing = bytes(self._size)
        self._silent = (None,) * len(types)
        self._part = lru_cache(maxsize=256)(self._compile)

    @property
    def whole_size(self) -> int:
        """Bytes of a row with every value present; such a row has no missing values."""
        return self._write.size

    def pack(self, values: Values, reasons: Mapping[int, Reason]) -> tuple[bytes, str | None]:
        """Return the row's data and reasons.

        What cannot be stored as a number gets a reason: NaN, infinities, integers beyond 64 bit, values
        that are missing or bad. Raises ValueError where the layout is another.
        """
        if not reasons:
            try:
                if isfinite(sum(values)):  # type: ignore[arg-type]
                    return self._write.pack(self._everything, *values), None
            except (TypeError, OverflowError, StructError):
                pass
        elif values == self._silent and len(reasons) == len(values):
            return self._nothing, spell(reasons, len(values))
        return self._pack_checked(values, reasons)

    def _pack_checked(self, values: Values, reasons: Mapping[int, Reason]) -> tuple[bytes, str | None]:
        if len(values) != len(self.types):
            raise ValueError(f"{len(values)} values for a stream of {len(self.types)}")
        why = {index: self._fault(index, value, reasons.get(index)) for index, value in enumerate(values)}
        present = [i for i, reason in why.items() if reason is None or reason.keeps_value]
        bitmap = sum(1 << i for i in present).to_bytes(self._size, "little")
        part, _ = self._part(bitmap)
        data = bitmap + self._bytes(part, [values[i] for i in present])
        return data, spell({i: reason for i, reason in why.items() if reason}, len(values))

    def _bytes(self, part: Struct, values: list[Value | None]) -> bytes:
        return part.pack(*values)

    def data(self, values: Values) -> bytes:
        """Return the row's data of values as ``unpack`` returned them: what is None was not there."""
        present = [i for i, value in enumerate(values) if value is not None]
        bitmap = sum(1 << i for i in present).to_bytes(self._size, "little")
        return bitmap + self._bytes(self._part(bitmap)[0], [values[i] for i in present])

    def _fault(self, index: int, value: Value | None, reason: Reason | None) -> Reason | None:
        if reason and not reason.keeps_value:
            return reason
        if value is None:
            return reason or Reason.MISSING
        if isinstance(value, str) or self.types[index] is SignalType.TEXT:
            return self._text_fault(index, value, reason)
        if self.types[index] is SignalType.FLOAT:
            return reason if isfinite(value) else Reason.NOT_A_NUMBER
        if self.types[index] is not SignalType.BOOL and not -_BEYOND <= value < _BEYOND:
            return Reason.OUT_OF_RANGE
        return reason

    def _text_fault(self, index: int, value: Value, reason: Reason | None) -> Reason | None:
        if not isinstance(value, str) or self.types[index] is not SignalType.TEXT:
            return Reason.WRONG_TYPE
        return reason if len(value) <= LONGEST_TEXT else Reason.OUT_OF_RANGE

    def unpack(self, data: bytes, text: str | None) -> tuple[Values, Mapping[int, Reason]]:
        """Return values and reasons as they were packed; bad values where nobody packed such a row."""
        try:
            return self._unpack(data, text)
        except (StructError, ValueError, TypeError, IndexError):
            return self._silent, dict.fromkeys(range(len(self.types)), Reason.DAMAGED)

    def _unpack(self, data: bytes, text: str | None) -> tuple[Values, Mapping[int, Reason]]:
        reasons = understand(text, len(self.types)) if text else {}
        if len(data) == self._write.size and data.startswith(self._everything):
            return self._read.unpack(data), reasons
        part, indices = self._part(data[: self._size])
        values: list[Value | None] = [None] * len(self.types)
        for index, value in zip(indices, part.unpack_from(data, self._size), strict=True):
            values[index] = value
        return tuple(values), reasons

    def column(self, index: int) -> Struct:
        """Return a struct that reads one value out of a row with every value present."""
        before, after = Struct("<" + self._codes[:index]).size, Struct("<" + self._codes[index + 1 :]).size
        return Struct(f"<{self._size + before}x{self._codes[index]}{after}x")

    def _compile(self, bitmap: bytes) -> tuple[Struct, tuple[int, ...]]:
        bits = int.from_bytes(bitmap, "little")
        indices = tuple(i for i in range(len(self.types)) if bits >> i & 1)
        return Struct("<" + "".join(self._codes[i] for i in indices)), indices


class TextLayout(Layout):
    """The same for a stream that has texts, whose rows differ in size."""

    @property
    def whole_size(self) -> int:
        """No row is read by its columns alone."""
        return -1

    def pack(self, values: Values, reasons: Mapping[int, Reason]) -> tuple[bytes, str | None]:
        """Return the row's data and reasons. Raises ValueError where the layout is another."""
        return self._pack_checked(values, reasons)

    def _bytes(self, part: Struct, values: list[Value | None]) -> bytes:
        raw = [value.encode("utf-8", "replace") for value in values if isinstance(value, str)]
        lengths = iter(map(len, raw))
        fixed = (next(lengths) if isinstance(value, str) else value for value in values)
        return part.pack(*fixed) + b"".join(raw)

    def _unpack(self, data: bytes, text: str | None) -> tuple[Values, Mapping[int, Reason]]:
        part, indices = self._part(data[: self._size])
        values: list[Value | None] = [None] * len(self.types)
        end = self._size + part.size
        for index, value in zip(indices, part.unpack_from(data, self._size), strict=True):
            if self.types[index] is SignalType.TEXT:
                values[index], end = data[end : end + value].decode(), end + value
            else:
                values[index] = value
        if end != len(data):
            raise ValueError("the row is of another length than its texts")
        return tuple(values), understand(text, len(self.types)) if text else {}


@cache
def layout(types: tuple[SignalType, ...]) -> Layout:
    """Return the one layout for these types."""
    return TextLayout(types) if SignalType.TEXT in types else Layout(types)


def spell(reasons: Mapping[int, Reason], count: int) -> str | None:
    """Return reasons as text: 'timeout' for a whole sample, else 'timeout:0,3 clock:5'."""
    first = next(iter(reasons.values()), None)
    if len(reasons) == count and all(reason is first for reason in reasons.values()):
        return first and first.value
    groups: dict[Reason, list[int]] = {}
    for index, reason in reasons.items():
        groups.setdefault(reason, []).append(index)
    parts = (r.value if len(i) == count else f"{r.value}:{','.join(map(str, i))}" for r, i in groups.items())
    return " ".join(parts) or None


@lru_cache(maxsize=4096)
def understand(text: str, count: int) -> Mapping[int, Reason]:
    """Return what ``spell`` wrote; treat it as read-only."""
    reasons: dict[int, Reason] = {}
    for part in text.split(" "):
        name, _, indices = part.partition(":")
        which = map(int, indices.split(",")) if indices else range(count)
        reasons.update(dict.fromkeys(which, Reason(name)))
    return reasons
