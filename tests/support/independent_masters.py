"""What an independent master reads, decoded without the house codec, against what the daemon stored."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pymodbus.client.mixin import ModbusClientMixin

from devices.profile import Point, Table
from devices.unit import Binding, Unit
from facilityd.config.site import Site
from facilityd.model.sample import SignalType, Value
from simulators.endpoint import Endpoint
from simulators.modbus_tcp import TcpEndpoint
from simulators.site import ServedSite
from support.libmodbus import Master
from support.mbpoll import Relay, over, read

KINDS = {
    "u16": ModbusClientMixin.DATATYPE.UINT16, "s16": ModbusClientMixin.DATATYPE.INT16,
    "u32": ModbusClientMixin.DATATYPE.UINT32, "s32": ModbusClientMixin.DATATYPE.INT32,
    "u64": ModbusClientMixin.DATATYPE.UINT64, "s64": ModbusClientMixin.DATATYPE.INT64,
    "f32": ModbusClientMixin.DATATYPE.FLOAT32, "f64": ModbusClientMixin.DATATYPE.FLOAT64,
}  # fmt: skip
MBPOLL = {Table.COIL: "0", Table.DISCRETE: "1", Table.HOLDING: "4:hex", Table.INPUT: "3:hex"}

Place = tuple[int, Table, int, int]
"""Device id, table, wire address, registers or bits."""


def places(unit: Unit, point: Point) -> list[Place]:
    """Where a point lies, and where its sign lies."""
    table = point.table or Table.HOLDING
    own = (unit.device_id, table, point.address + unit.base, point.type.words)
    return [own, (unit.device_id, table, point.sign.address + unit.base, 1)] if point.sign else [own]


def modbus_points(site: Site, link: str) -> list[tuple[Unit, Binding, Point]]:
    """Every bound point of a Modbus link."""
    found = [(unit, b, b.point) for unit in site.units_of(link) for b in unit.bindings]
    return [(unit, b, point) for unit, b, point in found if isinstance(point, Point)]


def decoded(binding: Binding, point: Point, words: Sequence[int], status: int | None) -> Value | None:
    """A signal's value out of the words, by pymodbus's conversion and the profile's numbers."""
    if point.type.value == "bit":
        return bool(words[0]) != binding.invert
    if point.bit is not None:
        return bool(words[0] >> point.bit & 1) != binding.invert
    order: Any = point.word_order or "big"
    raw: Any = ModbusClientMixin.convert_from_registers(list(words), KINDS[point.type.value], order)
    if raw in point.no_value or (isinstance(raw, float) and math.isnan(raw)):
        return None
    if point.bits:
        low, high = point.bits
        raw = raw >> low & (1 << (high - low + 1)) - 1
    if point.sign and status is not None and status >> point.sign.bit & 1:
        raw = -raw
    value = (raw * point.scale + point.offset) * binding.scale + binding.offset
    if binding.type is SignalType.BOOL:
        return bool(raw) != binding.invert
    return round(value) if binding.type in (SignalType.INT, SignalType.ENUM) else float(value)


def same(stored: Value | None, read: Value | None) -> bool:
    """Value for value: equal but for the last bits of two multiplications instead of one."""
    if isinstance(stored, float) and isinstance(read, float):
        return math.isclose(stored, read, rel_tol=1e-12, abs_tol=1e-12)
    return stored is read if isinstance(stored, bool) else stored == read


def reachable(endpoint: Endpoint, relay: Relay | None) -> Any:
    """What a master is pointed at: RTU frames in TCP go through a terminal glued to the socket."""
    return SimpleNamespace(address=str(relay.path)) if relay else endpoint


async def relayed(site: Site, field: ServedSite, link: str, folder: Path, stack: ExitStack) -> Relay | None:
    """Open the relay that a link needs, if any."""
    endpoint = field.endpoint(link)
    if site.links[link].protocol != "modbus-rtu-over-tcp":  # type: ignore[union-attr]
        return None
    assert isinstance(endpoint, TcpEndpoint)
    relay = Relay(folder / f"relay-{link}", endpoint.port)
    await relay.open()
    stack.callback(relay.close)
    return relay


async def by_mbpoll(endpoint: Endpoint, relay: Relay | None, wanted: set[Place]) -> dict[Place, list[int]]:
    """Read every place with mbpoll, one process each."""
    line = ["-m", "rtu", "-b", 9600, "-P", "none", relay.path] if relay else over(endpoint)
    return {
        place: [int(text, 0) for text in await read(line, place[0], MBPOLL[place[1]], place[2], place[3])]
        for place in sorted(wanted)
    }


async def by_libmodbus(endpoint: Endpoint, relay: Relay | None, wanted: set[Place]) -> dict[Place, list[int]]:
    """Read every place with libmodbus, over one connection."""
    master = await asyncio.to_thread(Master, reachable(endpoint, relay))
    try:
        return {place: await asyncio.to_thread(_read, master, place) for place in sorted(wanted)}
    finally:
        await asyncio.to_thread(master.close)


def _read(master: Master, place: Place) -> list[int]:
    device, table, address, count = place
    master.lib.modbus_set_slave(master.context, device)
    words = master.read(table.function_code, address, count)
    assert isinstance(words, list), (place, words)
    return words


MASTERS: dict[str, Callable[..., Any]] = {"mbpoll": by_mbpoll, "libmodbus": by_libmodbus}
