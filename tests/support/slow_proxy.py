"""A TCP proxy that holds up every piece of a conversation for a while, so that a kill can fall between any two."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from support.servers import free_port


class SlowProxy:
    """Listens on ``port`` of loopback for a server on ``behind``; holds each piece for up to ``most_s``.

    What a client had sent when it died still arrives, as it does from the kernel of a killed process.
    """

    def __init__(self, behind: int, most_s: float, seed: int) -> None:
        self.port, self.behind, self.most_s = free_port(), behind, most_s
        self._dice = random.Random(seed)
        self.open = 0
        """Conversations that go on."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            with contextlib.suppress(OSError):
                far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.behind)
                await asyncio.gather(self._carry(reader, far_writer), self._carry(far_reader, writer))
        finally:
            writer.transport.abort()
            self.open -= 1

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await asyncio.sleep(self._dice.uniform(0, self.most_s))
                writer.write(data)
                await writer.drain()
        with contextlib.suppress(OSError):
            writer.close()


@asynccontextmanager
async def slow_proxy(behind: int, most_s: float, seed: int) -> AsyncIterator[SlowProxy]:
    """Listen until the block ends."""
    made = SlowProxy(behind, most_s, seed)
    server = await asyncio.start_server(made.serve, "127.0.0.1", made.port)
    try:
        yield made
    finally:
        server.close()
