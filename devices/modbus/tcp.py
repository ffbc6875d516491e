"""Modbus TCP without a detour: one protocol object a connection, one question at a time.

A poll's question is the same bytes every time but for its transaction id, and a good answer begins with
nine bytes that are known beforehand; so a question is built once, and an answer is usually checked by
comparing those nine. Whatever else comes in is taken apart (Modbus Messaging on TCP/IP V1.0b, 3.1.3;
hazards: docs/reference/reliability.md §5.1). ``devices.modbus.client`` has the same over pymodbus: tests
hold one against the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from devices.modbus.guard import READ_FUNCTIONS, StrayAnswer, refuse_write
from devices.modbus.reader import GATEWAY, ModbusReader, ReadFailed, lost, reason_of
from devices.modbus.tls import VERDICT_S, hung_up, refused, tls_options
from devices.profile import Table
from devices.unit import ModbusLink
from facilityd.errors import LinkOutage
from facilityd.model.quality import Reason

CONNECT_S = 3.0
_HEAD = 7  # transaction 2, protocol 2, length 2, unit 1
_FUNCTION = 7
_SHORTEST, _LONGEST = 3, 254  # what the length field may say: unit, function and one byte, or a whole PDU
_REFUSED = 0x80
_NO_ANSWER = frozenset({Reason.TIMEOUT, Reason.MALFORMED, *GATEWAY})


@dataclass(frozen=True, slots=True)
class _Question:
    """A read as it leaves and as it is answered, each behind its transaction id."""

    asked: bytes
    answered: bytes
    size: int
    device_id: int
    function: int


def _question(table: Table, device_id: int, address: int, count: int) -> _Question:
    function, size = table.function_code, (count + 7) // 8 if table.is_bits else 2 * count
    pdu = bytes((device_id, function)) + address.to_bytes(2) + count.to_bytes(2)
    answered = b"\0\0" + (3 + size).to_bytes(2) + bytes((device_id, function, size))
    return _Question(b"\0\0\0\6" + pdu, answered, size, device_id, function)


class TcpConnection(asyncio.Protocol):
    """One connection: sends a question, finds its answer in what comes in.

    ``stray`` is the newest answer to another question since the last one was asked. ``strays`` counts them.
    ``error`` is why the connection was lost, as far as anything told.
    """

    def __init__(self) -> None:
        self.stray: StrayAnswer | None = None
        self.strays = 0
        self.closed = False
        self.error: Exception | None = None
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._garbage = False
        self._transaction = 0
        self._question: _Question | None = None
        self._head = b""
        self._any_transaction = False
        self._waiter: asyncio.Future[bytes | Reason | None] | None = None

    @property
    def buffered(self) -> int:
        """Bytes that wait for the rest of their frame."""
        return len(self._buffer)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = transport  # type: ignore[assignment] # a stream's, as the loop promises

    def connection_lost(self, exc: Exception | None) -> None:
        """Wake the reader that waits."""
        self.closed, self.error = True, exc
        self._answer(None)

    async def stays(self, seconds: float) -> None:
        """Wait so many seconds, or until the other side hangs up."""
        self._waiter = waiter = asyncio.get_running_loop().create_future()
        if not self.closed:
            await asyncio.wait([waiter], timeout=seconds)
        self._waiter = None

    def ask(
        self, question: _Question, *, any_transaction: bool, waiter: asyncio.Future[bytes | Reason | None]
    ) -> None:
        """Send a question.

        ``waiter`` gets the payload, the reason why there is none, or None where the connection is lost.
        Whatever was left of an earlier answer is dropped: a good answer begins with a packet of its own.
        """
        self._transaction = self._transaction % 0xFFFF + 1
        name = self._transaction.to_bytes(2)
        self._buffer, self._garbage, self.stray = b"", False, None
        self._question, self._waiter, self._any_transaction = question, waiter, any_transaction
        self._head = name + question.answered
        self.send(name + question.asked)

    def send(self, frame: bytes) -> None:
        """Send a frame that reads. Raises WriteRefused for any other."""
        if len(frame) <= _FUNCTION or frame[_FUNCTION] not in READ_FUNCTIONS:
            refuse_write(frame[_FUNCTION] if len(frame) > _FUNCTION else None)
        if self._transport:
            self._transport.write(frame)

    def give_up(self) -> None:
        """End the wait for an answer."""
        self._answer(Reason.MALFORMED if self._garbage else Reason.TIMEOUT)

    def close(self) -> None:
        """Hang up."""
        self.closed = True
        if self._transport:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Find the answer in what came in."""
        question = self._question
        if (
            question is not None
            and not self._buffer
            and len(data) == _HEAD + 2 + question.size
            and data.startswith(self._head)
        ):
            self._answer(data[_HEAD + 2 :])
            return
        self._buffer += data
        while len(self._buffer) >= _HEAD:
            length = int.from_bytes(self._buffer[4:6])
            if self._buffer[2:4] != b"\0\0" or not _SHORTEST <= length <= _LONGEST:
                self._buffer, self._garbage = b"", True  # where the next frame begins nobody knows
                return
            if len(self._buffer) < 6 + length:
                return
            frame, self._buffer = self._buffer[: 6 + length], self._buffer[6 + length :]
            self._take(frame)

    def _take(self, frame: bytes) -> None:
        """Judge one whole frame: the answer, a refusal, something false, or another question's."""
        question, transaction, device_id = self._question, int.from_bytes(frame[:2]), frame[6]
        if question is None:
            self.strays += 1
            return
        ours = transaction == self._transaction or not transaction
        if not ours or device_id != question.device_id:
            self.strays += 1
            self.stray = StrayAnswer(device_id, self._transaction, transaction)
            return
        if not transaction:
            self.stray = StrayAnswer(device_id, self._transaction, transaction)
        function, body = frame[_FUNCTION], frame[_FUNCTION + 1 :]
        if not transaction and not self._any_transaction:
            self._answer(Reason.MALFORMED)
        elif function == question.function | _REFUSED:
            self._answer(reason_of(body[0]))
        elif function != question.function or body[0] != question.size or len(body) != 1 + question.size:
            self._answer(Reason.MALFORMED)
        else:
            self._answer(body[1:])

    def _answer(self, answer: bytes | Reason | None) -> None:
        waiter, self._waiter, self._question = self._waiter, None, None
        if waiter and not waiter.done():
            waiter.set_result(answer)


