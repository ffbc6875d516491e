"""A cupboard of simulated units behind one Modbus TCP address, each a model by its device id."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from wire_units import unit_of

from devices.tables import profiles
from simulators.framing import MBAP, Framing
from simulators.modbus_tcp import TcpEndpoint
from simulators.register_map import RegisterMap


@asynccontextmanager
async def cupboard(
    names: dict[int, str], framing: Framing = MBAP, *, gateway: bool = True
) -> AsyncIterator[TcpEndpoint]:
    """Serve the models that ``names`` has by device id; ``witness`` of what is yielded has each function code."""
    known = profiles()
    maps = {number: RegisterMap(unit_of(known[name], device_id=number)) for number, name in names.items()}
    endpoint = TcpEndpoint(maps, framing=framing, gateway=gateway)
    endpoint.open()
    try:
        yield endpoint
    finally:
        endpoint.close()
