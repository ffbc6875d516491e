"""The Modbus wire in virtual time: straight from image to adapter while nothing is wrong with it.

As soon as a hazard touches a link its questions go as real frames, through the real client, over
a connection in memory: what the frames do to the client is then what they do in the field.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from devices.modbus import client
from devices.modbus.guard import StrayAnswer
from devices.modbus.reader import ModbusReader, ReadFailed, reason_of
from devices.profile import Table
from devices.unit import ModbusLink
from facilityd.errors import LinkOutage
from facilityd.model.message import Wording
from facilityd.model.quality import Reason
from facilityd.scenario.loop import VirtualLoop
from simulators.modbus_memory import MemoryEndpoint

_PORT = 1  # the port under which a link's door is known to the loop
Look = Callable[[str, int], None]
"""Bring the unit behind (link, device id) to the present."""


class DirectReader:
    """A ModbusReader (devices.modbus.reader) straight to a register image in memory."""

    def __init__(self, link: ModbusLink, endpoint: MemoryEndpoint, look: Look, stack: AsyncExitStack) -> None:
        self.requests = self.answers = 0
        self.waited = self.pause = 0.0
        self._link, self._endpoint, self._look, self._stack = link, endpoint, look, stack
        self._framed: ModbusReader | None = None

    @property
    def stray(self) -> StrayAnswer | None:
        """Return what came instead of the last answer, if anything did."""
        return self._framed.stray if self._framed else None

    @property
    def heard(self) -> bool:
        """Return whether anything came since the last question."""
        return bool(self._framed and self._framed.heard)

    async def read(
        self,
        table: Table,
        device_id: int,
        address: int,
        count: int,
        *,
        timeout_s: float,
        any_transaction: bool = False,
    ) -> bytes:
        """Return the payload bytes of one read. Raises ReadFailed and LinkOutage."""
        self._look(self._link.id, device_id)
        self.requests += 1
        if self._endpoint.troubled or not self._endpoint.listening:
            return await self._by_frames(table, device_id, address, count, timeout_s, any_transaction)
        pdu = self._endpoint.pdu(device_id, table.function_code, address, count)
        if not pdu:
            await asyncio.sleep(timeout_s)
            raise ReadFailed(Reason.TIMEOUT)
        self.answers += 1
        if pdu[0] & 0x80:
            raise ReadFailed(reason_of(pdu[1]))
        return pdu[2:]

    async def _by_frames(
        self, table: Table, device_id: int, address: int, count: int, timeout_s: float, any_transaction: bool
    ) -> bytes:
        if self._framed is None:
            self._framed = await self._stack.enter_async_context(client.connect(in_memory(self._link)))
        framed, answers = self._framed, self._framed.answers
        try:
            return await framed.read(
                table, device_id, address, count, timeout_s=timeout_s, any_transaction=any_transaction
            )
        except LinkOutage as outage:
            raise LinkOutage(outage.what, where=self._link.where) from outage
        finally:
            self.answers += framed.answers - answers


def in_memory(link: ModbusLink) -> ModbusLink:
    """Return the link as the client opens it in virtual time: the same frames, another door."""
    protocol = "modbus-rtu-over-tcp" if link.is_serial_line else "modbus-tcp"
    return replace(link, protocol=protocol, host=link.id, port=_PORT, serial_port="")


class ModbusWires:
    """Every Modbus link of a site in virtual time."""

    def __init__(self, loop: VirtualLoop, endpoints: dict[str, MemoryEndpoint], look: Look) -> None:
        self._endpoints, self._look = endpoints, look
        for link, endpoint in endpoints.items():
            loop.endpoints[link, _PORT] = endpoint.connect

    @asynccontextmanager
    async def connect(self, link: ModbusLink) -> AsyncIterator[ModbusReader]:
        """Open a link. Raises LinkOutage."""
        endpoint = self._endpoints[link.id]
        if not endpoint.listening:
            await asyncio.sleep(0)
            hint = Wording("link.check-cable")
            raise LinkOutage(Wording("link.cannot-be-opened"), where=link.where, hint=hint)
        async with AsyncExitStack() as stack:
            yield DirectReader(link, endpoint, self._look, stack)
