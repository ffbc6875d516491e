"""A recorded link, alive again: the same answers to the same questions, the same messages in time."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import cast

import aiomqtt

from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.quality import Reason
from facilityd.model.sample import NS
from facilityd.recording.format import LOST, Exchange, MqttRecord, Recording
from simulators.endpoint import Connection, Endpoint
from simulators.framing import MBAP, RTU, Frame, Framing
from simulators.modbus_memory import MemoryEndpoint
from simulators.modbus_tcp import TcpEndpoint
from simulators.register_map import RegisterMap, exception

_CODES = {
    Reason.ILLEGAL_FUNCTION: 1,
    Reason.ILLEGAL_ADDRESS: 2,
    Reason.ILLEGAL_VALUE: 3,
    Reason.DEVICE_FAILURE: 4,
    Reason.DEVICE_BUSY: 6,
    Reason.GATEWAY_PATH: 10,
    Reason.GATEWAY_TARGET: 11,
    Reason.EXCEPTION: 5,
}
Question = tuple[int, int, int, int]
"""(device id, function, address, count)."""
HANG_UP = b"\0"
"""Not an answer: the connection was lost here."""


class RecordedAnswers:
    """The answers of a recording. Each question gets its own answers in their order, then the last again."""

    def __init__(self, recording: Recording) -> None:
        self.header = recording.header
        self._answers: dict[Question, deque[bytes]] = {}
        self._messages = [one for one in recording.happenings if isinstance(one, MqttRecord)]
        for one in recording.happenings:
            if isinstance(one, Exchange):
                question = (one.device_id, one.function, one.address, one.count)
                self._answers.setdefault(question, deque()).append(_pdu(one))

    @property
    def device_ids(self) -> set[int]:
        """Return every device id that was asked."""
        return {question[0] for question in self._answers}

    @property
    def left(self) -> int:
        """Return how many recorded answers nobody has asked for yet."""
        return sum(max(0, len(answers) - 1) for answers in self._answers.values())

    def answer(self, device_id: int, function: int, address: int, count: int) -> bytes:
        """Return the PDU to answer with; nothing for silence, ``HANG_UP`` where the link was lost."""
        answers = self._answers.get((device_id, function, address, count))
        if not answers:
            return exception(function, 2)
        return answers.popleft() if len(answers) > 1 else answers[0]

    def messages(self) -> Iterator[MqttRecord]:
        """Iterate over the MQTT messages."""
        return iter(self._messages)


def _pdu(one: Exchange) -> bytes:
    if one.payload is not None:
        data = bytes.fromhex(one.payload)
        return bytes((one.function, len(data))) + data
    if one.reason == LOST:
        return HANG_UP
    reason = Reason(one.reason)
    if reason in _CODES:
        return exception(one.function, _CODES[reason])
    # A malformed answer is given as an empty one: the reader refuses it for the same reason.
    return bytes((one.function, 0)) if reason is Reason.MALFORMED else b""


class _Unit:
    """One device id of a recording, as an endpoint knows it."""

    def __init__(self, replay: RecordedAnswers, device_id: int) -> None:
        self._replay, self._device_id = replay, device_id

    def pdu(self, function: int, address: int, count: int) -> bytes:
        return self._replay.answer(self._device_id, function, address, count)

    def distort(self, _: object) -> None:
        """A recording is as it was."""


class _Recorded(Endpoint):
    """A recorded Modbus link: as Modbus TCP, or as RTU in TCP where it was a serial line."""

    @staticmethod
    def _behind(replay: RecordedAnswers) -> tuple[dict[int, RegisterMap], Framing]:
        units = {number: cast("RegisterMap", _Unit(replay, number)) for number in replay.device_ids}
        return units, MBAP if replay.header.protocol == "modbus-tcp" else RTU

    def serve(self, ask: Frame, line: Connection) -> None:
        """Answer, or hang up where the recording did."""
        answer = self.answer(ask)
        if answer is None:
            return
        if answer.pdu == HANG_UP:
            line.close()
            return
        line.send(self.framing.pack(answer))


class ReplayEndpoint(_Recorded, TcpEndpoint):
    """A recorded Modbus link on a TCP port."""

    def __init__(self, replay: RecordedAnswers, host: str, port: int) -> None:
        units, framing = self._behind(replay)
        super().__init__(units, host, port, framing=framing)


class MemoryReplayEndpoint(_Recorded, MemoryEndpoint):
    """A recorded Modbus link on a wire in memory."""

    def __init__(self, replay: RecordedAnswers, name: str) -> None:
        units, framing = self._behind(replay)
        super().__init__(name, units, framing)


@asynccontextmanager
async def replaying(
    recording: Recording, host: str, port: int, speed: float = 1.0
) -> AsyncIterator[RecordedAnswers]:
    """Serve a recording: Modbus on ``host``:``port``, MQTT to the broker there. Raises UsageError."""
    replay = RecordedAnswers(recording)
    if recording.header.protocol == "mqtt":
        task = asyncio.create_task(_publish(replay, host, port, speed))
        try:
            yield replay
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        return
    endpoint = ReplayEndpoint(replay, host, port)
    endpoint.open()
    try:
        yield replay
    finally:
        endpoint.close()


async def _publish(replay: RecordedAnswers, host: str, port: int, speed: float) -> None:
    try:
        async with aiomqtt.Client(host, port, protocol=aiomqtt.ProtocolVersion.V311) as client:
            before = 0
            for message in replay.messages():
                await asyncio.sleep(max(0, message.t - before) / NS / speed)
                before = message.t
                payload = bytes.fromhex(message.payload)
                await client.publish(message.topic, payload, 1, retain=message.retain)
    except aiomqtt.MqttError as error:
        raise UsageError(
            Wording("scenario.broker-does-not-take", error=error), where=f"{host}:{port}"
        ) from error
