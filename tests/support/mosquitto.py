"""A real Mosquitto on a port of its own."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from pathlib import Path
from typing import Self

import pytest

from facilityd.scenario.real_runtime import free_ports

BINARY = shutil.which("mosquitto") or ("/usr/sbin/mosquitto" if Path("/usr/sbin/mosquitto").exists() else "")


def require() -> str:
    """Return the broker's path; skip, or fail where it is required."""
    if BINARY:
        return BINARY
    if os.environ.get("FACILITYD_REQUIRE_SERVERS"):
        pytest.fail("Mosquitto is required here and not installed (apt install mosquitto)")
    pytest.skip("Mosquitto is not installed (apt install mosquitto)")


class Mosquitto:
    """Started, stopped, frozen and restarted at will; ``config`` is added to its own."""

    def __init__(self, folder: Path, config: str = "allow_anonymous true\n", port: int = 0) -> None:
        self._binary = require()
        self.port = port or free_ports(1)[0]
        self._file = folder / f"mosquitto-{self.port}.conf"
        self._file.write_text(f"listener {self.port} 127.0.0.1\n{config}")
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            self._binary,
            "-c",
            str(self._file),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(10):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:
                    await asyncio.sleep(0.05)
                    continue
                writer.close()
                await writer.wait_closed()
                return

    async def stop(self) -> None:
        if self._process and self._process.returncode is None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            await self._process.wait()

    async def kill(self) -> None:
        """End it as a power cut would."""
        assert self._process
        self._process.kill()
        await self._process.wait()

    def freeze(self, *, on: bool = True) -> None:
        assert self._process
        self._process.send_signal(signal.SIGSTOP if on else signal.SIGCONT)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
