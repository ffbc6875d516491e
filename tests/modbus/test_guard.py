"""Nothing but a read leaves this process, whoever asks for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from support.modbus_harness import link_to, running_bus, served, unit, until

from devices.modbus.client import PymodbusReader, connect, connect_pymodbus
from devices.modbus.guard import Guard
from devices.modbus.tcp import TcpConnection
from devices.profile import Table
from devices.unit import ModbusLink
from facilityd.errors import WriteRefused

WRITES: dict[str, Callable[[Any], Awaitable[Any]]] = {
    "coil": lambda c: c.write_coil(1, True),
    "register": lambda c: c.write_register(1, 7),
    "coils": lambda c: c.write_coils(1, [True, False]),
    "registers": lambda c: c.write_registers(1, [7, 8]),
    "mask": lambda c: c.mask_write_register(address=1, and_mask=0xFFFF, or_mask=0),
    "read-write": lambda c: c.readwrite_registers(read_address=1, read_count=1, write_address=1, values=[7]),
    "file-write": lambda c: c.write_file_record([]),
    "restart": lambda c: c.diag_restart_communication(True),
    "clear-counters": lambda c: c.diag_clear_counters(),
    "identification": lambda c: c.read_device_information(),
    "slave-id": lambda c: c.report_device_id(),
}


@pytest.mark.parametrize("protocol", ["modbus-tcp", "modbus-rtu-over-tcp"])
@pytest.mark.parametrize("name", WRITES)
async def test_a_write_is_refused_before_the_socket(protocol: str, name: str) -> None:
    received, ended = bytearray(), asyncio.Event()

    async def raw(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(256):
            received.extend(data)
        writer.close()
        ended.set()

    server = await asyncio.start_server(raw, "127.0.0.1", 0)
    link = ModbusLink("link", protocol, "127.0.0.1", server.sockets[0].getsockname()[1])
    async with connect_pymodbus(link) as reader:
        assert isinstance(reader, PymodbusReader)
        with pytest.raises(WriteRefused, match="facilityd only reads"):
            await WRITES[name](reader._client)
    await asyncio.wait_for(ended.wait(), 2)
    server.close()
    await asyncio.sleep(0)
    assert received == b""


@pytest.mark.parametrize("protocol", ["modbus-tcp", "modbus-rtu-over-tcp"])
async def test_reads_pass_and_are_all_the_field_sees(protocol: str) -> None:
    one = unit()
    async with served([one], protocol) as endpoint:
        async with running_bus(link_to(endpoint, protocol), [one]) as intake:
            await until(lambda: len(intake.good()) >= 3)
        assert set(endpoint.witness) == {3}
    assert intake.wrong() == []


@pytest.mark.parametrize("rtu", [False, True])
def test_the_guard_knows_the_function_code_by_its_place(rtu: bool) -> None:
    guard = Guard(rtu=rtu)
    head = b"\x01" if rtu else b"\x00\x01\x00\x00\x00\x06\x01"
    for function in range(256):
        frame = head + bytes([function]) + b"\x00\x01\x00\x01"
        if function in (1, 2, 3, 4):
            assert guard(True, frame) == frame
        else:
            with pytest.raises(WriteRefused):
                guard(True, frame)
    with pytest.raises(WriteRefused):
        guard(True, b"")


async def test_our_own_connection_sends_no_frame_that_writes() -> None:
    """Not even where some code of ours, which there is not, hands it one that is right in every other byte."""
    one = unit()
    async with served([one]) as endpoint:
        host, port = link_to(endpoint).host, link_to(endpoint).port
        _, connection = await asyncio.get_running_loop().create_connection(TcpConnection, host, port)
        for function in set(range(256)) - {1, 2, 3, 4}:
            frame = b"\x00\x01\x00\x00\x00\x06\x01" + bytes([function]) + b"\x00\x01\x00\x07"
            with pytest.raises(WriteRefused, match=f"function code {function} "):
                connection.send(frame)
        with pytest.raises(WriteRefused):
            connection.send(b"")
        connection.send(b"\x00\x01\x00\x00\x00\x06\x01\x03\x00\x00\x00\x02")
        await until(lambda: endpoint.witness)
        connection.close()
        assert endpoint.witness == {3: 1}


@pytest.mark.parametrize("protocol", ["modbus-tcp", "modbus-rtu-over-tcp"])
async def test_a_reader_has_nothing_to_write_with(protocol: str) -> None:
    one = unit()
    async with served([one], protocol) as endpoint, connect(link_to(endpoint, protocol)) as reader:
        public = {name for name in dir(reader) if not name.startswith("_")}
        assert public == {"read", "requests", "answers", "pause", "waited", "stray", "heard"}
        assert await reader.read(Table.HOLDING, 1, 0, 2, timeout_s=1) == b"\x00\x0b\x00\x16"


def test_no_source_of_the_adapters_names_a_write() -> None:
    for file in Path("devices").rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        for word in ("write_register", "write_coil", "mask_write", "readwrite", ".publish(", "will_set"):
            # What a Sparkplug host may say is held by tests/house/test_read_only_notices.py (decision 0101).
            said = (file.as_posix(), word) == ("devices/mqtt/sparkplug_session.py", ".publish(")
            assert said or word not in text, file
