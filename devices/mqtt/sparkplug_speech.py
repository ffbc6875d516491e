"""All that a Sparkplug host may say: a request for a rebirth, and that it is there (decision 0101).

The one place where a message to others is made of which a device might take notice. None of the two changes
an output: a rebirth makes a node publish what it knows, STATE tells it that somebody listens.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

from devices.mqtt.sparkplug import NAMESPACE

REBIRTH = "Node Control/Rebirth"
"""The command that every edge node has to know (Sparkplug 3.0, 5.15)."""
_TIMESTAMP, _METRIC = b"\x08", b"\x12"
"""Keys of protobuf's fields: number and kind."""
_NAME, _BOOLEAN_TYPE, _TRUE = b"\x0a", b"\x20\x0b", b"\x70\x01"
"""Of a metric: its name; that its data type is Boolean; that its value is true."""
_NO_TOPIC = frozenset("+#\0")


@dataclass(frozen=True, slots=True)
class HostMessage:
    """A message of ours. Made by the two functions below, and by nobody else."""

    topic: str
    payload: bytes
    qos: Literal[0, 1]
    retain: bool


def rebirth_request(node: str, at: int) -> HostMessage:
    """Ask an edge node (``group/node``) to publish its births again; ``at`` is now, in ms since 1970.

    Raises ValueError for what is no node: never is more than one asked.

    The data type stands in it although it need not (3.0, 6.4.5): nodes that decode by it see no value else.
    """
    group, _, name = node.partition("/")
    if not group or not name or "/" in name or _NO_TOPIC & set(node):
        raise ValueError(f"{node!r} is no edge node")
    name_of_it = REBIRTH.encode()
    metric = _NAME + bytes([len(name_of_it)]) + name_of_it + _BOOLEAN_TYPE + _TRUE
    payload = _TIMESTAMP + _varint(at) + _METRIC + bytes([len(metric)]) + metric
    return HostMessage(f"{NAMESPACE}/{group}/NCMD/{name}", payload, 0, retain=False)


def state_message(host_id: str, at: int, *, online: bool) -> HostMessage:
    """Tell that this host is there, or gone; ``at`` in ms since 1970. Raises ValueError for no id."""
    payload = json.dumps({"online": online, "timestamp": at}, separators=(",", ":")).encode()
    return HostMessage(state_topic(host_id), payload, 1, retain=True)


def state_topic(host_id: str) -> str:
    """Return where a host's state is told. Raises ValueError for what is no id."""
    if not host_id or "/" in host_id or _NO_TOPIC & set(host_id):
        raise ValueError(f"{host_id!r} is no host id")
    return f"{NAMESPACE}/STATE/{host_id}"


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - seven bits a byte
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


__all__ = ["HostMessage", "rebirth_request", "state_message", "state_topic"]
