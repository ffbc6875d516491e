"""Every hazard on a real socket: what the bytes are, and what pymodbus makes of them."""

from __future__ import annotations

import asyncio
import contextlib
import math

import pytest
from pymodbus import FramerType
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException
from wire_units import LAB, f32, truth, unit_of

from facilityd.errors import UsageError
from simulators.framing import MBAP, RTU, Frame, crc16
from simulators.hazards import HAZARDS, hazard
from simulators.modbus_rtu import SerialEndpoint, Terminal
from simulators.modbus_tcp import TcpEndpoint
from simulators.register_map import RegisterMap

READ_MODEL = Frame(1, bytes((3, 0, 0, 0, 2)), 0x1234)
MODEL = bytes((3, 4, 0x01, 0x7C, 0x13, 0x88))  # 380, 50.00 Hz


def register_map() -> RegisterMap:
    made = RegisterMap(unit_of(LAB))
    made.update(truth(temperature=20.0, speed=1, power=2.0))
    return made


@pytest.fixture
async def tcp():
    endpoint = TcpEndpoint({1: register_map(), 2: register_map()})
    endpoint.open()
    yield endpoint
    endpoint.close()


@pytest.fixture
async def rtu_tcp():
    endpoint = TcpEndpoint({1: register_map()}, framing=RTU)
    endpoint.open()
    yield endpoint
    endpoint.close()


async def heard(endpoint: TcpEndpoint, *asked: Frame, within: float = 0.15) -> bytes:
    """The bytes that come back until it has been quiet ``within`` s, or the end of the connection."""
    framing = MBAP if endpoint.framing is MBAP else RTU
    reader, writer = await asyncio.open_connection("127.0.0.1", endpoint.port)
    said = b""
    try:
        for frame in asked or (READ_MODEL,):
            writer.write(framing.pack(frame))
            with contextlib.suppress(TimeoutError):
                while data := await asyncio.wait_for(reader.read(65536), within):
                    said += data
    finally:
        writer.close()
    return said


@contextlib.asynccontextmanager
async def pymodbus(endpoint: TcpEndpoint, framer=FramerType.SOCKET, timeout=0.3):
    client = AsyncModbusTcpClient(
        "127.0.0.1", port=endpoint.port, framer=framer, timeout=timeout, retries=0, reconnect_delay=0
    )
    assert await client.connect()
    try:
        yield client
    finally:
        client.close()
        await asyncio.sleep(0)


def framed(transaction=0x1234, unit=1, pdu=MODEL) -> bytes:
    return MBAP.pack(Frame(unit, pdu, transaction))


@pytest.mark.parametrize(
    ("name", "parameters", "expected"),
    [
        ("silent", {}, b""),
        ("half-open", {}, b""),
        ("wrong-unit", {"unit": 9}, framed(unit=9)),
        ("wrong-function", {}, framed(pdu=b"\x04" + MODEL[1:])),
        ("transaction-zero", {}, framed(transaction=0)),
        ("transaction-wrong", {}, framed(transaction=0x1235)),
        ("fewer-registers", {}, framed(pdu=bytes((3, 2, 0x01, 0x7C)))),
        ("truncated", {"missing": 5}, framed()[:-5]),
        ("truncated", {"missing": 5, "rest_after": 0.05}, framed()),
        ("noise", {"data": b"\xaa\xbb"}, b"\xaa\xbb" + framed()),
        ("byte-by-byte", {}, framed()),
        ("late", {"seconds": 0.05}, framed()),
        ("device-failure", {}, framed(pdu=b"\x83\x04")),
        ("device-busy", {}, framed(pdu=b"\x83\x06")),
        ("gateway-path", {}, framed(pdu=b"\x83\x0a")),
        ("gateway-target", {}, framed(pdu=b"\x83\x0b")),
        ("flapping", {}, framed()),
        ("flapping", {"answers": False}, b""),
    ],
)
async def test_the_bytes_on_the_line(tcp, name, parameters, expected):
    tcp.inject(1, hazard(name, **parameters))
    assert await heard(tcp) == expected
    tcp.inject(1, None)
    assert await heard(tcp) == framed()


async def test_the_neighbour_is_spared(tcp):
    tcp.inject(1, hazard("silent"))
    assert await heard(tcp, Frame(2, READ_MODEL.pdu, 5)) == framed(5, 2)
    tcp.inject(1, None)
    tcp.inject(None, hazard("silent"))
    assert await heard(tcp, Frame(2, READ_MODEL.pdu, 5)) == b""


async def test_shifted_gives_every_read_the_answer_before(rtu_tcp):
    rtu_tcp.inject(1, hazard("shifted"))
    async with pymodbus(rtu_tcp, FramerType.RTU) as client:
        with pytest.raises(ModbusException):
            await client.read_holding_registers(0, count=1, device_id=1)
        second = await client.read_holding_registers(2, count=1, device_id=1)
        assert second.registers == [380]  # asked for the temperature, got the model
    assert rtu_tcp.witness == {3: 2}


