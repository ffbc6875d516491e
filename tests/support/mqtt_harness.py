"""A harness for the MQTT adapter: a plug, an intake that keeps what it gets, and a way to publish."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiomqtt

from devices.mqtt import run_link
from devices.operating_mode import OperatingModeTracker
from devices.tables import profiles
from devices.unit import Binding, MqttLink, PollRates, Unit
from facilityd.errors import StoreFull
from facilityd.model.clock import Clock
from facilityd.model.link import LinkHealth
from facilityd.model.quality import Reason
from facilityd.model.sample import NS, Sample, SignalType, Stream
from support.mosquitto import Mosquitto

TOPIC = "lanterns/one/status/switch:0"


def plug(topic: str = "lanterns/one", name: str = "plug") -> Unit:
    profile = profiles()["shelly_gen2"]
    stream = Stream("lantern", "lighting", name, "broker", ("power",), (SignalType.FLOAT,), 10 * NS)
    binding = Binding("power_0", profile.expanded["power_0"], stream, 0, SignalType.FLOAT)
    return Unit(name, "broker", profile, (stream,), (binding,), PollRates(10 * NS), topic=topic)


@dataclass
class CollectingIntake:
    """Keeps what is committed; can refuse, and can hang as a crash would leave it."""

    samples: list[Sample] = field(default_factory=list)
    health: list[LinkHealth] = field(default_factory=list)
    full: int = 0
    hang: bool = False
    release: asyncio.Event = field(default_factory=asyncio.Event)
    asked: int = 0

    def offer(self, samples: list[Sample]) -> None:
        self.samples += samples

    async def commit(self, samples: list[Sample]) -> None:
        self.asked += 1
        if self.hang:
            await self.release.wait()
        if self.full:
            self.full -= 1
            raise StoreFull("no room")
        self.samples += samples

    def values(self) -> list[float]:
        return [float(s.values[0]) for s in self.samples if s.values[0] is not None and not s.reasons]

    def reasons(self) -> set[Reason]:
        return {reason for sample in self.samples for reason in sample.reasons.values()}


@asynccontextmanager
async def running_link(
    broker: Mosquitto, intake: CollectingIntake, **more: Any
) -> AsyncIterator[asyncio.Task[None]]:
    units = more.pop("units", None) or [plug()]
    link = MqttLink("broker", more.pop("host", "127.0.0.1"), broker.port, **more)
    task = asyncio.create_task(
        run_link(link, units, intake, Clock(), OperatingModeTracker({}), intake.health.append)
    )
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(what: Any, seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not what():
            await asyncio.sleep(0.02)


async def publish(
    broker: Mosquitto, *payloads: str, topic: str = TOPIC, qos: int = 1, retain: bool = False
) -> None:
    async with aiomqtt.Client("127.0.0.1", broker.port) as client:
        for payload in payloads:
            await client.publish(topic, payload, qos=qos, retain=retain)


def power(value: float) -> str:
    return f'{{"apower":{value}}}'
