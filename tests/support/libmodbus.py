"""libmodbus through ctypes: a master that shares no line of code with ours."""

from __future__ import annotations

import ctypes

from wire_units import absent

from simulators.modbus_tcp import TcpEndpoint


class Master:
    """One libmodbus context; every call blocks, so tests call from a thread."""

    def __init__(self, endpoint):
        self.lib = _library()
        if isinstance(endpoint, TcpEndpoint):
            self.context = self.lib.modbus_new_tcp(b"127.0.0.1", endpoint.port)
        else:
            self.context = self.lib.modbus_new_rtu(endpoint.address.encode(), 9600, b"N", 8, 1)
        self.lib.modbus_set_slave(self.context, 1)
        self.lib.modbus_set_response_timeout(self.context, 2, 0)
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
