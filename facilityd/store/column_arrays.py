"""Columns as numpy arrays, for reading years. Nothing that the daemon loads imports this.

Blocks of as many values each are decoded together, a column at a time, of however many signals they are:
numpy costs the same for one as for fifty.
"""

from __future__ import annotations

import struct
from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facilityd.store.columns import (
    CODES,
    DECIMAL,
    FLOAT,
    NOTHING,
    POWERS,
    SPARSE,
    DamagedColumns,
    Part,
    decode,
    sources,
)

_FIRST = 9
"""Bytes of the first value, before the steps."""
Block = tuple[int, bytes, bytes]
"""(how many values in each column, above 0; bytes; where they lie, as ``pack`` was told)."""


def unpack_arrays(
    blocks: Iterable[Block], numbers: Sequence[int], types: Sequence[type[np.generic]]
) -> tuple[list[NDArray[Any]], list[int]]:
    """Return columns of these ``numbers``, each the values of all blocks one after the other; None is NaN.

    And how many values of each block there are: none of one of which a bit has flipped.
    """
    counts: list[int] = []
    last = max(numbers) + 1
    alike: dict[int, tuple[list[int], list[list[Part]]]] = {}
    end = 0
    for count, data, key in blocks:
        try:
            found = sources(data, key, last)
            parts = [found[number][1] for number in numbers]
        except (DamagedColumns, IndexError, struct.error):
            counts.append(0)
            continue
        begins, columns = alike.setdefault(count, ([], []))
        begins.append(end)
        columns.append(parts)
        counts.append(count)
        end += count
    whole: list[NDArray[Any]] = [np.empty(end, kind) for kind in types]
    for count, (begins, rows) in alike.items():
        places = np.array(begins)[:, None] + np.arange(count)
        for into, column in zip(whole, zip(*rows, strict=True), strict=True):
            values = np.empty(places.shape, into.dtype)
            _fill(values, column)
            into[places] = values
    return whole, counts


def _fill(into: NDArray[Any], column: Sequence[Part]) -> None:
    """Write one column of blocks into the rows of an array; those of one make together."""
    alike: dict[tuple[int, int, int], list[int]] = defaultdict(list)
    for row, (kind, power, code, _) in enumerate(column):
        alike[kind, power, code].append(row)
    for (kind, power, code), rows in alike.items():
        bodies = [column[row][3] for row in rows]
        place: Any = slice(None) if len(rows) == len(column) else rows
        into[place] = _values(kind, power, code, bodies, into.shape[1])


def _values(kind: int, power: int, code: int, bodies: Sequence[bytes], count: int) -> Any:
    plain = kind & ~SPARSE
    if plain == NOTHING:
        return np.nan
    if kind & SPARSE or code > len(CODES):
        columns = [decode(kind, power, code, body, count) for body in bodies]
        return [[np.nan if value is None else value for value in one] for one in columns]
    if plain == FLOAT:
        return _bytes(bodies, 0, 8, count).view("<f8")[:, :, 0]
    whole = _sums(code, bodies, count)
    return whole / POWERS[power] if plain == DECIMAL else whole


def _sums(code: int, bodies: Sequence[bytes], count: int) -> NDArray[np.int64]:
    """Return the first values and the sums of the steps, a row of ``count`` for each body."""
    first = np.array([int.from_bytes(body[:_FIRST], "little", signed=True) for body in bodies])[:, None]
    if code == 0:
        return np.broadcast_to(first, (len(bodies), count))
    size = array(CODES[code - 1]).itemsize
    whole = np.empty((len(bodies), count), np.int64)
    whole[:, :1] = first
    whole[:, 1:] = _bytes(bodies, _FIRST, size, count - 1).view(f"<i{size}")[:, :, 0]
    return np.cumsum(whole, axis=1, out=whole)


def _bytes(bodies: Sequence[bytes], begin: int, size: int, count: int) -> NDArray[np.uint8]:
    """Return the bytes from ``begin`` on, those of a value side by side: they lie first bytes first."""
    raw = np.frombuffer(b"".join(body[begin:] for body in bodies), np.uint8)
    return np.ascontiguousarray(raw.reshape(len(bodies), size, count).transpose(0, 2, 1))
