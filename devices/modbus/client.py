"""The only place that knows pymodbus: a connection that can read, and nothing else.

Modbus TCP goes its own way (devices.modbus.tcp), which costs a fifth of the processor.
"""

from __future__ import annotations

import asyncio
import logging
import termios
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

from pymodbus import FramerType
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.exceptions import ConnectionException, ModbusIOException
from pymodbus.pdu import ExceptionResponse, ModbusPDU
from pymodbus.pdu.bit_message import ReadCoilsRequest, ReadDiscreteInputsRequest
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest, ReadInputRegistersRequest

from devices.modbus.guard import Guard, StrayAnswer
from devices.modbus.plan import RTU_CHARACTER_BITS
from devices.modbus.reader import GATEWAY, ModbusReader, ReadFailed, lost, reason_of
from devices.modbus.tcp import connect_tcp
from devices.profile import Table
from devices.unit import ModbusLink
from facilityd.errors import LinkOutage
from facilityd.model.message import Wording
from facilityd.model.quality import Reason
from facilityd.model.socket_errors import connection_failure

CONNECT_S = 3.0
_REQUESTS: dict[Table, type[ModbusPDU]] = {
    Table.COIL: ReadCoilsRequest,
    Table.DISCRETE: ReadDiscreteInputsRequest,
    Table.HOLDING: ReadHoldingRegistersRequest,
    Table.INPUT: ReadInputRegistersRequest,
}
# pymodbus logs every timeout as an error; facilityd tells it once, in its own words.
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)


class _Answer(ModbusPDU):
    """A read answer kept as bytes: pymodbus's own decodes words one by one, at 10 µs per block."""

    rtu_byte_count_pos = 2
    payload: bytes = b""

    def decode(self, data: bytes) -> None:
        # A false byte count is found by the reader's length check; raising here
        # would tear the connection down.
        self.payload = data[1:] if data and data[0] == len(data) - 1 else b""

    def encode(self) -> bytes:
        return b""

    def __str__(self) -> str:
        return f"{len(self.payload)} bytes"


def _answer(function: int) -> type[_Answer]:
    return type(f"_Answer{function}", (_Answer,), {"function_code": function})


_ANSWERS = [_answer(table.function_code) for table in Table]


@dataclass(slots=True)
class PymodbusReader:
    """A ModbusReader over pymodbus: of serial lines, and of Modbus TCP as what ours is held against."""

    _client: AsyncModbusTcpClient | AsyncModbusSerialClient
    _guard: Guard
    _link: ModbusLink
    requests: int = field(default=0)
    answers: int = field(default=0)
    waited: float = field(default=0.0)

    pause: float = 0.0

    @property
    def stray(self) -> StrayAnswer | None:
        """Return what came instead of the last answer, if anything did."""
        return self._guard.stray

    @property
    def heard(self) -> bool:
        """Return whether anything came since the last question."""
        return self._guard.heard

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
        """Return the payload bytes of one read.

        Raises ReadFailed where the unit gave no usable answer, LinkOutage where the link is gone.
        ``timeout_s`` is in s.
        """
        request = _REQUESTS[table](address=address, count=count, dev_id=device_id)
        loop = asyncio.get_running_loop()
        begin = loop.time()
        answer = await self._ask(request, timeout_s)
        self.waited += loop.time() - begin
        size = (count + 7) // 8 if table.is_bits else 2 * count
        return self._checked(answer, request, size, any_transaction=any_transaction)

    async def _ask(self, request: ModbusPDU, timeout_s: float) -> ModbusPDU:
        self.requests += 1
        self._client.ctx.comm_params.timeout_connect = timeout_s
        if not self._client.connected:
            raise lost(self._link)
        try:
            return await self._client.ctx.execute(False, request)
        except ModbusIOException as error:
            if not self._client.connected:
                raise lost(self._link) from error
            raise ReadFailed(Reason.MALFORMED if self._guard.garbage else Reason.TIMEOUT) from error
        except (ConnectionException, OSError) as error:
            raise lost(self._link) from error

    def _checked(self, answer: ModbusPDU, request: ModbusPDU, size: int, *, any_transaction: bool) -> bytes:
        """Check what pymodbus does not: function, length, transaction id 0.

        What it takes instead: docs/reference/reliability.md §5.1.
        """
        if isinstance(answer, ExceptionResponse):
            reason = reason_of(answer.exception_code)
            self.answers += reason not in GATEWAY
            raise ReadFailed(reason)
        stray = request.transaction_id and not answer.transaction_id and not any_transaction
        if not isinstance(answer, _Answer) or answer.function_code != request.function_code or stray:
            raise ReadFailed(Reason.MALFORMED)
        if len(answer.payload) != size:
            raise ReadFailed(Reason.MALFORMED)
        self.answers += 1
        return answer.payload


def _client(link: ModbusLink, guard: Guard) -> AsyncModbusTcpClient | AsyncModbusSerialClient:
    if link.protocol == "modbus-rtu":
        return AsyncModbusSerialClient(
            link.serial_port,
            framer=FramerType.RTU,
            baudrate=link.baudrate,
            parity=link.parity,
            stopbits=link.stopbits,
            retries=0,
            reconnect_delay=0,
            timeout=CONNECT_S,
            trace_packet=guard,
        )
    framer = FramerType.SOCKET if link.protocol == "modbus-tcp" else FramerType.RTU
    return AsyncModbusTcpClient(
        link.host,
        port=link.port,
        framer=framer,
        retries=0,
        reconnect_delay=0,
        timeout=CONNECT_S,
        trace_packet=guard,
    )


def connect(link: ModbusLink) -> AbstractAsyncContextManager[ModbusReader]:
    """Open a link. Raises LinkOutage where nobody answers the door."""
    return connect_tcp(link) if link.protocol == "modbus-tcp" else connect_pymodbus(link)


@asynccontextmanager
async def connect_pymodbus(link: ModbusLink) -> AsyncIterator[ModbusReader]:
    """Open a link by way of pymodbus. Raises LinkOutage where nobody answers the door."""
    guard = Guard(rtu=link.is_serial_line)
    client = _client(link, guard)
    for answer in _ANSWERS:
        client.register(answer)
    # The poller decides when a link is dead; pymodbus's own counter would close it early.
    client.set_max_no_responses(1_000_000)
    try:
        async with asyncio.timeout(CONNECT_S + 1):
            opened = await client.connect()
    except termios.error as error:
        settings = f"{link.baudrate} 8{link.parity}{link.stopbits}"
        hint = Wording("link.check-settings")
        raise LinkOutage(
            Wording("link.settings-refused", settings=settings), where=link.where, hint=hint
        ) from error
    except (OSError, TimeoutError) as error:
        what = Wording("link.cannot-be-opened-why", reason=connection_failure(error))
        raise LinkOutage(what, where=link.where, hint=_hint(link)) from error
    if not opened:
        raise LinkOutage(Wording("link.cannot-be-opened"), where=link.where, hint=_hint(link))
    try:
        yield PymodbusReader(client, guard, link, pause=_pause(link))
    finally:
        client.close()


def _pause(link: ModbusLink) -> float:
    """3.5 characters (Modbus over Serial Line V1.02, 2.5.1.1)."""
    return 3.5 * RTU_CHARACTER_BITS / link.baudrate if link.is_serial_line else 0.0


def _hint(link: ModbusLink) -> str:
    if link.protocol == "modbus-rtu":
        return Wording("link.check-serial")
    return Wording("link.check-cable")
