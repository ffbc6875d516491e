"""The demo's page: under its usual port, or another one where that is somebody else's."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from facilityd.web.setup_code import SETUP_CODE

HOST, PORT = "127.0.0.1", 8780
PATIENCE_S = 20.0
MARK = "\0facilityd demo page"
"""A name in the kernel that one demo holds as long as it lives."""


@dataclass(frozen=True, slots=True)
class DemoPage:
    """Where the page is. ``code``: its holder may create the first account."""

    port: int
    code: str = field(default_factory=lambda: secrets.token_hex(6))

    @classmethod
    @contextmanager
    def chosen(cls) -> Iterator[DemoPage]:
        """Yield the page under its usual port, or under a free one where somebody has that, or will."""
        with socket.socket(socket.AF_UNIX) as mark:
            usual = True
            try:
                mark.bind(MARK)  # of two demos that begin at once only one may think of the usual port
            except OSError:
                usual = False
            yield cls(_free(PORT if usual else 0))

    @property
    def url(self) -> str:
        """What a person opens."""
        return f"http://{HOST}:{self.port}/"

    @property
    def account_url(self) -> str:
        """Where the first account is made; the code is filled in."""
        return f"{self.url}first-account?code={self.code}"

    def words(self, sites: list[str]) -> tuple[str, ...]:
        """Return the command that serves it."""
        return ("serve", *sites, "--host", HOST, "--port", str(self.port))

    def environment(self) -> dict[str, str]:
        """Return the environment of that command: what others of this machine cannot read."""
        return {**os.environ, SETUP_CODE: self.code}

    async def answers(self) -> bool:
        """Return whether it is there within a while."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    with contextlib.suppress(OSError):
                        _, writer = await asyncio.open_connection(HOST, self.port)
                        writer.close()
                        return True
                    await asyncio.sleep(0.2)
        return False


def _free(port: int) -> int:
    """Return a port that nobody listens on: this one, else any."""
    for wanted in (port, 0):
        with contextlib.suppress(OSError), socket.create_server((HOST, wanted)) as server:
            return int(server.getsockname()[1])
    return port
