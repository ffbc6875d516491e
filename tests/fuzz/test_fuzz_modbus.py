"""Any bytes instead of an answer: a good block only out of a whole frame that answers this question."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fuzz import fuzzed

from devices.modbus.client import connect
from devices.modbus.reader import ReadFailed
from devices.profile import Table
from devices.unit import ModbusLink
from facilityd.errors import LinkOutage

COUNT, DATA = 3, bytes((0, 11, 0, 22, 0, 33))
Edits = list[tuple[str, int, bytes]]


@dataclass
class Server:
    """Answers each question with the right frame, spoilt as it was told, and then with nothing more."""

    loop: asyncio.AbstractEventLoop
    edits: Edits = field(default_factory=list)
    instead: bytes | None = None
    chunk: int = 1000
    said: bytes = b""
    asked: bytes = b""
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                self.asked = await reader.readexactly(12)
                pdu = bytes((3, len(DATA))) + DATA
                frame = self.asked[:4] + struct.pack(">HB", len(pdu) + 1, self.asked[6]) + pdu
                self.said = spoilt(frame, self.edits) if self.instead is None else self.instead
                for at in range(0, len(self.said), self.chunk):
                    writer.write(self.said[at : at + self.chunk])
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def spoilt(frame: bytes, edits: Edits) -> bytes:
    """Return a frame with bytes changed, put in, taken out or repeated."""
    data = bytearray(frame)
    for how, at, new in edits:
        place = at % (len(data) + 1)
        if how == "change":
            data[place : place + len(new)] = new
        elif how == "insert":
            data[place:place] = new
        elif how == "cut":
            del data[place:]
        else:
            data += data
    return bytes(data)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with asyncio.Runner() as runner:
        made = Server(runner.get_loop())
        listening = runner.run(asyncio.start_server(made.serve, "127.0.0.1", 0))
        made.port = listening.sockets[0].getsockname()[1]
        yield made
        listening.close()
        runner.run(asyncio.sleep(0.1))  # whoever still talks hangs up


EDITS = st.lists(
    st.tuples(
        st.sampled_from(["change", "insert", "cut", "repeat"]),
        st.integers(0, 30),
        st.binary(min_size=1, max_size=3),
    ),
    max_size=3,
)


@given(edits=EDITS, instead=st.none() | st.binary(max_size=40), chunk=st.sampled_from([1, 4, 7, 1000]))
@fuzzed
def test_no_bytes_harm_or_lie(server: Server, edits: Edits, instead: bytes | None, chunk: int) -> None:
    server.edits, server.instead, server.chunk = edits, instead, chunk
    payload = server.loop.run_until_complete(_ask(server.port))
    if payload is None:
        return
    assert len(payload) == 2 * COUNT
    begin = server.said.find(payload)
    assert begin >= 9, "what is good was said, behind a whole head"
    head = server.said[begin - 9 : begin]
    assert head[:2] == server.asked[:2], "by who was asked this very question"
    assert head[6:8] == server.asked[6:8], "for this device and function"
    assert head[8] == 2 * COUNT


async def _ask(port: int) -> bytes | None:
    link = ModbusLink("link", "modbus-tcp", "127.0.0.1", port)
    try:
        async with connect(link) as reader:
            return await reader.read(Table.HOLDING, 1, 0, COUNT, timeout_s=0.03)
    except (ReadFailed, LinkOutage):
        return None


def test_a_frame_that_is_not_spoilt_is_good(server: Server) -> None:
    server.edits, server.instead, server.chunk = [], None, 4
    assert server.loop.run_until_complete(_ask(server.port)) == DATA
