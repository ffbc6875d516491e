"""Bytes from a master into questions for an endpoint."""

from __future__ import annotations

import asyncio

from simulators.endpoint import Connection, Endpoint
from simulators.framing import MBAP, Framing, FramingLost

_SILENCE = 0.05  # s; generous against RTU's 3.5 characters, because terminals and TCP add their own


class FrameReader:
    """Collects one line's bytes; half an RTU request is forgotten after a silence."""

    def __init__(self, endpoint: Endpoint, framing: Framing) -> None:
        self._endpoint, self._framing = endpoint, framing
        self._buffer = bytearray()
        self._heard = 0.0

    def feed(self, data: bytes, line: Connection) -> None:
        """Take bytes and serve every whole question; hang up on what is not Modbus TCP."""
        if self._endpoint.deaf:
            return
        self._forget()
        self._buffer += data
        try:
            while frame := self._framing.take(self._buffer):
                self._endpoint.serve(frame, line)
        except FramingLost:
            self._buffer.clear()
            if self._framing is MBAP:
                line.close()

    def _forget(self) -> None:
        if self._framing is MBAP:
            return
        now = asyncio.get_running_loop().time()
        if now - self._heard > _SILENCE:
            self._buffer.clear()
        self._heard = now
