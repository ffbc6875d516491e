"""A real Alertmanager on loopback: started, killed, asked; what it sends to its webhook is kept."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from support.servers import built, free_port

CONFIG = """\
route: {receiver: crew, group_by: [site], group_wait: 200ms, group_interval: 1s, repeat_interval: 4h}
receivers: [{name: crew, webhook_configs: [{url: "HOOK", send_resolved: true}]}]
"""


def binary() -> Path:
    """Return the server's path; else skip, or fail."""
    return built("alertmanager", "0.28.1")


@dataclass
class Alertmanager:
    """One server that remembers nothing over a restart. ``sent`` is what it told its receiver."""

    folder: Path
    port: int = field(default_factory=free_port)
    sent: list[dict[str, Any]] = field(default_factory=list)
    _process: asyncio.subprocess.Process | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Start with nothing in memory and wait until it answers."""
        with (self.folder / "alertmanager.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                str(binary()), f"--config.file={self.folder / 'alertmanager.yml'}",
                f"--web.listen-address=127.0.0.1:{self.port}", "--cluster.listen-address=",
                f"--storage.path={self.folder / 'data'}", stdout=log, stderr=log,
            )  # fmt: skip
        async with asyncio.timeout(30), aiohttp.ClientSession() as session:
            while not await self._ready(session):
                assert self._process.returncode is None, (self.folder / "alertmanager.log").read_text()
                await asyncio.sleep(0.02)

    async def kill(self) -> None:
        """End it as a power cut would."""
        if self._process and self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()

    async def alerts(self) -> list[dict[str, Any]]:
        """Return what it holds for firing, by device."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/api/v2/alerts") as answer:
            assert answer.status == 200, await answer.text()
            return sorted(await answer.json(), key=lambda alert: alert["labels"]["device"])

    async def tells(self, status: str, count: int) -> dict[str, Any]:
        """Return the newest message, once it is of so many alerts that all have this status."""
        async with asyncio.timeout(20):
            while True:
                said = self.sent[-1]["alerts"] if self.sent else []
                if [alert["status"] for alert in said] == [status] * count:
                    return self.sent[-1]
                await asyncio.sleep(0.02)

    async def _ready(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(f"{self.url}/-/ready") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    async def _take(self, request: web.Request) -> web.Response:
        self.sent.append(json.loads(await request.read()))
        return web.Response()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run it, and whom it tells, until the block ends."""
        receiver = web.Application()
        receiver.router.add_post("/", self._take)
        async with TestServer(receiver) as hook:
            text = CONFIG.replace("HOOK", str(hook.make_url("/")))
            (self.folder / "alertmanager.yml").write_text(text, encoding="utf-8")
            await self.start()
            try:
                yield
            finally:
                await self.kill()
