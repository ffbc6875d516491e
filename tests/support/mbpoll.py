"""mbpoll: an independent master, and a way for it to reach RTU frames in TCP."""

from __future__ import annotations

import asyncio
import re

from wire_units import program

from simulators.endpoint import Endpoint
from simulators.modbus_rtu import SerialEndpoint, Terminal
from simulators.modbus_tcp import TcpEndpoint


async def mbpoll(*arguments: object) -> tuple[int, str]:
    command = [program("mbpoll"), "-q", "-0", "-1", "-o", "2", *(str(a) for a in arguments)]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def read(line: list[object], device: int, table: str, address: int, count: int = 1) -> list[str]:
    code, said = await mbpoll("-a", device, "-t", table, "-r", address, "-c", count, *line)
    assert code == 0, said
    return re.findall(r"^\[\d+\]:\s+(\S+)", said, re.MULTILINE)


def over(endpoint: Endpoint) -> list[object]:
    if isinstance(endpoint, SerialEndpoint):
        return ["-m", "rtu", "-b", 19200, "-P", "none", endpoint.address]
    assert isinstance(endpoint, TcpEndpoint)
    return ["-m", "tcp", "-p", endpoint.port, "127.0.0.1"]


class Relay:
    """A pseudo-terminal whose bytes go to a TCP port and back."""

    def __init__(self, path, port):
        self.path, self.port, self.terminal = path, port, Terminal(path)

    async def open(self):
        reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.terminal.attach(self)
        self.task = asyncio.create_task(self._back(reader))

    def feed(self, data, _line):
        self.writer.write(data)

    async def _back(self, reader):
        while data := await reader.read(256):
            self.terminal.send(data)

    def close(self):
        self.task.cancel()
        self.writer.close()
        self.terminal.unplug()
