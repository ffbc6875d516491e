"""Simulated units on real TCP sockets: Modbus TCP, and RTU frames in TCP."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Mapping

from facilityd.errors import PortTaken, system_reason
from facilityd.model.message import Wording
from simulators.endpoint import Endpoint, WireTime
from simulators.frame_reader import FrameReader
from simulators.framing import MBAP, Framing
from simulators.register_map import RegisterMap

_BACKLOG = 1024


class _Connection(asyncio.Protocol):
    """One master."""

    def __init__(self, endpoint: TcpEndpoint, reader: FrameReader) -> None:
        self._endpoint, self._reader = endpoint, reader
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._endpoint.joined(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._endpoint.left(self)

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data, self)

    def eof_received(self) -> bool:
        return self._endpoint.deaf  # a dead device does not notice that its peer is gone

    def send(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class TcpEndpoint(Endpoint):
    """Modbus TCP, or RTU frames in TCP. Port 0 takes a free one; read it back from ``port``."""

    def __init__(
        self,
        register_maps: Mapping[int, RegisterMap],
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        framing: Framing = MBAP,
        gateway: bool = False,
        wire: WireTime | None = None,
    ) -> None:
        super().__init__(register_maps, framing, gateway=gateway, wire=wire)
        self.host, self.port = host, port
        self._listener: socket.socket | None = None
        self._connections: set[_Connection] = set()
        self._accepting: set[asyncio.Task[object]] = set()

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port}"

    def _start(self) -> None:
        if self._listener is not None:
            return
        try:
            self._listener = socket.create_server((self.host, self.port), backlog=_BACKLOG)
        except (OSError, OverflowError) as error:  # a name that is not known, a port above 65535
            raise PortTaken(
                Wording("scenario.cannot-listen", error=system_reason(error)),
                where=self.address,
                hint=Wording("scenario.choose-another-port-for-link"),
            ) from error
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        asyncio.get_running_loop().add_reader(self._listener, self._accept, self._listener)

    def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(BlockingIOError, ConnectionAbortedError):
            while True:
                master, _ = listener.accept()
                master.setblocking(False)
                task = loop.create_task(loop.connect_accepted_socket(self._connection, master))
                self._accepting.add(task)
                task.add_done_callback(self._accepting.discard)

    def _connection(self) -> _Connection:
        return _Connection(self, FrameReader(self, self.framing))

    def _stop(self) -> None:
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._listener = None
        self._cut()

    def _cut(self) -> None:
        for connection in tuple(self._connections):
            connection.close()

    def joined(self, connection: _Connection) -> None:
        """Remember a master, so that it can be cut; one that came too late is cut at once."""
        self._connections.add(connection)
        if self._listener is None:
            connection.close()

    def left(self, connection: _Connection) -> None:
        """Forget it."""
        self._connections.discard(connection)