class TcpReader:
    """A ModbusReader over Modbus TCP."""

    def __init__(self, link: ModbusLink, connection: TcpConnection) -> None:
        self.requests = self.answers = 0
        self.waited = self.pause = 0.0
        self._link, self._connection = link, connection
        self._loop = asyncio.get_running_loop()
        self._questions: dict[tuple[Table, int, int, int], _Question] = {}

    @property
    def stray(self) -> StrayAnswer | None:
        """Return what came instead of the last answer, if anything did."""
        return self._connection.stray

    @property
    def heard(self) -> bool:
        """Return whether an answer to another question came since the last one: its id keeps it apart."""
        return self._connection.stray is not None

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
        """Return the payload bytes of one read. Raises ReadFailed and LinkOutage; ``timeout_s`` is in s."""
        key = table, device_id, address, count
        question = self._questions.get(key)
        if question is None:
            question = self._questions[key] = _question(table, device_id, address, count)
        connection, loop = self._connection, self._loop
        self.requests += 1
        if connection.closed:
            raise _lost(self._link, connection, answered=bool(self.answers))
        begin, waiter = loop.time(), loop.create_future()
        timer = loop.call_later(timeout_s, connection.give_up)
        try:
            connection.ask(question, any_transaction=any_transaction, waiter=waiter)
            answer = await waiter
        finally:
            timer.cancel()
        if answer is None:
            raise _lost(self._link, connection, answered=bool(self.answers))
        if isinstance(answer, bytes) or answer not in _NO_ANSWER:  # a refusal is an answer too
            self.answers += 1
            self.waited += loop.time() - begin
        if isinstance(answer, bytes):
            return answer
        raise ReadFailed(answer)


def _lost(link: ModbusLink, connection: TcpConnection, *, answered: bool) -> LinkOutage:
    """Return the outage; a server that hangs up before its first answer may not take our certificate."""
    if link.tls is None or answered:
        return lost(link)
    return hung_up(link, link.tls, connection.error)


@asynccontextmanager
async def connect_tcp(link: ModbusLink) -> AsyncIterator[ModbusReader]:
    """Open a Modbus TCP link, with TLS or without. Raises LinkOutage where nobody answers the door."""
    loop, options = asyncio.get_running_loop(), tls_options(link)
    try:
        async with asyncio.timeout(CONNECT_S):
            _, connection = await loop.create_connection(TcpConnection, link.host, link.port, **options)
    except (OSError, TimeoutError) as error:
        raise refused(link, error) from error
    try:
        if link.tls:
            await connection.stays(VERDICT_S)
            if connection.closed:
                raise _lost(link, connection, answered=False)
        yield TcpReader(link, connection)
    finally:
        connection.close()


__all__ = ["TcpConnection", "TcpReader", "connect_tcp"]
