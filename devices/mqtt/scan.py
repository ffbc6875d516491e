"""Who speaks at a broker, and which models they speak like: it subscribes, and publishes nothing.

A unit is a topic below which a model's points are heard. Of every model each place of a topic where it may
begin is tried, and the one that understands most takes the messages; what is left over is told by the shape
of what it says. Home Assistant's discovery messages say more of a device than its values do: maker, model and
topics (www.home-assistant.io/integrations/mqtt: `<prefix>/<component>/[<node>/]<object>/config`).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from devices.mqtt.decode import Extractor, decode, extractors
from devices.mqtt.subscriber import listen
from devices.profile import MqttProfile
from devices.unit import MqttLink, every_point
from facilityd.model.plain import plain
from facilityd.model.sample import Value
from facilityd.model.topic import joined

MOST, LARGEST = 5000, 2**16
"""Topics that are kept, each with its last message of so many bytes; what is more is counted."""
DISCOVERY = "homeassistant"
CONFIG = "config"
SHORT = {"state_topic": "stat_t", "device": "dev", "manufacturer": "mf", "model": "mdl", "name": "name"}
"""Keys of a discovery message, and how they may be abbreviated."""
BASE = "~"
SHAPE_KEYS = 8


@dataclass(frozen=True, slots=True)
class SpeakingUnit:
    """A unit that was heard. ``fits``: the models that understand most of it, by profile id.

    ``values``: what the first of them made of it, by point. ``certain``: one model understands most, and more
    than one thing of it. ``announced``: maker and model as it announced itself, "" where it did not.
    """

    topic: str
    fits: tuple[str, ...]
    certain: bool
    values: dict[str, Value]
    announced: str = ""


@dataclass(frozen=True, slots=True)
class OtherTopic:
    """A topic that no model understands: what its message is, and who announced it."""

    topic: str
    shape: str
    announced: str = ""


@dataclass(slots=True)
class BrokerScan:
    """What is heard at a broker. ``unkept``: messages on topics beyond those that are kept."""

    known: Mapping[str, MqttProfile]
    messages: int = 0
    unkept: int = 0
    _last: dict[str, bytes] = field(default_factory=dict)

    async def run(self, link: MqttLink, seconds: float) -> None:
        """Listen to everything for some seconds. Raises LinkOutage."""
        async with listen(link) as subscriber:
            await subscriber.subscribe(["#"], 0)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    async for message in subscriber.messages():
                        self.hear(str(message.topic), bytes(message.payload))

    def hear(self, topic: str, payload: bytes) -> None:
        """Take in one message."""
        self.messages += 1
        if topic not in self._last and len(self._last) >= MOST:
            self.unkept += 1
        else:
            self._last[topic] = payload[:LARGEST]

    def result(self) -> tuple[list[SpeakingUnit], list[OtherTopic]]:
        """Return the units that were heard, and the topics that no model understands."""
        announced = dict(self._announced())
        rest = {topic: payload for topic, payload in self._last.items() if not _is_discovery(topic)}
        units = []
        for found in self._candidates(rest):
            if not found.topics <= rest.keys():
                continue  # a model that understands more has them
            for topic in found.topics:
                del rest[topic]
            said = next((announced[one] for one in sorted(found.topics) if one in announced), "")
            certain = len(found.fits) == 1 and len(found.values) > 1
            units.append(SpeakingUnit(found.base, found.fits, certain, found.values, said))
        others = [
            OtherTopic(one, shape(payload), announced.get(one, "")) for one, payload in sorted(rest.items())
        ]
        return sorted(units, key=lambda one: one.topic), others

    def _candidates(self, heard: Mapping[str, bytes]) -> list[_Candidate]:
        """Return who may speak where, those first that understand most."""
        made: dict[str, list[_Candidate]] = {}
        for name, profile in self.known.items():
            unit = every_point("", "", profile)
            wanted = extractors(unit.bindings, unit.streams)
            names = unit.streams[0].signals
            there = profile.availability.topic if profile.availability else None
            bases = {base for topic in heard for below in wanted if (base := _base(topic, below)) is not None}
            for base in bases:
                values, topics = _understood(heard, base, wanted, names)
                if values:
                    online = {joined(base, there)} if there is not None else set[str]()
                    one = _Candidate(base, (name,), values, frozenset(topics | (online & heard.keys())))
                    made.setdefault(base, []).append(one)
        best = []
        for found in made.values():
            most = max(len(one.values) for one in found)
            equal = [one for one in found if len(one.values) == most]
            best.append(replace(equal[0], fits=tuple(one.fits[0] for one in equal)))
        return sorted(best, key=lambda one: (-len(one.values), -len(one.topics), one.base))

    def _announced(self) -> Iterator[tuple[str, str]]:
        """Yield the topics of what announced itself to Home Assistant, each with maker and model."""
        for topic, payload in self._last.items():
            if not _is_discovery(topic):
                continue
            with contextlib.suppress(ValueError, RecursionError):
                told = json.loads(payload)
                device = _key(told, "device") if isinstance(told, dict) else None
                state = _key(told, "state_topic") if isinstance(told, dict) else None
                if isinstance(state, str) and isinstance(device, dict):
                    start = told.get(BASE)
                    if isinstance(start, str):
                        state = state.replace(BASE, start, 1)
                    words = (_key(device, one) for one in ("manufacturer", "model"))
                    said = " ".join(one for one in words if isinstance(one, str)) or _key(device, "name")
                    yield state, plain(str(said or ""))


@dataclass(frozen=True, slots=True)
class _Candidate:
    base: str
    fits: tuple[str, ...]
    values: dict[str, Value]
    topics: frozenset[str]


def _understood(
    heard: Mapping[str, bytes], base: str, wanted: Mapping[str, list[Extractor]], names: tuple[str, ...]
) -> tuple[dict[str, Value], set[str]]:
    """Return what a model makes of what is heard below a topic, and from which topics."""
    values, topics = dict[str, Value](), set[str]()
    for below, extract in wanted.items():
        topic = joined(base, below)
        if (payload := heard.get(topic)) is None:
            continue
        told = {slot: value for slot, (value, reason) in decode(payload, extract).items() if reason is None}
        values |= {names[index]: value for (_, index), value in told.items() if value is not None}
        if told:
            topics.add(topic)
    return values, topics


def _base(topic: str, below: str) -> str | None:
    """Return where a unit begins if ``below`` is one of its topics; None where it is not."""
    if not below:
        return topic
    return topic.removesuffix(f"/{below}") if topic.endswith(f"/{below}") else None


def _is_discovery(topic: str) -> bool:
    parts = topic.split("/")
    return parts[0] == DISCOVERY and parts[-1] == CONFIG


def _key(told: Mapping[str, Any], name: str) -> object:
    return told.get(name, told.get(SHORT[name]))


def shape(payload: bytes) -> str:
    """Return what a message is: 'number', 'text', or the keys of an object, each with what it holds."""
    try:
        text = payload.decode("utf-8").strip()
    except UnicodeDecodeError:
        return f"{len(payload)} bytes"
    try:
        return _shape(json.loads(text))
    except (ValueError, RecursionError):
        return "text" if text else "empty"


def _shape(told: object) -> str:
    if isinstance(told, bool):
        return "true/false"
    if isinstance(told, int | float):
        return "number"
    if isinstance(told, dict):
        keys = [f"{plain(str(key))}: {_kind(one)}" for key, one in list(told.items())[:SHAPE_KEYS]]
        return "{" + ", ".join(keys) + (", …" if len(told) > SHAPE_KEYS else "") + "}"
    return _kind(told)


def _kind(told: object) -> str:
    names = {dict: "{…}", list: "[…]", str: "text", type(None): "null"}
    return names.get(type(told), "") or _shape(told)
