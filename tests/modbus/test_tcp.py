"""Our own Modbus TCP connection beside pymodbus's: the same answers to the same bytes, and what is ours alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.modbus_harness import link_to, served, unit, until

from devices.modbus.client import connect, connect_pymodbus
from devices.modbus.reader import Connect, ModbusReader, ReadFailed, reason_of
from devices.modbus.tcp import TcpConnection, TcpReader
from devices.profile import Table
from devices.unit import ModbusLink
from facilityd.errors import LinkOutage
from facilityd.model.quality import Reason

LINK = ModbusLink("link", "modbus-tcp", "192.0.2.1", 502)


class Wire(asyncio.Transport):
    """A transport in memory that keeps what was sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []
        self.aborted = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent.append(bytes(data))

    def abort(self) -> None:
        self.aborted = True


def opened() -> tuple[TcpReader, TcpConnection, Wire]:
    connection, wire = TcpConnection(), Wire()
    connection.connection_made(wire)
    return TcpReader(LINK, connection), connection, wire


async def asked(reader: TcpReader, count: int = 2, **options: bool) -> asyncio.Task[bytes]:
    task = asyncio.create_task(reader.read(Table.HOLDING, 7, 0x1234, count, timeout_s=0.05, **options))
    await asyncio.sleep(0)
    return task


def frame(sent: bytes, pdu: bytes, *, name: bytes | None = None, device_id: int | None = None) -> bytes:
    own = sent[6] if device_id is None else device_id
    return (name or sent[:2]) + b"\0\0" + (len(pdu) + 1).to_bytes(2) + bytes([own]) + pdu


@asynccontextmanager
async def both(link: ModbusLink) -> AsyncIterator[tuple[ModbusReader, ModbusReader]]:
    async with connect(link) as own, connect_pymodbus(link) as other:
        yield own, other


async def test_a_question_is_byte_for_byte_pymodbus_s() -> None:
    received: dict[bool, list[bytes]] = {True: [], False: []}
    ended: list[asyncio.StreamWriter] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        kept = received[not received[True]]
        with suppress(ConnectionError):
            while data := await reader.read(300):
                kept.append(data)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        ended.append(writer)

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    link = ModbusLink("link", "modbus-tcp", "127.0.0.1", server.sockets[0].getsockname()[1])
    asks = [(table, device_id, address, count) for table in Table
            for device_id, address, count in ((1, 0, 1), (255, 65535, 1), (7, 258, 125))]  # fmt: skip
    for which, opener in ((True, connect), (False, connect_pymodbus)):
        async with opener(link) as reader:
            for ask in asks:
                with pytest.raises(ReadFailed):
                    await reader.read(*ask, timeout_s=0.001)
        kept = received[which]
        await until(lambda kept=kept: len(b"".join(kept)) == 12 * len(asks))
    await until(lambda: len(ended) == 2)
    server.close()
    await server.wait_closed()
    own, other = (b"".join(received[which]) for which in (True, False))
    assert len(own) == 12 * len(asks)
    assert own == other


@pytest.mark.parametrize("table", Table)
async def test_both_read_the_same(table: Table) -> None:
    one = unit()
    async with served([one]) as endpoint, both(link_to(endpoint)) as (own, other):
        for count in (1, 2, 9, 20):
            answers = [await _outcome(reader, table, count) for reader in (own, other)]
            assert answers[0] == answers[1]
        assert own.requests == other.requests == 4
        assert own.answers == other.answers == 4


async def _outcome(reader: ModbusReader, table: Table, count: int) -> bytes | Reason:
    try:
        return await reader.read(table, 1, 0, count, timeout_s=1)
    except ReadFailed as failed:
        return failed.reason


@pytest.mark.parametrize("opener", [connect, connect_pymodbus])
async def test_a_closed_door_is_an_outage(opener: Connect) -> None:
    server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    with pytest.raises(LinkOutage, match="cannot be opened"):
        async with opener(ModbusLink("link", "modbus-tcp", "127.0.0.1", port)):
            pass


async def test_an_answer_is_found_however_it_is_cut() -> None:
    pdu = b"\x03\x04\x00\x01\x00\x02"
    for at in range(14):
        reader, connection, wire = opened()
        task = await asked(reader)
        whole = frame(wire.sent[0], pdu)
        connection.data_received(whole[:at])
        connection.data_received(whole[at:])
        assert await task == b"\x00\x01\x00\x02"


async def test_a_late_answer_is_counted_and_is_not_the_next_one() -> None:
    reader, connection, wire = opened()
    with pytest.raises(ReadFailed) as failed:
        await (await asked(reader))
    assert failed.value.reason is Reason.TIMEOUT
    late = frame(wire.sent[0], b"\x03\x04\xff\xff\xff\xff")
    connection.data_received(late)
    assert connection.strays == 1
    task = await asked(reader)
    connection.data_received(late + frame(wire.sent[1], b"\x03\x04\x00\x01\x00\x02"))
    assert await task == b"\x00\x01\x00\x02"
    assert connection.strays == 2
    assert reader.stray is not None
    assert (reader.stray.asked, reader.stray.answered) == (2, 1)


