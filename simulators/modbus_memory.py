"""Simulated units on a wire that exists only in memory: the same frames, the same hazards, no socket."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from simulators.endpoint import Endpoint, WireTime
from simulators.frame_reader import FrameReader
from simulators.framing import Framing
from simulators.register_map import RegisterMap


class MemoryTransport(asyncio.Transport):
    """One master's connection. What it writes arrives in the next turn of the loop."""

    def __init__(self, endpoint: MemoryEndpoint, protocol: asyncio.Protocol, reader: FrameReader) -> None:
        super().__init__()
        self._endpoint, self._protocol, self._reader = endpoint, protocol, reader
        self._loop = asyncio.get_running_loop()
        self._open = True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take a question."""
        self._loop.call_soon(self._hear, bytes(data))

    def _hear(self, data: bytes) -> None:
        if self._open:
            self._reader.feed(data, self)

    def send(self, data: bytes) -> None:
        """Hand an answer to the master."""
        if self._open:
            self._loop.call_soon(self._protocol.data_received, data)

    def close(self) -> None:
        """Close it, from either side."""
        if self._open:
            self._open = False
            self._endpoint.left(self)
            self._loop.call_soon(self._protocol.connection_lost, None)

    def abort(self) -> None:
        """End it at once."""
        self.close()

    def is_closing(self) -> bool:
        """Return whether it has ended."""
        return not self._open


class MemoryEndpoint(Endpoint):
    """Like a TCP endpoint; ``connect`` is its port."""

    def __init__(
        self,
        name: str,
        register_maps: Mapping[int, RegisterMap],
        framing: Framing,
        *,
        gateway: bool = False,
        wire: WireTime | None = None,
    ) -> None:
        super().__init__(register_maps, framing, gateway=gateway, wire=wire)
        self._name, self._listening = name, False
        self._lines: list[MemoryTransport] = []

    @property
    def address(self) -> str:
        """The link's name."""
        return self._name

    @property
    def listening(self) -> bool:
        """Return whether somebody would open the door."""
        return self._listening

    def connect(self, protocol: asyncio.Protocol) -> MemoryTransport:
        """Return a connection that has been made. Raises ConnectionRefusedError."""
        if not self._listening:
            raise ConnectionRefusedError(f"nobody listens at {self._name}")
        line = MemoryTransport(self, protocol, FrameReader(self, self.framing))
        self._lines.append(line)
        protocol.connection_made(line)
        return line

    def left(self, line: MemoryTransport) -> None:
        """Forget a connection."""
        self._lines.remove(line)

    def _start(self) -> None:
        self._listening = True

    def _stop(self) -> None:
        self._listening = False
        self._cut()

    def _cut(self) -> None:
        for line in tuple(self._lines):
            line.close()
