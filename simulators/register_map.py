"""What one device id would answer: the adapters' bindings, backwards, into registers."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import StrEnum

from devices.profile import IdentityCheck, ModbusProfile, Table
from devices.unit import Unit
from simulators.inverse_binding import InverseBinding, Signals, inverse_bindings
from simulators.physics.world import MAINS_HZ
from simulators.register_cells import RegisterCell, RegisterTables, cell_of

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3
MAX_BITS = 2000  # in one read (Modbus Application Protocol V1.1b3, 6.1)
_TABLES = {table.function_code: table for table in Table}
_REMEMBERED = 4096
_Window = tuple[bytes, bytearray, int, int]
"""Head of the answer, memory, first byte, byte after the last."""


class Distortion(StrEnum):
    """Ways a unit's numbers can be wrong while its protocol is right."""

    NO_VALUE = "no-value"
    WORD_ORDER = "word-order"


class RegisterMap:
    """The registers behind one device id: one unit, or several that differ in base address.

    Every point of the profile can be read, bound or not; an identity probe passes from the
    start. A read further than ``max_gap`` from any point is exception 02, one longer than
    ``max_block`` 03, a table the unit does not have 01.
    """

    def __init__(self, *units: Unit) -> None:
        maps = [(unit, unit.profile) for unit in units if isinstance(unit.profile, ModbusProfile)]
        self._max_block = min(profile.max_block for _, profile in maps)
        self._memory = RegisterTables(span for unit, profile in maps for span in _spans(profile, unit.base))
        self._cells: list[RegisterCell] = []
        self._bindings: list[tuple[InverseBinding, RegisterCell]] = []
        self._pending: Signals | None = None
        self._distortion: Distortion | None = None
        self._windows: dict[tuple[int, int, int], _Window | bytes] = {}
        for unit, profile in maps:
            self._add(unit, profile)
        self._keys = tuple(binding.key for binding, _ in self._bindings)
        self._seen: tuple[object, ...] = (_NOTHING,) * len(self._bindings)

    def _add(self, unit: Unit, profile: ModbusProfile) -> None:
        cells = {name: cell_of(point, self._memory, unit.base) for name, point in profile.expanded.items()}
        for expect in profile.identity:
            cells[expect.point].value = expected(expect)
            self._write(cells[expect.point])
        self._cells += cells.values()
        self._bindings += [(binding, cells[binding.point]) for binding in inverse_bindings(unit)]

    def update(self, signals: Signals) -> None:
        """Take the whole truth. It is encoded when somebody reads, and only where it changed."""
        self._pending = signals

    def distort(self, how: Distortion | None) -> None:
        """Make every number of the unit wrong in one way, or right again."""
        self._refresh()
        if how is self._distortion:
            return
        self._distortion = how
        for cell in self._cells:
            self._write(cell)

    def _refresh(self) -> None:
        signals, self._pending = self._pending, None
        if signals is None:
            return
        told = [signals.get(key, before) for key, before in zip(self._keys, self._seen, strict=True)]
        for (binding, cell), value, before in zip(self._bindings, told, self._seen, strict=True):
            if value != before:
                cell.value = binding.point_value(value)  # type: ignore[arg-type]
                self._write(cell)
        self._seen = tuple(told)

    def _write(self, cell: RegisterCell) -> None:
        if self._distortion is None:
            cell.put(cell.value, False)
        else:
            missing, swapped = (self._distortion is how for how in Distortion)
            cell.put(None if missing else cell.value, swapped)

    def pdu(self, function: int, address: int, count: int) -> bytes:
        """Return the answer to a read, or the exception, as a protocol data unit."""
        if self._pending is not None:
            self._refresh()
        window = self._windows.get((function, address, count))
        if window is None:
            window = self._remember(function, address, count)
        if isinstance(window, bytes):
            return window
        head, data, start, end = window
        return head + (data[start:end] if function > 2 else _packed(data[start:end]))

    def _remember(self, function: int, address: int, count: int) -> _Window | bytes:
        if len(self._windows) >= _REMEMBERED:
            self._windows.clear()
        window = self._windows[function, address, count] = self._window(function, address, count)
        return window

    def _window(self, function: int, address: int, count: int) -> _Window | bytes:
        table = _TABLES.get(function)
        if table is None or not self._memory.has(table):
            return exception(function, ILLEGAL_FUNCTION)
        if not 1 <= count <= (MAX_BITS if table.is_bits else self._max_block):
            return exception(function, ILLEGAL_VALUE)
        found = self._memory.find(table, address, count)
        if found is None:
            return exception(function, ILLEGAL_ADDRESS)
        data, start = found
        width, size = (1, (count + 7) // 8) if table.is_bits else (2, 2 * count)
        return bytes((function, size)), data, start, start + width * count

    def words(self, table: Table, address: int, count: int) -> tuple[int, ...]:
        """Return registers, or bits as 0/1. Raises LookupError where the unit answers an exception."""
        answer = self.pdu(table.function_code, address, count)
        if answer[0] & 0x80:
            raise LookupError(f"exception {answer[1]:02X} for {table} {address} x {count}")
        if table.is_bits:
            return tuple(answer[2 + (n >> 3)] >> (n & 7) & 1 for n in range(count))
        return struct.unpack(f">{count}H", answer[2:])


_NOTHING = object()


def _spans(profile: ModbusProfile, base: int) -> Iterator[tuple[Table, int, int]]:
    gap = profile.max_gap
    for point in profile.expanded.values():
        table, start = point.table or Table.HOLDING, point.address + base
        yield table, start - gap, start + (1 if table.is_bits else point.words) + gap
        if point.sign:
            yield table, point.sign.address + base - gap, point.sign.address + base + 1 + gap


def _packed(bits: bytearray) -> bytes:
    packed = bytearray((len(bits) + 7) // 8)
    for n, bit in enumerate(bits):
        packed[n >> 3] |= bit << (n & 7)
    return bytes(packed)


MAINS_BAND = (45.0, 65.0)
"""Hz: by this a meter that counts the mains' frequency is known; theirs here is 50 Hz, not the middle."""


def expected(expect: IdentityCheck) -> float:
    """Return a value with which the identity probe passes, in the point's unit."""
    if expect.between is not None:
        low, high = expect.between
        return MAINS_HZ if (low, high) == MAINS_BAND else (low + high) / 2
    return expect.one_of[0] if expect.one_of else expect.equals or 0.0


def exception(function: int, code: int) -> bytes:
    """Return an exception answer (Modbus Application Protocol V1.1b3, 7)."""
    return bytes((function | 0x80, code))
