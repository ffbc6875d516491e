"""Messages between socket and journal: bounded in number and in bytes, and what is lost is counted."""

from __future__ import annotations

import asyncio

import aiomqtt

from devices.mqtt.decode import MAX_PAYLOAD

QUEUE = 10_000
"""Messages held while the journal is busy."""
QUEUE_BYTES = 8 * 2**20
"""Bytes of payload held; a message costs memory well beyond it, so that many small ones are bounded above."""
QOS1_BYTES = 32 * 2**20
"""Bytes held with QoS 1: more than a broker may send unacknowledged, unless it ignores what we allow."""


class Inbound(asyncio.Queue[aiomqtt.Message]):
    """A queue that drops what is beyond its bounds and counts it.

    QoS 1 has more room than a broker may fill (receive maximum): a dropped message of it would not come again
    before the next connection. A payload that is too large to be read is cut short.
    """

    def __init__(self, maxsize: int = 0) -> None:
        super().__init__(0)
        self._messages = maxsize or QUEUE
        self._bytes, self.lost = 0, 0

    def put_nowait(self, item: aiomqtt.Message) -> None:
        """Take a message, or count it as lost. Raises nothing."""
        payload = item.payload
        if isinstance(payload, bytes | bytearray) and len(payload) > MAX_PAYLOAD:
            item.payload = bytes(payload[: MAX_PAYLOAD + 1])  # read as malformed, as the whole would be
        held = self._bytes + _size(item)
        if self.qsize() >= self._messages or held > (QOS1_BYTES if item.qos else QUEUE_BYTES):
            self.lost += 1
            return
        self._bytes = held
        super().put_nowait(item)

    def get_nowait(self) -> aiomqtt.Message:
        """Return the oldest message. Raises asyncio.QueueEmpty."""
        item = super().get_nowait()
        self._bytes -= _size(item)
        return item


def _size(item: aiomqtt.Message) -> int:
    payload = item.payload
    return len(payload) if isinstance(payload, bytes | bytearray) else 0
