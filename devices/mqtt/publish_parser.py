"""PUBLISH packets out of what a socket brought, many at a time (MQTT 3.1.1 and 5.0, 2.2 and 3.3).

Only whole packets of QoS 0 and 1 with nothing unusual in them: every other one is left where it is, for paho,
which needs twenty times as long. Whatever the bytes are, nothing is raised.
"""

from __future__ import annotations

from collections.abc import Callable

import aiomqtt

TOPICS = 10_000
"""Topics whose checked form is kept."""
_ONE, _TWO = 1, 2
_QOS, _RETAIN, _PUBLISH = 0x06, 0x01, 0x30
LENGTH_BYTES = 4
ALIAS = 0x23
"""A property that stands for a topic sent before: a client that allows none is sent none."""


class PublishParser:
    """Hands each message to ``take``. ``five``: the packets are of MQTT 5.0 and have properties."""

    def __init__(self, take: Callable[[aiomqtt.Message], None], *, five: bool) -> None:
        self._take, self._five = take, five
        self._topics: dict[bytes, aiomqtt.Topic] = {}

    def parse(self, data: bytes, at: int) -> int:
        """Take the packets that begin at ``at``; return where the first one begins that is left for paho."""
        end = len(data)
        while at < end and data[at] & 0xF0 == _PUBLISH and data[at] & _QOS != _QOS:
            qos = (data[at] & _QOS) >> 1
            length, body = _varint(data, at + 1)
            beyond = body + length
            if qos > _ONE or not body or beyond > end:
                break
            message = self._message(data, body, beyond, qos, retain=bool(data[at] & _RETAIN))
            if message is None:
                break
            self._take(message)
            at = beyond
        return at

    def _message(self, data: bytes, at: int, end: int, qos: int, *, retain: bool) -> aiomqtt.Message | None:
        begin = at + _TWO
        after = begin + int.from_bytes(data[at:begin])
        mid = 0
        if begin > end or after > end:
            return None
        topic = self._topic(data[begin:after])
        if topic is None:
            return None
        if qos:
            mid = int.from_bytes(data[after : after + _TWO])
            after += _TWO
        if self._five:
            length, values = _varint(data, after)
            if not values or (length and data[values] == ALIAS):
                return None
            after = values + length
        if after > end:
            return None
        return aiomqtt.Message(topic, data[after:end], qos, retain, mid, None)

    def _topic(self, raw: bytes) -> aiomqtt.Topic | None:
        """Return a topic; None for one that cannot be."""
        topic = self._topics.get(raw)
        if topic is None:
            try:
                topic = aiomqtt.Topic(raw.decode())
            except ValueError:
                return None
            if len(self._topics) >= TOPICS:
                self._topics.clear()
            self._topics[raw] = topic
        return topic


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a length and where it ends; (0, 0) where it is not whole, or has more bytes than it may."""
    length = shift = 0
    for number in range(at, min(at + LENGTH_BYTES, len(data))):
        length |= (data[number] & 0x7F) << shift
        if not data[number] & 0x80:
            return length, number + 1
        shift += 7
    return 0, 0
