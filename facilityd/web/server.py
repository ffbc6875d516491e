"""The listening side: uvicorn, with what it does not bound by itself.

uvicorn waits for ever for a request's head, and for a client that takes its answer a byte a second. Here a
connection that has not said what it wants, or has not taken what it asked for, is closed.
"""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import socket
import struct
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from facilityd.errors import UsageError
from facilityd.model.message import Wording

log = logging.getLogger(__name__)
HEAD_SECONDS = 10.0
"""In which the head of a request must be here."""
SLOW_SECONDS, LEAST_TAKEN = 15.0, 16_384
"""In so many s a client must take so many bytes of what waits for it, or all."""
HEAD_BYTES = 16_384
KEEP_ALIVE = 10
"""Seconds that a connection waits for its next request."""
MOST_OF_ONE, MOST_AT_ALL = 200, 600
"""Connections of one address, and altogether."""
SEND_BUFFER = 128 * 1024
GONE_MS = 30_000
"""After so long without an acknowledgement of what was sent the other side is gone."""
MEMORY = 1 << 30
"""Bytes that this process may take, unless told otherwise."""


class BoundedProtocol(H11Protocol):
    """One connection."""

    open: ClassVar[Counter[str]] = Counter()
    head_seconds: ClassVar[float] = HEAD_SECONDS
    slow_seconds: ClassVar[float] = SLOW_SECONDS

    def __init__(self, *args: Any, **words: Any) -> None:
        super().__init__(*args, **words)
        self._head: asyncio.TimerHandle | None = None
        self._slow: asyncio.TimerHandle | None = None
        self._address = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, or close it at once where there are too many."""
        super().connection_made(transport)
        self._address = self.client[0] if self.client else "?"
        self.open[self._address] += 1
        _bound(transport.get_extra_info("socket"))
        transport.set_write_buffer_limits(high=0)  # so that we hear whenever something waits
        if self.open[self._address] > MOST_OF_ONE or self.open.total() > MOST_AT_ALL:
            transport.abort()
            return
        self._head = self.loop.call_later(self.head_seconds, self._abort, "no request")

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        for timer in (self._head, self._slow):
            if timer is not None:
                timer.cancel()
        self.open[self._address] -= 1
        if self.open[self._address] <= 0:
            del self.open[self._address]
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read; a head that has begun must end in time, also of a later request on the same connection."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            if self._head is not None:
                self._head.cancel()
            self._head = None
        elif self._head is None:
            self._head = self.loop.call_later(self.head_seconds, self._abort, "half a request")

    def pause_writing(self) -> None:
        """More waits for the client than it takes."""
        super().pause_writing()
        if self._slow is None:
            self._look_again()

    def resume_writing(self) -> None:
        """It has taken it."""
        super().resume_writing()
        if self._slow is not None:
            self._slow.cancel()
            self._slow = None

    def _look_again(self) -> None:
        waiting = self.transport.get_write_buffer_size()
        self._slow = self.loop.call_later(self.slow_seconds, self._look, waiting)

    def _look(self, before: int) -> None:
        """Look whether the client has taken enough since, of ``before`` bytes."""
        if self.transport.get_write_buffer_size() > before - LEAST_TAKEN:
            self._abort("it takes too little")
        else:
            self._look_again()

    def _abort(self, why: str) -> None:
        log.debug("%s: closed: %s", self._address, why)
        if self.transport is None:
            return
        connection = self.transport.get_extra_info("socket")
        if connection is not None:
            with suppress(OSError):  # what the kernel still holds for it is dropped too
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


def _bound(connection: socket.socket | None) -> None:
    if connection is None or connection.family not in (socket.AF_INET, socket.AF_INET6):
        return
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, GONE_MS)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens. Raises UsageError where the port is somebody else's, or is no address."""
    try:
        family, *_, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(address[:2], family=family, backlog=256)
    except OSError as error:
        what = Wording("web.cannot-listen", host=host, port=port)
        raise UsageError(what, hint=Wording("ask.give-another-port-or-stop")) from error


class _Server(uvicorn.Server):
    """Ends its streams before it waits for its answers to end."""

    def __init__(self, config: uvicorn.Config, end_streams: Callable[[], Awaitable[None]]) -> None:
        super().__init__(config)
        self._end_streams = end_streams

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take nothing new, let what is being answered come to its end, and stop."""
        await self._end_streams()
        await super().shutdown(sockets)


def make_server(
    app: Any,
    end_streams: Callable[[], Awaitable[None]],
    *,
    certificate: str = "",
    key: str = "",
    behind_proxy: bool = False,
) -> uvicorn.Server:
    """Return a server for sockets that listen already; ``end_streams`` ends answers that are endless."""
    config = uvicorn.Config(
        app, http=BoundedProtocol, ws="none", lifespan="on", log_config=None,
        access_log=False, server_header=False, proxy_headers=behind_proxy,
        forwarded_allow_ips="127.0.0.1", limit_concurrency=MOST_AT_ALL, timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=3, h11_max_incomplete_event_size=HEAD_BYTES,
        ssl_certfile=certificate or None, ssl_keyfile=key or None,
    )  # fmt: skip
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    return _Server(config, end_streams)


def step_back(memory: int = MEMORY) -> None:
    """Let this process take no more memory than it may, and be the first to go where there is none."""
    with suppress(OSError, ValueError):
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        most = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")
    with suppress(OSError):
        os.nice(10)
