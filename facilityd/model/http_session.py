"""HTTP sessions that no server can fill this machine's memory through."""

from __future__ import annotations

from functools import partial
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler

READ = 16_384
"""Bytes of a body that are read: what a server says of its error stands at the beginning."""
INTERIM = 20
"""Heads that one answer may have. aiohttp skips those with status 1xx without end."""


class BoundedResponse(aiohttp.ClientResponse):
    """An answer of which the beginning is read; where there is more, the connection is closed."""

    async def start(self, connection: Any) -> aiohttp.ClientResponse:
        """Wait for the answer, past at most ``INTERIM`` interim ones. Raises aiohttp.ClientError."""
        if connection.protocol is not None:
            # Of this connection's present request: the next one counts anew.
            connection.protocol.feed_data = _InterimLimit(connection.protocol).take
        return await super().start(connection)

    async def read(self) -> bytes:
        """Return at most ``READ`` bytes of the body. Raises aiohttp.ClientError."""
        body = bytearray()
        try:
            while len(body) < READ and (part := await self.content.read(READ - len(body))):
                body += part
        finally:
            if not self.content.at_eof() or self.content.exception():
                self.close()
        return bytes(body)


class _InterimLimit:
    """Ends a connection on which more heads arrive than one answer may have.

    A server that repeats "100 Continue" filled the queue by hundreds of MiB and held the loop for seconds.
    """

    def __init__(self, protocol: ResponseHandler) -> None:
        self._protocol, self._left = protocol, INTERIM
        self._feed = partial(ResponseHandler.feed_data, protocol)

    def take(self, data: Any, size: int = 0) -> None:
        """Hand on a head, or end the connection."""
        self._left -= 1
        if self._left >= 0:
            self._feed(data, size)
        elif self._left == -1:
            self._protocol.set_exception(aiohttp.ServerDisconnectedError("interim answers without end"))
            if self._protocol.transport is not None:
                self._protocol.transport.abort()


def bounded() -> dict[str, Any]:
    """Return what aiohttp.ClientSession is to be made with. A body is not unpacked: it may be a bomb."""
    return {
        "response_class": BoundedResponse,
        "auto_decompress": False,
        "headers": {"Accept-Encoding": "identity"},
    }
