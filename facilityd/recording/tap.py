"""Taps on a link: they pass everything on as it is and note it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar, cast

import aiomqtt

from devices.modbus.client import connect
from devices.modbus.reader import ModbusReader, ReadFailed
from devices.mqtt.subscriber import MqttSubscriber, listen
from devices.profile import Table
from devices.unit import Link, ModbusLink, MqttLink, Unit
from facilityd.errors import LinkOutage
from facilityd.recording.format import LOST, Exchange, Happening, Header, LinkNews, MqttRecord

T = TypeVar("T")
Note = Callable[[Happening], None]


def header_of(link: Link, units: list[Unit], start: int) -> Header:
    """Return the header; it holds no address, no name and no password of anybody."""
    about = {
        unit.id: {"profile": unit.profile.profile, "device_id": unit.device_id, "topic": unit.topic}
        for unit in units
    }
    protocol = "mqtt" if isinstance(link, MqttLink) else link.protocol
    return Header(link.id, protocol, start, about)


class TappedReader:
    """A Reader that notes each read."""

    def __init__(self, reader: ModbusReader, note: Note, begin: int) -> None:
        self._reader, self._note, self._begin = reader, note, begin

    def __getattr__(self, name: str) -> object:
        return getattr(self._reader, name)

    def __setattr__(self, name: str, value: object) -> None:
        if name in ("requests", "answers", "waited"):
            setattr(self._reader, name, value)
        else:
            object.__setattr__(self, name, value)

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
        """Read, note, and return or raise what the reader did."""
        asked = time.monotonic_ns()

        def note(payload: bytes | None, reason: str = "") -> None:
            took, at = time.monotonic_ns() - asked, asked - self._begin
            said = None if payload is None else payload.hex()
            self._note(Exchange(at, took, device_id, table.function_code, address, count, said, reason))

        try:
            payload = await self._reader.read(
                table, device_id, address, count, timeout_s=timeout_s, any_transaction=any_transaction
            )
        except ReadFailed as failed:
            note(None, failed.reason.value)
            raise
        except LinkOutage:
            note(None, LOST)
            raise
        note(payload)
        return payload


class TappedSubscriber:
    """A subscriber that records each message."""

    def __init__(self, subscriber: MqttSubscriber, note: Note, begin: int) -> None:
        self._subscriber, self._note, self._begin = subscriber, note, begin

    def __getattr__(self, name: str) -> object:
        return getattr(self._subscriber, name)

    async def messages(self) -> AsyncIterator[aiomqtt.Message]:
        """Pass messages on and note them."""
        async for message in self._subscriber.messages():
            payload = message.payload if isinstance(message.payload, bytes) else str(message.payload).encode()
            at = time.monotonic_ns() - self._begin
            self._note(MqttRecord(at, str(message.topic), payload.hex(), message.qos, message.retain))
            yield message


class Taps:
    """Opens links as the daemon does, with a tap in each."""

    def __init__(self, note: Note) -> None:
        self._note, self._begin = note, time.monotonic_ns()

    @asynccontextmanager
    async def connect(self, link: ModbusLink) -> AsyncIterator[ModbusReader]:
        """Open a Modbus link. Raises LinkOutage."""
        async with self._noted(connect(link)) as reader:
            yield cast("ModbusReader", TappedReader(reader, self._note, self._begin))

    @asynccontextmanager
    async def listen(self, link: MqttLink) -> AsyncIterator[MqttSubscriber]:
        """Connect to a broker. Raises LinkOutage."""
        async with self._noted(listen(link)) as subscriber:
            yield cast("MqttSubscriber", TappedSubscriber(subscriber, self._note, self._begin))

    @asynccontextmanager
    async def _noted(self, opening: AbstractAsyncContextManager[T]) -> AsyncIterator[T]:
        try:
            async with opening as opened:
                self._news(up=True)
                yield opened
        except LinkOutage as outage:
            self._news(up=False, reason=outage.what)
            raise

    def _news(self, *, up: bool, reason: str = "") -> None:
        self._note(LinkNews(time.monotonic_ns() - self._begin, up, reason))
