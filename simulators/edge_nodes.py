"""Sparkplug B edge nodes of a simulated broker: births, and data by number."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from simulators.mqtt_encoder import OutgoingMessage

NAMESPACE = "spBv1.0"
_TURN = 256
_LONG, _DOUBLE, _BOOLEAN, _STRING = 4, 10, 11, 12
"""Data types: Int64 and the like (Sparkplug 3.0, 6.4.16)."""


@dataclass(slots=True)
class _Session:
    """``next``: the number of the node's next message. ``born``: topics of its devices that were born."""

    next: int = 0
    born: set[str] = field(default_factory=set)

    def number(self) -> int:
        number, self.next = self.next, (self.next + 1) % _TURN
        return number


class EdgeNodeEncoder:
    """Makes messages of edge nodes of plain ones: JSON objects on ``group/node`` or ``group/node/device``."""

    def __init__(self) -> None:
        self._nodes: dict[str, _Session] = {}

    def encode(self, said: OutgoingMessage) -> Iterator[OutgoingMessage]:
        """Yield what the node publishes: births before the first data."""
        group, name, *device = said.topic.split("/")
        node, metrics = f"{group}/{name}", json.loads(said.payload)
        session = self._nodes.get(node)
        if session is None:
            session = self._nodes[node] = _Session()
            first = {"bdSeq": 0} | ({} if device else metrics)
            yield self._message("NBIRTH", said.topic if not device else node, session.number(), first)
            if not device:
                return
        begins = bool(device) and said.topic not in session.born
        session.born.add(said.topic)
        kind = ("D" if device else "N") + ("BIRTH" if begins else "DATA")
        yield self._message(kind, said.topic, session.number(), metrics)

    def restart(self) -> None:
        """Let all nodes be born anew when they speak next."""
        self._nodes.clear()

    @staticmethod
    def _message(kind: str, unit: str, seq: int, metrics: dict[str, Any]) -> OutgoingMessage:
        group, name, *device = unit.split("/")
        body = b"".join(_bytes(2, _metric(key, value)) for key, value in metrics.items())
        topic = "/".join((NAMESPACE, group, kind, name, *device))
        return OutgoingMessage(topic, body + _number(3, seq))


def _metric(name: str, value: Any) -> bytes:
    head = _bytes(1, name.encode())
    if isinstance(value, bool):
        return head + _number(4, _BOOLEAN) + _number(14, value)
    if isinstance(value, int):
        return head + _number(4, _LONG) + _number(11, value & 0xFFFFFFFFFFFFFFFF)
    if isinstance(value, float):
        return head + _number(4, _DOUBLE) + b"\x69" + struct.pack("<d", value)
    if isinstance(value, str):
        return head + _number(4, _STRING) + _bytes(15, value.encode())
    return head + _number(4, _DOUBLE) + _number(7, value=True)  # null


def _number(field_number: int, value: int) -> bytes:
    return bytes([field_number << 3]) + _varint(value)


def _bytes(field_number: int, value: bytes) -> bytes:
    return bytes([field_number << 3 | 2]) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))