async def test_the_rest_of_a_cut_answer_is_not_the_beginning_of_the_next() -> None:
    reader, connection, wire = opened()
    task = await asked(reader)
    connection.data_received(frame(wire.sent[0], b"\x03\x04\xff\xff\xff\xff")[:-3])
    with pytest.raises(ReadFailed):
        await task
    task = await asked(reader)
    connection.data_received(frame(wire.sent[1], b"\x03\x04\x00\x01\x00\x02"))
    assert await task == b"\x00\x01\x00\x02"


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 6, 10, 11, 99])
async def test_a_refusal_says_why(code: int) -> None:
    reader, connection, wire = opened()
    task = await asked(reader)
    connection.data_received(frame(wire.sent[0], bytes([0x83, code])))
    with pytest.raises(ReadFailed) as failed:
        await task
    assert failed.value.reason is reason_of(code)
    assert reader.answers == (code not in (10, 11)), "what a gateway says of a unit is no answer of it"


MALFORMED = {
    "a refusal of another function": b"\x84\x02",
    "another function": b"\x04\x04\x00\x01\x00\x02",
    "a function that writes": b"\x06\x12\x34\x00\x01",
    "fewer registers": b"\x03\x02\x00\x01",
    "more registers": b"\x03\x06\x00\x01\x00\x02\x00\x03",
    "a false byte count": b"\x03\x03\x00\x01\x00\x02",
}


@pytest.mark.parametrize("pdu", MALFORMED.values(), ids=MALFORMED)
async def test_a_false_answer_is_no_answer(pdu: bytes) -> None:
    reader, connection, wire = opened()
    task = await asked(reader)
    connection.data_received(frame(wire.sent[0], pdu))
    with pytest.raises(ReadFailed) as failed:
        await task
    assert failed.value.reason is Reason.MALFORMED
    assert reader.answers == 0


@pytest.mark.parametrize("allowed", [False, True])
async def test_a_transaction_id_of_zero_is_taken_only_where_the_profile_says_so(allowed: bool) -> None:
    reader, connection, wire = opened()
    task = await asked(reader, any_transaction=allowed)
    connection.data_received(frame(wire.sent[0], b"\x03\x04\x00\x01\x00\x02", name=b"\0\0"))
    if allowed:
        assert await task == b"\x00\x01\x00\x02"
        return
    with pytest.raises(ReadFailed) as failed:
        await task
    assert failed.value.reason is Reason.MALFORMED


async def test_another_unit_s_answer_is_waited_out() -> None:
    reader, connection, wire = opened()
    task = await asked(reader)
    connection.data_received(frame(wire.sent[0], b"\x03\x04\x00\x01\x00\x02", device_id=8))
    with pytest.raises(ReadFailed) as failed:
        await task
    assert failed.value.reason is Reason.TIMEOUT
    assert reader.stray is not None
    assert reader.stray.device_id == 8


async def test_bytes_that_are_no_frame_are_told_from_silence() -> None:
    reader, connection, _ = opened()
    task = await asked(reader)
    connection.data_received(bytes(range(200)) * 3)
    with pytest.raises(ReadFailed) as failed:
        await task
    assert failed.value.reason is Reason.MALFORMED


async def test_memory_stays_bounded_under_a_flood() -> None:
    _, connection, _ = opened()
    for _ in range(2000):
        connection.data_received(b"\0\1\0\0\0\xfe\1" + bytes(90))
    assert connection.buffered < 400


async def test_a_lost_connection_ends_the_wait_at_once() -> None:
    reader, connection, wire = opened()
    task = await asked(reader)
    connection.connection_lost(None)
    with pytest.raises(LinkOutage):
        await task
    with pytest.raises(LinkOutage):
        await reader.read(Table.HOLDING, 1, 0, 1, timeout_s=1)
    connection.close()
    assert wire.aborted


async def test_transaction_ids_go_round_and_leave_zero_out() -> None:
    reader, connection, wire = opened()
    for _ in range(0x10000):
        asking = reader.read(Table.HOLDING, 7, 0, 2, timeout_s=1)
        asking.send(None)  # to where it waits for the answer
        asking.close()
    names = [sent[:2] for sent in wire.sent]
    assert names[-2:] == [b"\xff\xff", b"\x00\x01"]
    assert b"\0\0" not in names
    assert not connection.closed


@given(chunks=st.lists(st.binary(max_size=40), max_size=6), right=st.booleans())
def test_any_bytes_leave_it_able_to_read(chunks: list[bytes], right: bool) -> None:
    async def story() -> None:
        reader, connection, wire = opened()
        task = await asked(reader)
        for chunk in chunks:
            connection.data_received(chunk)
        connection.give_up()
        with pytest.raises(ReadFailed):
            await task
        task = await asked(reader)
        connection.data_received(frame(wire.sent[1], b"\x03\x04\x00\x01\x00\x02" if right else b"\x83\x02"))
        if right:
            assert await task == b"\x00\x01\x00\x02"
        else:
            with pytest.raises(ReadFailed):
                await task

    asyncio.run(story())
