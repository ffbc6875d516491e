"""mbpoll, an independent master, reads the simulated units over TCP, RTU and a gateway."""

from __future__ import annotations

import asyncio

import pytest
from support.mbpoll import Relay, mbpoll, over, read
from wire_units import LAB, LAMP, truth, unit_of

from simulators.endpoint import Endpoint, WireTime
from simulators.framing import RTU
from simulators.modbus_rtu import SerialEndpoint
from simulators.modbus_tcp import TcpEndpoint
from simulators.register_map import RegisterMap

VALUES = truth(
    model=380, temperature=-12.3, speed=-70000, power=12.5, running=True, fault=True, mode=5,
    tension=-500, lamp1=True, lamp10=True, relay=True,
)  # fmt: skip


def register_maps() -> dict[int, RegisterMap]:
    made = {1: RegisterMap(unit_of(LAB)), 7: RegisterMap(unit_of(LAMP, "lamp"))}
    made[1].update(VALUES)
    made[7].update({("lamp", "level"): 55})
    return made


@pytest.fixture
async def tcp():
    endpoint = TcpEndpoint(register_maps(), gateway=True)
    endpoint.open()
    yield endpoint
    endpoint.close()


@pytest.fixture
async def rtu(tmp_path):
    endpoint = SerialEndpoint(register_maps(), tmp_path / "dev" / "bus1", wire=WireTime(19200))
    endpoint.open()
    yield endpoint
    endpoint.close()


@pytest.fixture(params=["tcp", "rtu"])
def endpoint(request) -> Endpoint:
    return request.getfixturevalue(request.param)


async def test_every_table_and_kind_of_number(endpoint):
    line = over(endpoint)
    assert await read(line, 1, "4:hex", 0, 3) == ["0x017C", "0x1388", "0xFF85"]
    assert await read(line, 1, "4:int", 3) == ["-70000"]  # mbpoll's order is low word first
    assert await read([*line, "-B"], 1, "4:float", 5) == ["12.5"]
    assert await read(line, 1, "4:hex", 20, 3) == ["0x8509", "0x0000", "0x01F4"]
    assert await read(line, 1, "1", 0, 10) == list("1000000001")
    assert await read(line, 1, "0", 4) == ["1"]
    assert await read(line, 7, "4", 6, 2) == ["55", "6"]
    assert set(endpoint.witness) == {1, 2, 3}
    assert endpoint.writes == 0


async def test_addresses_outside_the_map(endpoint):
    code, said = await mbpoll("-a", 1, "-t", 4, "-r", 14, *over(endpoint))
    assert (code, "Illegal data address" in said) == (1, True)
    code, said = await mbpoll("-a", 1, "-t", 4, "-r", 0, "-c", 60, *over(endpoint))
    assert (code, "Illegal data value" in said) == (1, True)


async def test_a_write_is_refused_and_remembered(endpoint):
    code, said = await mbpoll("-a", 1, "-t", 4, "-r", 0, *over(endpoint), 42)
    assert (code, "Illegal function" in said) == (1, True)
    code, said = await mbpoll("-a", 1, "-t", 4, "-r", 0, *over(endpoint), 42, 43)
    assert (code, "Illegal function" in said) == (1, True)
    assert (endpoint.witness[6], endpoint.witness[16], endpoint.writes) == (1, 1, 2)
    assert await read(over(endpoint), 1, "4", 0) == ["380"]


async def test_a_gateway_tells_of_a_unit_it_cannot_reach(tcp):
    code, said = await mbpoll("-a", 9, "-t", 4, "-r", 0, *over(tcp))
    assert (code, "Target device failed to respond" in said) == (1, True)


async def test_on_a_bus_a_unit_that_is_not_there_says_nothing(rtu):
    code, said = await mbpoll("-a", 9, "-t", 4, "-r", 0, *over(rtu))
    assert (code, "timed out" in said) == (1, True)
    assert await read(over(rtu), 1, "4", 0) == ["380"]


async def test_a_bus_takes_the_time_its_baud_rate_needs(tmp_path):
    slow = SerialEndpoint(register_maps(), tmp_path / "slow", wire=WireTime(1200))
    slow.open()
    began = asyncio.get_running_loop().time()
    line = ["-m", "rtu", "-b", 1200, "-P", "none", slow.address]
    assert len(await read(line, 1, "4", 0, 10)) == 10
    # 8 + 25 characters of 11 bits and two silences at 1200 baud.
    assert asyncio.get_running_loop().time() - began > (8 + 25 + 7) * 11 / 1200
    slow.close()


async def test_rtu_frames_in_tcp_are_read_through_a_pipe_of_bytes(tmp_path):
    """mbpoll has no RTU over TCP: a terminal glued to the socket stands in for the gateway."""
    endpoint = TcpEndpoint(register_maps(), framing=RTU)
    endpoint.open()
    relay = Relay(tmp_path / "relay", endpoint.port)
    await relay.open()
    try:
        assert await read(["-m", "rtu", "-b", 9600, "-P", "none", relay.path], 1, "4", 0) == ["380"]
    finally:
        relay.close()
        endpoint.close()
