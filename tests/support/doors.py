"""A door in front of a real server: lets through, says something else, hangs, or takes and breaks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

PASS, HANG, RESET, TAKEN = "pass", "hang", "reset", "taken-but-reset"
Way = str | bytes
"""One of the above, or the bytes of an answer after which the connection is closed."""
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Door:
    """Listens on ``port`` of loopback for a server on ``behind``."""

    port: int
    behind: int
    way: Way = PASS
    greets: bool = False
    """Whether the server speaks first, as mail servers do."""
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    def turn(self, way: Way) -> None:
        """Behave so from now on; whoever is in the middle of something is cut off."""
        self.way = way
        for writer in list(self._open):
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._register_stream(reader, writer)
        finally:
            self._open.discard(writer)
            writer.transport.abort()

    async def _register_stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        way = self.way  # it may change while this visitor is answered
        if isinstance(way, bytes):
            if not self.greets:
                await _asked(reader)
            writer.write(way)
            await writer.drain()
            await asyncio.sleep(0.2)  # an answer that is still on its way would be lost with the reset
        elif way == HANG:
            while await reader.read(65536):
                pass
        elif way != RESET:
            there = await asyncio.open_connection("127.0.0.1", self.behind)
            self._open.add(there[1])
            try:
                await _relay((reader, writer), there, back=way == PASS)
            finally:
                self._open.discard(there[1])
                there[1].transport.abort()


async def _asked(reader: asyncio.StreamReader) -> None:
    """Read until the client has nothing more to say."""
    with contextlib.suppress(TimeoutError):
        while await asyncio.wait_for(reader.read(65536), 0.1):
            pass


async def _relay(near: Streams, far: Streams, *, back: bool) -> None:
    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, keep: bool) -> None:
        while data := await reader.read(65536):
            if not keep:  # the server has answered: it has taken what was said, and nobody hears of it
                return
            writer.write(data)
            await writer.drain()

    ways = [carry(near[0], far[1], True), carry(far[0], near[1], back)]
    tasks = [asyncio.create_task(way) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def door(port: int, behind: int, *, greets: bool = False) -> AsyncIterator[Door]:
    """Open a door until the block ends."""
    made = Door(port, behind, greets=greets)
    server = await asyncio.start_server(made.serve, "127.0.0.1", port)
    try:
        yield made
    finally:
        server.close()
        made.turn(RESET)
