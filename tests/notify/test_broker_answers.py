"""What a broker answers to a notice: taken, refused, or unknown."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from support.mosquitto import Mosquitto
from support.notification_fixtures import notice
from support.socket_servers import PATIENCE_S, serving, spoken

from facilityd.notify.mqtt_channel import MqttChannel

BROKERS = {
    "wrong password": (b"\x20\x03\x00\x86\x00", "rejected LOGIN"),
    "not allowed": (b"\x20\x03\x00\x87\x00", "rejected LOGIN"),
    "no service now": (b"\x20\x03\x00\x88\x00", "transient REFUSED"),
    "busy": (b"\x20\x03\x00\x89\x00", "transient REFUSED"),
    "hangs": (b"", "transient TIMEOUT"),
    "hangs after the greeting": (b"\x20\x03\x00\x00\x00", "unknown TIMEOUT"),
    "forbids the topic": (b"\x20\x03\x00\x00\x00\x40\x03\x00\x01\x87", "rejected LOGIN"),
    "has no room": (b"\x20\x03\x00\x00\x00\x40\x03\x00\x01\x97", "transient BUSY"),
    "takes no such topic": (b"\x20\x03\x00\x00\x00\x40\x03\x00\x01\x90", "rejected REFUSED"),
}
"""What a broker sends (MQTT 5.0): the acknowledgement of the connection, then of the first message."""


@pytest.mark.parametrize(("sent", "expected"), BROKERS.values(), ids=BROKERS)
async def test_over_a_broker(sent: bytes, expected: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4096)
        writer.write(sent[:5])
        if sent[5:]:
            await reader.read(4096)
            writer.write(sent[5:])
        await reader.read()

    async with serving(serve) as port:
        found = await MqttChannel(host="127.0.0.1", port=port, timeout_s=PATIENCE_S).send(notice())
    assert spoken(found) == expected


async def test_a_real_broker_that_forbids_publishing_has_not_taken_it(tmp_path: Path) -> None:
    """To a client of MQTT 3.1.1 it acknowledges what it throws away."""
    (tmp_path / "acl").write_text("topic write square/#\n")
    config = f"user root\nallow_anonymous true\nacl_file {tmp_path / 'acl'}\n"
    async with Mosquitto(tmp_path, config) as broker:
        for prefix, expected in (("square", "accepted NONE"), ("elsewhere", "rejected LOGIN")):
            channel = MqttChannel(host="127.0.0.1", port=broker.port, prefix=prefix)
            assert spoken(await channel.send(notice())) == expected


@pytest.mark.parametrize("says", [b"\x20\x02\x00\x01", b"\x20\x03\x00\x84\x00", b""])
async def test_a_broker_that_knows_no_mqtt_5_is_spoken_to_in_3_1_1(says: bytes) -> None:
    """It refuses the version in the words of either, or hangs up."""
    versions: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        versions.append((await reader.read(4096))[8])
        if versions[-1] == 5:
            writer.write(says)
        else:
            writer.write(b"\x20\x02\x00\x00")
            for number in (1, 2):
                await reader.read(4096)
                writer.write(bytes([0x40, 2, 0, number]))
            await reader.read(4096)

    async with serving(serve) as port:
        channel = MqttChannel(host="127.0.0.1", port=port, timeout_s=1.0)
        found = [spoken(await channel.send(notice()))]
        if not says:
            found.append(spoken(await channel.send(notice())))
        assert spoken(await channel.send(notice())) == "accepted NONE"
    assert found[-1] == "accepted NONE"
    assert versions == [5, 4, 4]
