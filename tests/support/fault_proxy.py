"""A TCP proxy in front of a real server: forwards, answers itself, hangs, or resets after the request."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

PASS, HANG, RESET, RESET_AFTER_REQUEST = "pass", "hang", "reset", "taken-but-reset"
ProxyMode = str | bytes
"""One of the above, or the bytes of an answer after which the connection is closed."""
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class FaultProxy:
    """Listens on ``port`` of loopback for a server on ``behind``."""

    port: int
    behind: int
    mode: ProxyMode = PASS
    greets: bool = False
    """Whether the server sends first, as mail servers do."""
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    def switch(self, mode: ProxyMode) -> None:
        """Change the mode for new connections; abort the open ones."""
        self.mode = mode
        for writer in list(self._open):
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._serve_client(reader, writer)
        finally:
            self._open.discard(writer)
            writer.transport.abort()

    async def _serve_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mode = self.mode  # it may change while this client is served
        if isinstance(mode, bytes):
            if not self.greets:
                await _read_request(reader)
            writer.write(mode)
            await writer.drain()
            await asyncio.sleep(0.2)  # an answer that is still on its way would be lost with the reset
        elif mode == HANG:
            while await reader.read(65536):
                pass
        elif mode != RESET:
            there = await asyncio.open_connection("127.0.0.1", self.behind)
            self._open.add(there[1])
            try:
                await _relay((reader, writer), there, back=mode == PASS)
            finally:
                self._open.discard(there[1])
                there[1].transport.abort()


async def _read_request(reader: asyncio.StreamReader) -> None:
    """Read until the client sends nothing more."""
    with contextlib.suppress(TimeoutError):
        while await asyncio.wait_for(reader.read(65536), 0.1):
            pass


async def _relay(near: Streams, far: Streams, *, back: bool) -> None:
    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, keep: bool) -> None:
        while data := await reader.read(65536):
            if not keep:  # the server has answered: the client does not see the answer
                return
            writer.write(data)
            await writer.drain()

    directions = [carry(near[0], far[1], True), carry(far[0], near[1], back)]
    tasks = [asyncio.create_task(direction) for direction in directions]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def fault_proxy(port: int, behind: int, *, greets: bool = False) -> AsyncIterator[FaultProxy]:
    """Listen until the block ends."""
    made = FaultProxy(port, behind, greets=greets)
    server = await asyncio.start_server(made.serve, "127.0.0.1", port)
    try:
        yield made
    finally:
        server.close()
        made.switch(RESET)