async def test_bad_crc_is_an_rtu_matter(tcp, rtu_tcp):
    rtu_tcp.inject(1, hazard("bad-crc"))
    said = await heard(rtu_tcp)
    assert said[:-2] == b"\x01" + MODEL
    assert crc16(said) != 0
    with pytest.raises(UsageError, match="only on rtu frames"):
        tcp.inject(1, hazard("bad-crc"))
    with pytest.raises(UsageError, match="only on mbap frames"):
        rtu_tcp.inject(1, hazard("transaction-zero"))


async def test_a_megabyte_of_garbage_arrives_whole(tcp):
    tcp.inject(1, hazard("garbage"))
    assert len(await heard(tcp)) == 1_000_000


async def test_refused_and_open_again_on_the_same_port(tcp):
    reader, writer = await asyncio.open_connection("127.0.0.1", tcp.port)
    writer.write(MBAP.pack(READ_MODEL))
    assert await reader.read(1), "it was let in"
    tcp.inject(None, hazard("refused"))
    await reader.read()  # what else it had said, and the end
    assert reader.at_eof()
    writer.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", tcp.port)
    tcp.inject(None, None)
    assert await heard(tcp) == framed()


async def test_half_open_hangs_up_when_the_device_is_back(tcp):
    tcp.inject(None, hazard("half-open"))
    reader, writer = await asyncio.open_connection("127.0.0.1", tcp.port)
    writer.write(MBAP.pack(READ_MODEL))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), 0.05)
    tcp.inject(None, None)
    assert await asyncio.wait_for(reader.read(), 1) == b""
    assert tcp.witness == {}
    writer.close()


async def test_flaky_loses_a_share_by_seeded_chance(tcp):
    tcp.inject(1, hazard("flaky", share=0.5, seed=3))
    asked = [Frame(1, READ_MODEL.pdu, n) for n in range(20)]
    answered = len(await heard(tcp, *asked, within=0.01)) // len(framed())
    assert 4 <= answered <= 16


async def test_pymodbus_sees_sentinels_and_swapped_words(tcp):
    async with pymodbus(tcp) as client:
        tcp.inject(1, hazard("no-value"))
        words = (await client.read_holding_registers(2, count=5, device_id=1)).registers
        assert words[0] == 32767
        assert math.isnan(f32(tuple(words[3:])))
        tcp.inject(1, hazard("word-order"))
        words = (await client.read_holding_registers(2, count=5, device_id=1)).registers
        assert words == [200, 0, 1, 0x0000, 0x4000]
        neighbour = (await client.read_holding_registers(2, count=5, device_id=2)).registers
        assert neighbour == [200, 1, 0, 0x4000, 0x0000]


async def test_a_serial_adapter_pulled_out_and_put_back(tmp_path):
    bus = SerialEndpoint({1: register_map()}, tmp_path / "bus")
    bus.open()
    first = (tmp_path / "bus").resolve()
    assert first.is_char_device()
    bus.inject(None, hazard("refused"))
    assert not (tmp_path / "bus").exists()
    bus.inject(None, None)
    assert (tmp_path / "bus").resolve().is_char_device()
    bus.close()
    assert not (tmp_path / "bus").is_symlink()


async def test_a_real_port_or_file_is_never_replaced(tmp_path):
    (tmp_path / "file").write_text("precious")
    (tmp_path / "by-id").symlink_to("/dev/null")
    for name in ("file", "by-id"):
        with pytest.raises(UsageError, match="not a simulated serial port"):
            SerialEndpoint({1: register_map()}, tmp_path / name).open()
    assert (tmp_path / "file").read_text() == "precious"


async def test_parity_is_refused_where_no_master_could_set_it(tmp_path):
    probe = Terminal(tmp_path / "probe")
    able = probe.takes_parity()
    probe.unplug()
    even = SerialEndpoint({1: register_map()}, tmp_path / "even", parity="E")
    if able:
        even.open()
        even.close()
    else:
        with pytest.raises(UsageError, match="parity: N"):
            even.open()
    assert not (tmp_path / "even").is_symlink()


async def test_a_taken_port_is_a_named_error(tcp):
    with pytest.raises(UsageError, match="cannot listen"):
        TcpEndpoint({1: register_map()}, port=tcp.port).open()


def test_mistakes_in_naming_are_explained():
    with pytest.raises(UsageError, match="known: silent"):
        hazard("sleepy")
    with pytest.raises(UsageError, match="does not take colour"):
        hazard("late", colour="red")
    with pytest.raises(UsageError, match="device id 9"):
        TcpEndpoint({1: register_map()}).inject(9, hazard("silent"))


def test_every_name_makes_a_fresh_hazard():
    for name in HAZARDS:
        assert hazard(name) is not hazard(name)
