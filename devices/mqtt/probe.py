"""For a technician: what a unit publishes, and what its profile makes of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from devices.mqtt.sparkplug import SparkplugHost, filters_of
from devices.mqtt.sparkplug_link import samples_of
from devices.mqtt.subscriber import listen
from devices.mqtt.unit_decoder import UnitDecoder
from devices.unit import MqttLink, Unit
from facilityd.model.quality import Reason
from facilityd.model.sample import Sample

EXCERPT = 120


@dataclass(frozen=True, slots=True)
class HeardMessage:
    """One message: its topic, the beginning of its payload, and values by signal with any reason."""

    topic: str
    payload: str
    values: dict[str, str]


class ListenDiagnosis(StrEnum):
    """What listening to a unit came to."""

    OK = "ok"
    NO_VALUE = "no-value"
    """It says that it is online: its topic is right, and no value came meanwhile."""
    OFFLINE = "offline"
    OTHER_MESSAGES = "other-messages"
    """Something speaks below the topic, and nothing that its profile knows."""
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class ListenReport:
    """What was heard of a unit, and what it means."""

    diagnosis: ListenDiagnosis
    heard: list[HeardMessage]


async def probe(link: MqttLink, unit: Unit, seconds: float) -> ListenReport:
    """Listen below the unit's topic for some seconds. Raises LinkOutage."""
    if link.sparkplug is not None:
        return await _probe_edge_node(link, unit, seconds)
    decoder, received = UnitDecoder(unit), list[HeardMessage]()
    online: bool | None = None
    async with listen(link) as subscriber:
        await subscriber.subscribe([f"{unit.topic}/#"], 0)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                async for message in subscriber.messages():
                    topic = str(message.topic)
                    samples = decoder.hear(topic, message.payload, 0, 0, retained=message.retain)
                    if decoder.is_availability(topic):
                        online = not any(Reason.OFFLINE in sample.reasons.values() for sample in samples)
                        samples = []
                    values = {name: said for sample in samples for name, said in _said(sample)}
                    text = message.payload[:EXCERPT].decode("utf-8", "replace")
                    received.append(HeardMessage(topic, text, values))
    return ListenReport(_diagnosis(received, online), received)


async def _probe_edge_node(link: MqttLink, unit: Unit, seconds: float) -> ListenReport:
    """Listen to a Sparkplug node; of one that was not born meanwhile it is said that it cannot be read."""
    host, decoder, received = SparkplugHost(0.0), UnitDecoder(unit), list[HeardMessage]()
    online: bool | None = None
    async with listen(link) as subscriber:
        await subscriber.subscribe(filters_of([unit.topic]), 0)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                async for message in subscriber.messages():
                    topic, payload = str(message.topic), bytes(message.payload)
                    heard = [*host.hear(topic, payload, 0.0), *host.expire(0.0)]
                    ours = [one for one in heard if one.unit == unit.topic]
                    online = next((one.reason is None for one in reversed(ours)), online)
                    text = (
                        json.dumps([one.values for one in ours]) if ours else "; ".join(host.waits.values())
                    )
                    samples = [sample for one in ours for sample in samples_of(decoder, one, 0, 0)]
                    values = {name: said for sample in samples for name, said in _said(sample)}
                    if ours or host.waits:
                        received.append(HeardMessage(topic, text[:EXCERPT], values))
    return ListenReport(_diagnosis(received, online), received)


def _diagnosis(heard: list[HeardMessage], online: bool | None) -> ListenDiagnosis:
    if any(message.values for message in heard):
        return ListenDiagnosis.OK
    if online is not None:
        return ListenDiagnosis.NO_VALUE if online else ListenDiagnosis.OFFLINE
    return ListenDiagnosis.OTHER_MESSAGES if heard else ListenDiagnosis.SILENT


def _said(sample: Sample) -> Iterator[tuple[str, str]]:
    """Iterate over what the sample has: values, or why there is none."""
    for index, (name, value) in enumerate(zip(sample.stream.signals, sample.values, strict=True)):
        reason = sample.reasons.get(index)
        if reason is not Reason.MISSING:
            yield name, str(reason or value)
