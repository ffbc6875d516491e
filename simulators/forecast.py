"""A weather service of the simulated world: says on a topic what its weather is going to be."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from datetime import UTC, datetime

import aiomqtt

from devices.unit import MqttLink
from simulators.mqtt_publisher import plain_client
from simulators.physics.weather import Weather
from simulators.square import Square

HOUR = 3600 * 10**9
HOURS = 48
EVERY_S = 600.0
"""How often it publishes; while the broker is away it tries more often."""
AGAIN_S = 2.0


def forecast_of(square: Square, now: int) -> str:
    """Return the coming hours in facilityd's own shape from ``now`` (ns UTC) on; "" without weather."""
    stations = [one for one in square.models.values() if isinstance(one, Weather)]
    if not stations:
        return ""
    first = now // HOUR * HOUR
    hours = [
        {"at": _iso(at), **stations[0].foreseen(at, square.world)}
        for at in range(first, first + HOURS * HOUR, HOUR)
    ]
    return json.dumps({"issued": _iso(now), "hours": hours})


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at // 10**9, UTC).isoformat()


async def publish_forecast(square: Square, link: MqttLink, topic: str) -> None:
    """Publish it until cancelled; kept by the broker, for it says when it was made."""
    while True:
        wait = AGAIN_S
        with contextlib.suppress(aiomqtt.MqttError, TimeoutError, OSError):
            async with plain_client(link, "simulated-forecast") as client:
                await client.publish(topic, forecast_of(square, time.time_ns()), 1, retain=True)
                wait = EVERY_S
        await asyncio.sleep(wait)
