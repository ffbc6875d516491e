"""HTTP sessions that no server can fill this machine's memory through."""

from __future__ import annotations

from typing import Any

import aiohttp

READ = 16_384
"""Bytes of a body that are read: what a server says of its error stands at the beginning."""


class BoundedResponse(aiohttp.ClientResponse):
    """An answer of which the beginning is read; where there is more, the connection is closed."""

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


def bounded() -> dict[str, Any]:
    """Return what aiohttp.ClientSession is to be made with. A body is not unpacked: it may be a bomb."""
    return {
        "response_class": BoundedResponse,
        "auto_decompress": False,
        "headers": {"Accept-Encoding": "identity"},
    }
