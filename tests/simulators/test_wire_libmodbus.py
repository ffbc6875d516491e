"""libmodbus, through ctypes, reads the simulated units over TCP and RTU."""

from __future__ import annotations

import asyncio
import ctypes
import errno

import pytest
from wire_units import LAB, absent, truth, unit_of

from simulators.hazards import hazard
from simulators.image import UnitImage
from simulators.modbus_rtu import SerialEndpoint
from simulators.modbus_tcp import TcpEndpoint

# errno values of modbus.h: MODBUS_ENOBASE plus the exception code.
ENOBASE = 112345678
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = ENOBASE + 1, ENOBASE + 2, ENOBASE + 3


class Master:
    """One libmodbus context; every call blocks, so tests call from a thread."""

    def __init__(self, endpoint):
        self.lib = _library()
        if isinstance(endpoint, TcpEndpoint):
            self.context = self.lib.modbus_new_tcp(b"127.0.0.1", endpoint.port)
        else:
            self.context = self.lib.modbus_new_rtu(endpoint.address.encode(), 9600, b"N", 8, 1)
        self.lib.modbus_set_slave(self.context, 1)
        self.lib.modbus_set_response_timeout(self.context, 0, 500_000)
        assert self.lib.modbus_connect(self.context) == 0

    def read(self, function, address, count):
        name, cell = {
            1: ("modbus_read_bits", ctypes.c_uint8),
            2: ("modbus_read_input_bits", ctypes.c_uint8),
            3: ("modbus_read_registers", ctypes.c_uint16),
            4: ("modbus_read_input_registers", ctypes.c_uint16),
        }[function]
        room = (cell * count)()
        done = getattr(self.lib, name)(self.context, address, count, room)
        return list(room) if done == count else ctypes.get_errno()

    def write(self, address, value):
        done = self.lib.modbus_write_register(self.context, address, ctypes.c_uint16(value))
        return done if done == 1 else ctypes.get_errno()

    def float_abcd(self, words):
        return self.lib.modbus_get_float_abcd((ctypes.c_uint16 * 2)(*words))

    def close(self):
        self.lib.modbus_close(self.context)
        self.lib.modbus_free(self.context)


def _library():
    try:
        lib = ctypes.CDLL("libmodbus.so.5", use_errno=True)
    except OSError:
        absent("libmodbus.so.5 is not installed (Debian package libmodbus5)")
        raise
    for name in ("modbus_new_tcp", "modbus_new_rtu"):
        getattr(lib, name).restype = ctypes.c_void_p
    text, whole = ctypes.c_char_p, ctypes.c_int
    lib.modbus_new_rtu.argtypes = [text, whole, ctypes.c_char, whole, whole]
    lib.modbus_get_float_abcd.restype = ctypes.c_float
    pointer = ctypes.c_void_p
    for name in ("modbus_connect", "modbus_close", "modbus_free"):
        getattr(lib, name).argtypes = [pointer]
    lib.modbus_set_slave.argtypes = [pointer, ctypes.c_int]
    lib.modbus_set_response_timeout.argtypes = [pointer, ctypes.c_uint32, ctypes.c_uint32]
    for name in (
        "modbus_read_bits", "modbus_read_input_bits", "modbus_read_registers", "modbus_read_input_registers"
    ):  # fmt: skip
        getattr(lib, name).argtypes = [pointer, ctypes.c_int, ctypes.c_int, pointer]
    lib.modbus_write_register.argtypes = [pointer, ctypes.c_int, ctypes.c_uint16]
    return lib


@pytest.fixture(params=["tcp", "rtu"])
async def endpoint(request, tmp_path):
    images = {1: UnitImage(unit_of(LAB))}
    made = TcpEndpoint(images) if request.param == "tcp" else SerialEndpoint(images, tmp_path / "bus")
    images[1].update(truth(temperature=-1.0, power=0.1, lamp2=True, lamp10=True, relay=True, level=-4.0))
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
