"""libmodbus, through ctypes, reads the simulated units over TCP and RTU."""

from __future__ import annotations

import asyncio
import errno

import pytest
from support.libmodbus import Master
from wire_units import LAB, truth, unit_of

from simulators.hazards import hazard
from simulators.modbus_rtu import SerialEndpoint
from simulators.modbus_tcp import TcpEndpoint
from simulators.register_map import RegisterMap

# errno values of modbus.h: MODBUS_ENOBASE plus the exception code.
ENOBASE = 112345678
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = ENOBASE + 1, ENOBASE + 2, ENOBASE + 3


@pytest.fixture(params=["tcp", "rtu"])
async def endpoint(request, tmp_path):
    register_maps = {1: RegisterMap(unit_of(LAB))}
    made = (
        TcpEndpoint(register_maps)
        if request.param == "tcp"
        else SerialEndpoint(register_maps, tmp_path / "bus")
    )
    register_maps[1].update(
        truth(temperature=-1.0, power=0.1, lamp2=True, lamp10=True, relay=True, level=-4.0)
    )
    made.open()
    yield made
    made.close()


@pytest.fixture
async def master(endpoint):
    made = await asyncio.to_thread(Master, endpoint)
    yield made
    await asyncio.to_thread(made.close)


async def test_the_four_reads(master, endpoint):
    async def read(*what):
        return await asyncio.to_thread(master.read, *what)

    assert await read(3, 0, 3) == [380, 5000, 0xFFF6]
    assert await read(2, 0, 10) == [0, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    assert await read(1, 4, 1) == [1]
    assert await read(4, 100, 4) == [0x3FF0, 0, 0, 0]  # 1.0 = -4 - (-5)
    assert master.float_abcd(await read(3, 5, 2)) == pytest.approx(0.1)
    assert endpoint.witness == {1: 1, 2: 1, 3: 2, 4: 1}


async def test_exceptions_are_the_standard_ones(master, endpoint):
    assert await asyncio.to_thread(master.read, 3, 50, 1) == ILLEGAL_ADDRESS
    assert await asyncio.to_thread(master.read, 3, 0, 50) == ILLEGAL_VALUE
    assert await asyncio.to_thread(master.write, 0, 1) == ILLEGAL_FUNCTION
    assert endpoint.writes == 1
    assert await asyncio.to_thread(master.read, 3, 0, 1) == [380]


async def test_a_silent_unit_times_out_and_comes_back(master, endpoint):
    endpoint.inject(1, hazard("silent"))
    assert await asyncio.to_thread(master.read, 3, 0, 1) == errno.ETIMEDOUT
    endpoint.inject(1, None)
    assert await asyncio.to_thread(master.read, 3, 0, 1) == [380]
