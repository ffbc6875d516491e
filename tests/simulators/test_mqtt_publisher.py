"""Simulated MQTT devices through real brokers: Mosquitto, and amqtt for the demonstration."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator

import aiomqtt
import pytest
from support.daemon import until
from support.servers import free_port
from wire_units import PLUG, program, truth, unit_of

from devices.unit import MqttLink
from facilityd.errors import UsageError
from simulators.broker import broker
from simulators.mqtt_hazards import MQTT_HAZARDS, mqtt_hazard
from simulators.mqtt_publisher import MqttPublisher

VALUES = truth(on=True, power=12.5, energy=1.234, phase0=1, phase1=2, phase2=3, relay=False)
STATUS, METER, EVENTS = "site/plug/status/switch:0", "site/plug/status/em:0", "site/plug/events/rpc"


@contextlib.asynccontextmanager
async def mosquitto(port: int) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        program("mosquitto"), "-p", str(port), stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await until(lambda: _listens(port))
        yield
    finally:
        process.terminate()
        await process.wait()


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


BROKERS = {"mosquitto": (mosquitto, "5"), "amqtt": (broker, "3.1.1")}


@pytest.fixture(params=["mosquitto", "amqtt"])
async def link(request):
    open_broker, version = BROKERS[request.param]
    port = free_port()
    async with open_broker(port):
        yield MqttLink("broker", "127.0.0.1", port, version)


@pytest.fixture
async def quiet_link():
    port = free_port()
    async with mosquitto(port):
        yield MqttLink("broker", "127.0.0.1", port)


@contextlib.asynccontextmanager
async def running(link: MqttLink, **options) -> AsyncIterator[MqttPublisher]:
    unit = unit_of(PLUG, topic="site/plug", link="broker")
    publisher = MqttPublisher(unit, link, **{"period": 60.0, **options})
    publisher.update(VALUES)
    task = asyncio.create_task(publisher.run())
    try:
        yield publisher
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


class Ear:
    """An independent subscriber that collects everything."""

    def __init__(self, client: aiomqtt.Client):
        self.client, self.heard = client, []

    async def until(self, test, within=5.0) -> aiomqtt.Message:
        async with asyncio.timeout(within):
            async for message in self.client.messages:
                self.heard.append(message)
                if test(message):
                    return message
        raise AssertionError

    async def topic(self, topic: str) -> aiomqtt.Message:
        return await self.until(lambda message: str(message.topic) == topic)

    async def rest(self, seconds: float) -> list[aiomqtt.Message]:
        before = len(self.heard)
        with contextlib.suppress(TimeoutError):
            await self.until(lambda _: False, seconds)
        return self.heard[before:]


@contextlib.asynccontextmanager
async def subscriber(link: MqttLink) -> AsyncIterator[Ear]:
    version = aiomqtt.ProtocolVersion.V5 if link.version == "5" else aiomqtt.ProtocolVersion.V311
    async with aiomqtt.Client(link.host, link.port, protocol=version) as client:
        await client.subscribe("#", qos=1)
        yield Ear(client)


def topics(messages) -> list[str]:
    return [str(message.topic) for message in messages]


async def test_a_device_comes_online_and_tells_everything(link):
    async with subscriber(link) as listener, running(link) as publisher:
        assert (await listener.topic("site/plug/online")).payload == b"true"
        status = await listener.topic(STATUS)
        assert json.loads(status.payload) == {"output": True, "apower": 12.5, "aenergy": {"total": 1234.0}}
        assert not status.retain
        assert json.loads((await listener.topic(METER)).payload) == {"phases": [1, 2, 3]}
        assert (await listener.topic("site/plug/POWER")).payload == b"OFF"
        assert publisher.witness == {}


async def test_changes_come_as_partial_events(link):
    async with subscriber(link) as listener, running(link) as publisher:
        await listener.topic("site/plug/POWER")
        publisher.update({**VALUES, ("u1", "power"): 30.0})
        event = await listener.topic(EVENTS)
        assert json.loads(event.payload) == {"params": {"switch:0": {"apower": 30.0}}}
        publisher.update({**VALUES, ("u1", "power"): 30.1})
        assert EVENTS not in topics(await listener.rest(0.4))


async def test_the_last_will_speaks_when_the_power_is_cut_and_the_device_returns(link):
    async with subscriber(link) as listener, running(link) as publisher:
        await listener.topic("site/plug/POWER")
        publisher.inject(mqtt_hazard("offline"))
        assert (await listener.topic("site/plug/online")).payload == b"false"
        assert await listener.rest(0.4) == []
        publisher.inject(None)
        assert (await listener.topic("site/plug/online")).payload == b"true"
        assert (await listener.topic(STATUS)).payload


async def test_the_period_is_kept(quiet_link):
    async with subscriber(quiet_link) as listener, running(quiet_link, period=0.1):
        await listener.topic(STATUS)
        assert 6 <= topics(await listener.rest(1.0)).count(STATUS) <= 11


async def test_a_retained_status_reaches_who_comes_later(quiet_link):
    async with running(quiet_link, retain=True):
        async with subscriber(quiet_link) as first:
            await first.topic("site/plug/POWER")
        async with subscriber(quiet_link) as second:
            assert (await second.topic(STATUS)).retain


async def test_who_commands_is_witnessed(quiet_link):
    async with subscriber(quiet_link) as listener, running(quiet_link) as publisher:
        await listener.topic("site/plug/POWER")
        await listener.client.publish("site/plug/command/switch:0", "on", 1)
        await listener.topic("site/plug/command/switch:0")
        async with asyncio.timeout(5):
            while not publisher.witness:
                await asyncio.sleep(0.01)
        assert publisher.witness == {"site/plug/command/switch:0": 1}


async def test_a_device_waits_for_its_broker():
    port = free_port()
    link = MqttLink("broker", "127.0.0.1", port)
    async with running(link):
        await asyncio.sleep(0.1)
        async with mosquitto(port), subscriber(link) as listener:
            assert (await listener.topic(STATUS)).payload


def _broken(payload: bytes) -> bool:
    try:
        json.loads(payload)
    except ValueError:
        return True
    return False


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        ("wrong-json", _broken),
        ("not-utf8", lambda payload: payload.startswith(b"\xff\xfe{")),
        ("empty", lambda payload: payload == b""),
        ("other-document", lambda payload: isinstance(json.loads(payload), list)),
        ("text-for-number", lambda payload: json.loads(payload)["apower"] == "n/a"),
        ("huge", lambda payload: len(payload) > 1_000_000 and json.loads(payload)["log"]),
    ],
)
async def test_payloads_that_no_adapter_likes(quiet_link, name, holds):
    async with subscriber(quiet_link) as listener, running(quiet_link, period=0.1) as publisher:
        await listener.topic("site/plug/POWER")
        publisher.inject(mqtt_hazard(name))
        assert await listener.until(lambda m: str(m.topic) == STATUS and holds(bytes(m.payload)))
        publisher.inject(None)
        assert await listener.until(lambda m: m.payload.startswith(b'{"output": true'))


async def test_silence_duplicates_and_only_retained(quiet_link):
    async with subscriber(quiet_link) as listener, running(quiet_link, period=0.1) as publisher:
        await listener.topic(STATUS)
        publisher.inject(mqtt_hazard("silent"))
        await listener.rest(0.2)
        assert await listener.rest(0.4) == []
        publisher.inject(mqtt_hazard("duplicates"))
        heard = topics(await listener.rest(0.5))
        assert heard[:2] == [STATUS, STATUS]
        publisher.inject(mqtt_hazard("retained-only"))
        await listener.rest(0.3)
        assert await listener.rest(0.3) == []
        async with subscriber(quiet_link) as later:
            assert (await later.topic(STATUS)).retain


async def test_a_second_broker_on_one_port_is_a_named_error():
    port = free_port()
    async with broker(port):
        with pytest.raises(UsageError, match="cannot listen"):
            async with broker(port):
                pass


def test_unknown_names_are_explained():
    with pytest.raises(UsageError, match="known: silent"):
        mqtt_hazard("sleepy")
    assert all(MQTT_HAZARDS[name]() for name in MQTT_HAZARDS)
