"""For a technician: what a unit publishes, and what its profile makes of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

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
