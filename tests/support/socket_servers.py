"""A peer that answers on a socket as a test says, and what a delivery came to in a word."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from facilityd.model.notice import DeliveryResult
from facilityd.model.sample import NS

PATIENCE_S = 0.25


def spoken(found: DeliveryResult) -> str:
    """Return a result in the table's words: outcome, failure, and the s that the other side asks to wait."""
    wait = f" {found.retry_after // NS}" if found.retry_after else ""
    return f"{found.result.value} {found.failure.name}{wait}"


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[int]:
    """Let a handler serve on a port; at the end whoever is still there is hung up on."""
    served: set[asyncio.Task[None]] = set()
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.add(asyncio.current_task())
        writers.append(writer)
        try:
            await handler(reader, writer)
            await writer.drain()
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.gather(*served, return_exceptions=True)
