"""What our client reads ahead and parses itself is what paho makes of the same bytes, however they are cut."""

from __future__ import annotations

import asyncio
import logging
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing, suppress
from operator import methodcaller
from typing import Any

import aiomqtt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.mqtt import broker_client
from devices.mqtt.broker_client import LONGEST_PACKET, BrokerClient
from devices.mqtt.publish_parser import PublishParser

QUIET = logging.getLogger("quiet")
QUIET.setLevel(logging.CRITICAL)
PINGRESP = b"\xd0\x00"
TOPICS = st.sampled_from(["a", "a/b", "tele/燈/SENSOR", "x" * 300]).map(str.encode) | st.binary(max_size=12)
PROPERTIES = st.sampled_from(
    [
        b"",
        b"\x01\x01",
        b"\x02\x00\x00\x00\x3c",
        b"\x03\x00\x04json",
        b"\x26\x00\x01k\x00\x01v",
        b"\x23\x00\x01",
    ]
)


def _varint(size: int) -> bytes:
    found = b""
    while True:
        size, digit = divmod(size, 128)
        found += bytes([digit | (0x80 if size else 0)])
        if not size:
            return found


def _publish(
    topic: bytes, payload: bytes, qos: int, *, retain: bool, five: bool, properties: bytes = b""
) -> bytes:
    body = struct.pack(">H", len(topic)) + topic + (b"\x00\x07" if qos else b"")
    body += (_varint(len(properties)) + properties if five else b"") + payload
    return bytes([0x30 | qos << 1 | retain]) + _varint(len(body)) + body


PLAIN = st.tuples(TOPICS, st.binary(max_size=200), st.integers(0, 1), st.booleans(), PROPERTIES)
PACKET = PLAIN | st.just(PINGRESP) | st.binary(max_size=6)


class PlainClient(aiomqtt.Client):
    """aiomqtt as it is, except that it leaves no socket open after a packet that it does not understand."""

    async def __aexit__(self, *error: object) -> None:
        try:
            await super().__aexit__(*error)
        finally:
            methodcaller("_sock_close")(self._client)


@asynccontextmanager
async def _broker(
    portions: Sequence[bytes], *, five: bool, stays: bool, hung_up: asyncio.Event | None = None
) -> AsyncIterator[int]:
    """A broker that takes whoever connects, says what it was told to, and hangs up unless it ``stays``."""

    served: list[asyncio.Task[Any] | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(asyncio.current_task())
        with suppress(OSError), closing(writer):
            await reader.read(1000)
            writer.write(b"\x20\x03\x00\x00\x00" if five else b"\x20\x02\x00\x00")
            packet = (await reader.read(1000))[2:4]
            writer.write(b"\x90\x04" + packet + b"\x00\x00" if five else b"\x90\x03" + packet + b"\x00")
            for portion in portions:
                writer.write(portion)
                await writer.drain()
                await asyncio.sleep(0)
            if not stays:
                writer.write_eof()
            while await reader.read(1000):
                pass
            if hung_up:
                hung_up.set()
        with suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
    async with asyncio.timeout(20):
        await asyncio.gather(*(task for task in served if task))


async def _heard(
    kind: type[aiomqtt.Client], portions: Sequence[bytes], *, five: bool
) -> list[tuple[object, ...]]:
    """Return the messages that a client makes of what the broker says, until one of them hangs up."""
    version = aiomqtt.ProtocolVersion.V5 if five else aiomqtt.ProtocolVersion.V311
    heard: list[tuple[object, ...]] = []
    async with _broker(portions, five=five, stays=False) as port:
        with suppress(aiomqtt.MqttError, ValueError, struct.error, OSError):
            async with asyncio.timeout(20), kind("127.0.0.1", port, protocol=version, logger=QUIET) as client:
                await client.subscribe("#")
                async for one in client.messages:
                    heard += [(str(one.topic), bytes(one.payload), one.qos, one.retain, one.mid)]
    return heard


def _both(portions: Sequence[bytes], *, five: bool) -> list[list[tuple[object, ...]]]:
    async def both() -> list[list[tuple[object, ...]]]:
        return [await _heard(kind, portions, five=five) for kind in (BrokerClient, PlainClient)]

    return asyncio.run(both())


@settings(max_examples=60, deadline=None)
@given(st.booleans(), st.lists(PACKET, max_size=8), st.lists(st.integers(1, 400), max_size=6))
def test_it_hears_what_paho_hears(five: bool, packets: list[Any], cuts: list[int]) -> None:
    data = b"".join(
        one if isinstance(one, bytes) else _publish(*one[:3], retain=one[3], five=five, properties=one[4])
        for one in packets
    )
    portions, at = [], 0
    for cut in cuts:
        portions.append(data[at : at + cut])
        at += cut
    ours, theirs = _both([one for one in (*portions, data[at:]) if one], five=five)
    assert ours == theirs


def test_messages_between_other_packets_lie_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """More packets in one portion than a turn of the loop takes: nobody else would ask for the rest."""
    monkeypatch.setattr(broker_client, "PACKETS", 3)
    message = _publish(b"a/b", b"1", 0, retain=False, five=False)
    sent = (PINGRESP + message) * 50

    async def heard() -> int:
        count = 0
        async with _broker([sent], five=False, stays=True) as port, BrokerClient("127.0.0.1", port) as client:
            async with asyncio.timeout(20):
                await client.subscribe("#")
                async for _ in client.messages:
                    count += 1
                    if count == 50:
                        return count
        return count

    assert asyncio.run(heard()) == 50


def test_a_packet_that_is_none_leaves_no_socket_open() -> None:
    bad = _publish(b"\xff\xfe", b"1", 0, retain=False, five=False)

    async def hangs_up() -> None:
        hung_up = asyncio.Event()
        async with _broker([bad], five=False, stays=True, hung_up=hung_up) as port:
            client = BrokerClient("127.0.0.1", port, logger=QUIET)
            with suppress(aiomqtt.MqttError):
                async with client:
                    await client.subscribe("#")
                    await anext(client.messages)
            async with asyncio.timeout(10):
                await hung_up.wait()  # while the client still lives: no collector has done it

    asyncio.run(hangs_up())


def test_a_packet_longer_than_a_portion_is_heard_whole() -> None:
    long = _publish(b"a/b", b"x" * (LONGEST_PACKET - 100), 0, retain=True, five=False)
    short = _publish(b"a/c", b"1", 1, retain=False, five=False)
    portions = [
        (short + long + short)[at : at + 50_000] for at in range(0, len(long) + 2 * len(short), 50_000)
    ]
    ours, theirs = _both(portions, five=False)
    assert ours == theirs
    assert [len(one[1]) for one in ours] == [1, LONGEST_PACKET - 100, 1]  # type: ignore[arg-type]


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 60), st.booleans())
def test_whatever_the_bytes_are_nothing_is_raised_and_nothing_left_out(
    data: bytes, at: int, five: bool
) -> None:
    taken: list[aiomqtt.Message] = []
    at = min(at, len(data))
    end = PublishParser(taken.append, five=five).parse(data, at)
    assert at <= end <= len(data)
    assert (end > at) == bool(taken)
    assert sum(len(one.payload) for one in taken) <= end - at
