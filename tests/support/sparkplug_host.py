"""What others see of our host: pysparkplug decodes its messages, Mosquitto's own log tells of its packets."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from support.mosquitto import Mosquitto
from support.mqtt_harness import until
from support.servers import built

PROGRAM = Path(__file__).with_name("sparkplug_witness_program.py")


class Witness:
    """Messages that a client of pysparkplug's sees at the broker, in their order."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [one for one in self.seen if one["kind"] == kind]

    async def until(self, kind: str, count: int) -> None:
        """Wait until so many messages of a kind were seen."""
        await until(lambda: len(self.of(kind)) >= count, 20)

    async def read(self, lines: asyncio.StreamReader) -> None:
        while line := await lines.readline():
            self.seen.append(json.loads(line))


@asynccontextmanager
async def witness(broker: Mosquitto) -> AsyncIterator[Witness]:
    process = await asyncio.create_subprocess_exec(
        built("pysparkplug", "0.6.1"), PROGRAM, "127.0.0.1", str(broker.port), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    seen = Witness()
    assert await process.stdout.readline() == b"subscribed\n"
    reading = asyncio.create_task(seen.read(process.stdout))
    try:
        yield seen
    finally:
        process.kill()
        await process.wait()
        await reading


class LoggedBroker(Mosquitto):
    """A Mosquitto that writes down each packet."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "packets.log"
        super().__init__(folder, f"allow_anonymous true\nuser root\nlog_type all\nlog_dest file {self.log}\n")

    def packets(self, client: str) -> list[str]:
        """Return what was logged of a client, without times."""
        lines = self.log.read_text(errors="replace").splitlines()
        told, connecting = list[str](), False
        for line in (re.sub(r"^\d+: ", "", one) for one in lines):
            if line.startswith("New client connected"):
                connecting = f" as {client} " in line
            of_connect = connecting and line.startswith(("Will message", "\t"))
            if of_connect or f" {client} " in f"{line} ":
                told.append(line)
        return told

    async def until_logged(self, client: str, found: Callable[[list[str]], bool]) -> list[str]:
        """Wait until what is logged of a client satisfies; Mosquitto writes its log when it stops, too."""
        try:
            await until(lambda: found(self.packets(client)), 20)
        except TimeoutError:
            raise AssertionError("\n".join(self.packets(client))) from None
        return self.packets(client)
