"""Columns of numbers as few bytes: constant, whole or decimal numbers as differences, others as they are.

Exact: what is read is what was written, to the bit. Pure Python and zstandard: the daemon loads no numpy.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from itertools import accumulate, pairwise
from math import copysign
from typing import Any
from zlib import crc32

import zstandard

Column = list[int | float | None]
Part = tuple[int, int, int, bytes]
NOTHING, CONSTANT, WHOLE, DECIMAL, FLOAT, SAME = range(6)
SPARSE = 0x80
"""Added to a kind where some are None: a bitmap of those that are there comes first."""
_HEAD = struct.Struct("<BBBI")
"""Kind, power of ten, code of the differences, bytes behind."""
CODES = "bhiq"
"""Of steps from one value to the next, by the width that they need."""
POWERS = tuple(10.0**n for n in range(7))
_LARGEST = 2.0**52
"""Beyond it not every whole number is a float."""
_LEVEL = 6
_LONGEST = 64 * 2**20
_AHEAD = 5
"""Bytes before the columns: their checksum, and whether they are compressed."""


class DamagedColumns(ValueError):
    """The bytes are not what ``pack`` wrote."""


def pack(columns: Sequence[Column], key: bytes) -> bytes:
    """Return columns of one length as bytes, bound to ``key`` (where they lie) by a checksum."""
    parts: list[bytes] = []
    for number, column in enumerate(columns):
        same = number and column == columns[number - 1] and _alike(column, columns[number - 1])
        parts.append(_HEAD.pack(SAME, 0, 0, 0) if same else _encode(column))
    raw = b"".join(parts)
    data = _compressor().compress(raw)
    body = b"\1" + data if len(data) < len(raw) else b"\0" + raw
    return crc32(body, crc32(key)).to_bytes(4, "little") + body


def unpack(data: bytes, count: int, key: bytes, only: Collection[int] | None = None) -> list[Column]:
    """Return the columns, each ``count`` long; with ``only`` those numbers, the others empty.

    Raises DamagedColumns where a bit of them has flipped.
    """
    columns: list[Column] = []
    try:
        for number, (source, part) in enumerate(sources(data, key)):
            if only is not None:
                columns.append(decode(*part, count) if number in only else [])
            else:
                columns.append(columns[source] if source < number else decode(*part, count))
    except (struct.error, ValueError, IndexError) as error:
        raise DamagedColumns(str(error)) from error
    return columns


def is_sound(data: bytes, key: bytes) -> bool:
    """Return whether the bytes of columns are those that were written for this key."""
    return len(data) >= _AHEAD and crc32(data[4:], crc32(key)).to_bytes(4, "little") == data[:4]


def sources(data: bytes, key: bytes, most: int = -1) -> list[tuple[int, Part]]:
    """Return of each column, or of the first ``most``, the number of the one that is the same, and its bytes.

    Raises DamagedColumns, struct.error.
    """
    if not is_sound(data, key):
        raise DamagedColumns("the checksum is another")
    try:
        raw = data[_AHEAD:] if data[4] == 0 else _decompressor().decompress(data[_AHEAD:], _LONGEST)
    except zstandard.ZstdError as error:
        raise DamagedColumns(str(error)) from error
    found: list[tuple[int, Part]] = []
    at, end, head = 0, len(raw), _HEAD.unpack_from
    while at < end and len(found) != most:  # years are hundreds of thousands of these: no generator
        kind, power, code, size = head(raw, at)
        at += _HEAD.size + size
        found.append(found[-1] if kind == SAME else (len(found), (kind, power, code, raw[at - size : at])))
    return found


@cache
def _compressor() -> zstandard.ZstdCompressor:
    return zstandard.ZstdCompressor(level=_LEVEL, write_content_size=True)


@cache
def _decompressor() -> zstandard.ZstdDecompressor:
    return zstandard.ZstdDecompressor()


def _alike(one: Column, other: Column) -> bool:
    """Return whether equal columns are also of the same types and signs: 1 is not 1.0, 0.0 not -0.0."""
    return all(
        type(a) is type(b) and (a or not isinstance(a, float) or copysign(1, a) == copysign(1, b or 0.0))
        for a, b in zip(one, other, strict=True)
    )


def _encode(column: Column) -> bytes:
    there = [value for value in column if value is not None]
    if not there:
        return _HEAD.pack(NOTHING, 0, 0, 0)
    sparse, bitmap = 0, b""
    if len(there) < len(column):
        bits = sum(1 << i for i, value in enumerate(column) if value is not None)
        sparse, bitmap = SPARSE, bits.to_bytes((len(column) + 7) // 8, "little")
    kind, power, code, body = _numbers(there)
    return _HEAD.pack(kind | sparse, power, code, len(bitmap) + len(body)) + bitmap + body


def _numbers(there: Sequence[int | float]) -> tuple[int, int, int, bytes]:
    if all(type(value) is int for value in there):
        return WHOLE, 0, *_differences(there)  # type: ignore[arg-type]
    if any(type(value) is not float for value in there):
        raise TypeError("a column is of whole numbers or of floats")
    for power, scale in enumerate(POWERS):
        whole = _scaled(there, scale)
        if whole is not None:
            return DECIMAL, power, *_differences(whole)
    return FLOAT, 0, 0, _shuffled(array("d", there))


def _scaled(values: Sequence[float], scale: float) -> list[int] | None:
    """Return values as whole numbers of 1/scale, None where one of them is none to the bit."""
    whole: list[int] = []
    for value in values:
        scaled = value * scale
        if not -_LARGEST < scaled < _LARGEST:
            return None
        number = round(scaled)
        if number / scale != value or (not number and copysign(1, value) < 0):
            return None
        whole.append(number)
    return whole


def _differences(values: Sequence[int]) -> tuple[int, bytes]:
    """Return code and bytes of the first value and the steps from each to the next."""
    steps = [b - a for a, b in pairwise(values)]
    largest = max((abs(step) for step in steps), default=0)
    first = values[0].to_bytes(9, "little", signed=True)
    if not largest:
        return 0, first
    for code, letter in enumerate(CODES, 1):
        if largest < 1 << (8 * array(letter).itemsize - 1):
            return code, first + _shuffled(array(letter, steps))
    return 5, first + b"".join(step.to_bytes(9, "little", signed=True) for step in steps)


def decode(kind: int, power: int, code: int, body: bytes, count: int) -> Column:
    """Return a column. Raises ValueError, IndexError, struct.error where its bytes are none."""
    present = None
    if kind & SPARSE:
        size = (count + 7) // 8
        present, body = int.from_bytes(body[:size], "little"), body[size:]
    number = count if present is None else present.bit_count()
    there = _values(kind & ~SPARSE, power, code, body, number)
    if kind == NOTHING:
        return [None] * count
    if len(there) != number:
        raise ValueError("a column of another length")
    if present is None:
        return there
    following = iter(there)
    return [next(following) if present >> i & 1 else None for i in range(count)]


def _values(kind: int, power: int, code: int, body: bytes, count: int) -> Column:
    if kind == NOTHING:
        return []
    if kind == FLOAT:
        return list(_joined("d", body))
    first, rest = int.from_bytes(body[:9], "little", signed=True), body[9:]
    if code == 0:
        whole = [first] * count
    else:
        steps: Iterable[Any] = (
            _joined(CODES[code - 1], rest)
            if code <= len(CODES)
            else [int.from_bytes(rest[i : i + 9], "little", signed=True) for i in range(0, len(rest), 9)]
        )
        whole = list(accumulate(steps, initial=first))
    if kind == WHOLE:
        return list(whole)
    scale = POWERS[power]
    return [value / scale for value in whole]


def _shuffled(values: array[int] | array[float]) -> bytes:
    """Return first bytes first: what hardly changes lies together."""
    if sys.byteorder == "big":
        values.byteswap()
    raw, size = values.tobytes(), values.itemsize
    return b"".join(raw[i::size] for i in range(size)) if size > 1 else raw


def _joined(letter: str, data: bytes) -> array[int] | array[float]:
    values: array[int] | array[float] = array(letter)
    size, raw = values.itemsize, bytearray(len(data))
    each = len(data) // size
    for i in range(size):
        raw[i::size] = data[i * each : (i + 1) * each]
    values.frombytes(bytes(raw))
    if sys.byteorder == "big":
        values.byteswap()
    return values
