"""A real InfluxDB 2.7 for a test: started on loopback, set up, killed, restarted, queried."""

from __future__ import annotations

import asyncio
import csv
import re
import signal
from calendar import timegm
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import strptime

import aiohttp

from support.servers import built, free_port

_INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z")


def binary() -> Path:
    """Return the server's path; else skip, or fail."""
    return built("influxd", "2.7.12")


def instant(text: str) -> int:
    """Return ns UTC for what Flux prints, to the last digit."""
    found = _INSTANT.fullmatch(text)
    assert found, text
    return timegm(strptime(found[1], "%Y-%m-%dT%H:%M:%S")) * 10**9 + int((found[2] or "").ljust(9, "0"))


@dataclass
class Influxd:
    """One server with one organisation, one bucket and one all-access token."""

    folder: Path
    port: int
    org: str = "square"
    bucket: str = "telemetry"
    token: str = "token-for-tests"
    _process: asyncio.subprocess.Process | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start and wait until it answers."""
        where = {"bolt-path": "influxd.bolt", "engine-path": "engine", "sqlite-path": "influxd.sqlite"}
        paths = [f"--{option}={self.folder / name}" for option, name in where.items()]
        with (self.folder / "influxd.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                str(binary()),
                "run",
                f"--http-bind-address=127.0.0.1:{self.port}",
                "--reporting-disabled",
                *paths,
                stdout=log,
                stderr=log,
            )
        async with asyncio.timeout(30), aiohttp.ClientSession() as session:
            while not await self._healthy(session):
                assert self._process.returncode is None, (self.folder / "influxd.log").read_text()[-2000:]
                await asyncio.sleep(0.05)

    async def _healthy(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(f"{self.url}/health") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    async def setup(self) -> None:
        """Make user, organisation, bucket and token; once per folder."""
        wish = {"username": "tester", "password": "password-for-tests", "org": self.org}
        wish |= {"bucket": self.bucket, "token": self.token}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.url}/api/v2/setup", json=wish) as answer,
        ):
            assert answer.status == 201, await answer.text()

    async def stop(self) -> None:
        """Stop in order."""
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """Stop as a power cut would, the kernel's caches apart."""
        await self._end(signal.SIGKILL)

    async def _end(self, how: signal.Signals) -> None:
        if self._process and self.alive:
            self._process.send_signal(how)
            await self._process.wait()

    async def query(self, flux: str) -> list[dict[str, str]]:
        """Return the rows of all tables as text."""
        headers = {"Authorization": f"Token {self.token}", "Accept": "application/csv"}
        headers["Content-Type"] = "application/vnd.flux"
        where = f"{self.url}/api/v2/query?org={self.org}"
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(where, data=flux) as answer,
        ):
            text = await answer.text()
            assert answer.status == 200, text
        rows: list[dict[str, str]] = []
        for table in re.split(r"(?:\r\n){2,}", text.strip("\r\n")):
            rows += csv.DictReader(table.splitlines())
        return rows

    async def everything(self) -> list[dict[str, str]]:
        """Return every field value of the bucket, one row each."""
        return await self.query(
            f'from(bucket: "{self.bucket}") |> range(start: 0, stop: 2100-01-01T00:00:00Z)'
        )


@asynccontextmanager
async def influxd(folder: Path, port: int = 0) -> AsyncIterator[Influxd]:
    """Run a fresh server, set up, until the block ends."""
    binary()
    server = Influxd(folder, port or free_port())
    await server.start()
    try:
        await server.setup()
        yield server
    finally:
        await server.stop()
