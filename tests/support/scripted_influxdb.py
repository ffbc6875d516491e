"""A server for /api/v2/write that answers by script, then as InfluxDB does; it remembers every line."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic

from aiohttp import web

Step = tuple[int, dict[str, str], str] | str
"""(status, headers, body), or "hang", "reset", or "taken-but-reset"."""


@dataclass
class WriteRequest:
    """``at`` in s of the monotonic clock."""

    at: float
    lines: list[bytes]
    query: dict[str, str]
    headers: dict[str, str]
    status: int | str


@dataclass
class ScriptedInfluxDb:
    """``poison`` decides which lines are refused; ``partial`` whether the others of a request are kept.

    ``points`` maps (series, instant) to the line; ``arrivals`` are accepted lines in their order.
    """

    script: deque[Step] = field(default_factory=deque)
    poison: Callable[[bytes], bool] = lambda line: False
    partial: bool = False
    largest: int | None = None
    delay: float = 0.0
    requests: list[WriteRequest] = field(default_factory=list)
    points: dict[tuple[bytes, bytes], bytes] = field(default_factory=dict)
    arrivals: list[bytes] = field(default_factory=list)
    conflicts: int = 0
    url: str = ""

    def keep(self, lines: list[bytes]) -> None:
        for line in lines:
            rest, _, instant = line.rpartition(b" ")
            key = (rest.split(b" ")[0], instant)
            self.conflicts += self.points.get(key, line) != line
            self.points[key] = line
            self.arrivals.append(line)

    async def handle(self, request: web.Request) -> web.Response:
        lines = (await request.read()).split(b"\n")  # decompressed by aiohttp where it came compressed
        step: Step = self.script.popleft() if self.script else self.respond(lines)
        entry = WriteRequest(monotonic(), lines, dict(request.query), dict(request.headers), step[0])
        self.requests.append(entry)
        if isinstance(step, str):
            entry.status = step
            return await self.misbehave(step, lines, request)
        await asyncio.sleep(self.delay)
        if 200 <= step[0] < 300:
            self.keep(lines)
        return web.Response(status=step[0], headers=step[1], text=step[2])

    def respond(self, lines: list[bytes]) -> Step:
        if self.largest and len(lines) > self.largest:
            return 413, {}, '{"code":"request too large","message":"too many lines"}'
        good = [line for line in lines if not self.poison(line)]
        if len(good) == len(lines):
            return 204, {}, ""
        if self.partial:
            self.keep(good)
            return (
                422,
                {},
                f'{{"message":"partial write: field type conflict dropped={len(lines) - len(good)}"}}',
            )
        return 400, {}, '{"code":"invalid","message":"unable to parse"}'

    async def misbehave(self, step: str, lines: list[bytes], request: web.Request) -> web.Response:
        if step == "hang":
            await asyncio.sleep(3600)
        if step == "taken-but-reset":
            self.keep(lines)
        assert request.transport
        request.transport.abort()
        raise web.HTTPServiceUnavailable


@asynccontextmanager
async def serve(server: ScriptedInfluxDb, port: int = 0) -> AsyncIterator[ScriptedInfluxDb]:
    """Listen on loopback until the block ends."""
    app = web.Application(client_max_size=2**26)
    app.router.add_post("/api/v2/write", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield server
    finally:
        await runner.cleanup()
