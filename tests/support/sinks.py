"""Each kind of sink on its own other side, put into every state that the contract of sinks speaks of."""

from __future__ import annotations

import os
import threading
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from facilityd.model.settings import FileSinkSettings
from facilityd.store.file_sink import FileSink
from facilityd.store.sink import Sink
from support.forwarding import influx
from support.scripted_influxdb import ScriptedInfluxDb, serve

SECRET = "a-secret-token"
MOST = 2**20


class SinkRig(ABC):
    """A sink and its other side; ``never`` are the situations that it cannot be in, each with why."""

    never: dict[str, str]
    sink: Sink

    @abstractmethod
    def cause(self, situation: str) -> None:
        """Let the other side be in a situation from now on."""

    @abstractmethod
    def mend(self) -> None:
        """Let the other side take everything again."""

    @abstractmethod
    def kept(self) -> list[bytes]:
        """Return the points there, each once, in the order they came first."""


class InfluxRig(SinkRig):
    """InfluxDB, as the scripted server plays it."""

    never: dict[str, str] = {}

    def __init__(self, server: ScriptedInfluxDb) -> None:
        self._server, self._well = server, server.respond
        self.sink = influx(server.url, token=SECRET, timeout=0.2)

    def cause(self, situation: str) -> None:
        answers: dict[str, Callable[[list[bytes]], object]] = {
            "taken": self._well,
            "partial": self._well,
            "refused": lambda _: (400, {}, '{"message":"unable to parse"}'),
            "too large": lambda _: (413, {}, ""),
            "retry after": lambda _: (429, {"Retry-After": "7"}, "slow down"),
            "hang": lambda _: ("hang",),
            "unexpected answer": lambda _: (200, {}, "<html>log in</html>"),
            "secret echoed": lambda _: (401, {}, f"no rights for Token {SECRET}"),
        }
        self._server.partial = situation == "partial"
        self._server.poison = (lambda line: b"bad" in line) if situation == "partial" else (lambda _: False)
        self._server.keep = self._nothing if situation == "unexpected answer" else self._keep  # type: ignore[method-assign]
        self._server.script.extend(["hang"] if situation == "hang" else [])
        self._server.respond = self._well if situation == "hang" else answers[situation]  # type: ignore[assignment,method-assign]

    def mend(self) -> None:
        self.cause("taken")

    def kept(self) -> list[bytes]:
        return list(self._server.points.values())

    def _keep(self, lines: list[bytes]) -> None:
        ScriptedInfluxDb.keep(self._server, lines)

    @staticmethod
    def _nothing(_: list[bytes]) -> None:
        """A login page keeps nothing."""


class FileRig(SinkRig):
    """A file in a folder of the test's."""

    never = {
        "refused": "a file takes any line",
        "retry after": "a disk names no time",
        "secret echoed": "a file has no secret",
        "partial": "a portion is written whole or not at all",
    }

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lines.lp"
        self._lets_go = threading.Event()
        self._lets_go.set()
        settings = FileSinkSettings("file", str(self._path), MOST, 5)
        self.sink: FileSink = FileSink(settings, timeout=0.2, sync=self._sync)

    def _sync(self, file: int) -> None:
        self._lets_go.wait()
        os.fsync(file)

    def cause(self, situation: str) -> None:
        if situation == "hang":
            self._lets_go.clear()
        if situation == "unexpected answer":
            if self._path.exists():
                self._path.rename(f"{self._path}.9")
            self._path.mkdir()
        if situation == "too large":
            self.sink.max_size = 5

    def mend(self) -> None:
        self._lets_go.set()
        if self._path.is_dir():
            self._path.rmdir()
        self.sink.max_size = MOST

    def kept(self) -> list[bytes]:
        files = sorted(filter(Path.is_file, self._path.parent.glob("lines.lp*")), reverse=True)
        return list(dict.fromkeys(line for file in files for line in file.read_bytes().splitlines()))


@asynccontextmanager
async def influx_rig(_: Path) -> AsyncIterator[SinkRig]:
    async with serve(ScriptedInfluxDb()) as server:
        yield InfluxRig(server)


@asynccontextmanager
async def file_rig(folder: Path) -> AsyncIterator[SinkRig]:
    yield FileRig(folder)


RIGS = {"influxdb": influx_rig, "file": file_rig}
NEVER = {"influxdb": InfluxRig.never, "file": FileRig.never}
"""A kind of sink that has no rig here is not tested: test_sink_contract.py refuses that."""
