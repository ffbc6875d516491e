"""A Sparkplug B payload: the few fields of its protobuf that a host needs (Sparkplug 3.0, 6.4.1).

Read by hand, for it is bounded so and needs no generated code (decision 0093). Tests hold it against
protobuf's own encoder.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from devices.mqtt.decode import MAX_PAYLOAD

MOST_METRICS = 10_000
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_METRICS, _SEQ = 2, 3
_NAME, _ALIAS, _DATATYPE, _HISTORICAL, _NULL, _PROPERTIES = 1, 2, 4, 5, 7, 9
_INT, _LONG, _FLOAT, _DOUBLE, _BOOLEAN, _STRING = 10, 11, 12, 13, 14, 15
_SIGNED = {1: 8, 2: 16, 3: 32, 4: 64}
"""Bits of Int8 to Int64, which travel as two's complement in unsigned fields."""
_LONGEST_VARINT = 10
_GOOD = 192
"""What the property Quality says of a value that may be used (Sparkplug 3.0, 6.4.13)."""

SparkplugValue = int | float | bool | str | None


@dataclass(frozen=True, slots=True)
class SparkplugMetric:
    """One metric as it travelled: ``name`` or ``alias``, or both in a birth.

    ``raw`` is the value before its data type is known; ``readable`` is False for what is no single value
    (a data set, a template, bytes). None where the node has none, or calls it bad.
    """

    name: str | None
    alias: int | None
    datatype: int | None
    raw: SparkplugValue
    readable: bool
    historical: bool

    def value(self, datatype: int | None) -> SparkplugValue:
        """Return the value, with its sign where the data type (where it says none, the birth's) has one."""
        bits = _SIGNED.get(self.datatype or datatype or 0)
        if bits is None or isinstance(self.raw, bool) or not isinstance(self.raw, int):
            return self.raw
        low = self.raw & ((1 << bits) - 1)
        return low - (1 << bits) if low >> (bits - 1) else low


@dataclass(frozen=True, slots=True)
class SparkplugPayload:
    """A message: its number from 0 to 255, None where it has none, and its metrics."""

    seq: int | None
    metrics: tuple[SparkplugMetric, ...]

    def named(self, name: str) -> SparkplugValue:
        """Return the value of the first metric of a name; None where there is none."""
        return next((one.value(None) for one in self.metrics if one.name == name), None)


def parse_payload(data: bytes) -> SparkplugPayload:
    """Return what a payload says. Raises ValueError for one that is none, or larger than any that is read."""
    if len(data) > MAX_PAYLOAD:
        raise ValueError("larger than any payload that is read")
    seq, metrics = None, list[SparkplugMetric]()
    for number, value in _fields(data):
        if number == _METRICS and isinstance(value, bytes) and len(metrics) < MOST_METRICS:
            metrics.append(_metric(value))
        elif number == _SEQ and isinstance(value, int):
            seq = value
    return SparkplugPayload(seq, tuple(metrics))


def _metric(data: bytes) -> SparkplugMetric:
    found = dict(_fields(data))  # of a field that comes twice the last counts (protobuf encoding)
    name, alias, datatype = found.get(_NAME), found.get(_ALIAS), found.get(_DATATYPE)
    raw, readable = _value(found)
    if found.get(_NULL) or not _is_good(found.get(_PROPERTIES)):
        raw, readable = None, True
    return SparkplugMetric(
        name.decode() if isinstance(name, bytes) else None,
        alias if isinstance(alias, int) else None,
        datatype if isinstance(datatype, int) else None,
        raw, readable, bool(found.get(_HISTORICAL)),
    )  # fmt: skip


def _value(found: dict[int, int | bytes]) -> tuple[SparkplugValue, bool]:
    for number in (_INT, _LONG):
        if isinstance(value := found.get(number), int):
            return value, True
    if isinstance(value := found.get(_BOOLEAN), int):
        return bool(value), True
    for number, form, size in ((_FLOAT, "<f", 4), (_DOUBLE, "<d", 8)):
        if isinstance(value := found.get(number), bytes) and len(value) == size:
            return struct.unpack(form, value)[0], True
    if isinstance(value := found.get(_STRING), bytes):
        return value.decode(), True
    return None, False


def _is_good(properties: int | bytes | None) -> bool:
    """Return whether a property set calls the value good, or says nothing of its quality."""
    if not isinstance(properties, bytes):
        return True
    keys, values = list[bytes](), list[bytes]()
    for number, value in _fields(properties):
        if isinstance(value, bytes):
            (keys if number == 1 else values).append(value)
    told = dict(zip(keys, values, strict=False)).get(b"Quality")
    return told is None or dict(_fields(told)).get(3, _GOOD) == _GOOD


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and value of protobuf's fields: a whole number, or bytes. Raises ValueError."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if kind == _BYTES:
            size, at = _varint(data, at)
        elif kind in (_FIXED64, _FIXED32):
            size = 8 if kind == _FIXED64 else 4
        else:
            raise ValueError("no protobuf")
        if at + size > len(data):
            raise ValueError("cut off")
        yield number, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(_LONGEST_VARINT):
        if at + place >= len(data):
            raise ValueError("cut off")
        value |= (data[at + place] & 0x7F) << (7 * place)
        if data[at + place] < 0x80:  # noqa: PLR2004 - the bit that says that more follow
            return value, at + place + 1
    raise ValueError("no protobuf")


__all__ = ["SparkplugMetric", "SparkplugPayload", "SparkplugValue", "parse_payload"]
