"""What is known of one MQTT unit: its last words, merged, and whether it is there at all."""

from __future__ import annotations

from collections.abc import Sequence

from devices.mqtt.decode import Extractor, decode, extractors, parse
from devices.pointer import ABSENT, find, steps_of
from devices.profile import MqttProfile
from devices.unit import Unit
from facilityd.model.quality import Reason
from facilityd.model.sample import STALE_PERIODS, Sample, Value, void
from facilityd.model.topic import joined

Known = tuple[Value | None, Reason | None, int]


class UnitDecoder:
    """Turns the messages of one unit into samples."""

    def __init__(self, unit: Unit) -> None:
        if not isinstance(unit.profile, MqttProfile):
            raise TypeError(f"{unit.id} is not an MQTT unit")
        self.unit, self._profile = unit, unit.profile
        self._wanted: dict[str, list[Extractor]] = extractors(unit.bindings, unit.streams)
        self._known: list[list[Known | None]] = [[None] * len(s.signals) for s in unit.streams]
        self._offline = False
        self._routes: dict[str, Sequence[Extractor] | None] = {}
        """What to take out of each topic heard; None for the one that says whether it is online."""

    @property
    def topics(self) -> list[str]:
        """Everything to subscribe to."""
        there = self._profile.availability
        below = [*self._wanted, there.topic] if there else [*self._wanted]
        return [joined(self.unit.topic, topic) for topic in below]

    def hear(self, topic: str, payload: bytes, at: int, steady: int, *, retained: bool) -> list[Sample]:
        """Return the samples that a message makes; none where it says nothing of what is bound."""
        if topic not in self._routes:
            self._routes[topic] = self._route(topic)
        wanted = self._routes[topic]
        if wanted is None:
            return self._presence(payload, at, steady)
        verdicts = decode(payload, wanted)
        if not verdicts:
            return []
        self._offline = False
        touched = set()
        for (stream, index), (value, reason) in verdicts.items():
            touched.add(stream)
            word = value, Reason.AGE_UNKNOWN if retained and reason is None else reason, steady
            self._known[stream][index] = word
        return [self._sample(stream, at, steady) for stream in sorted(touched)]

    def _route(self, topic: str) -> Sequence[Extractor] | None:
        return None if self.is_availability(topic) else tuple(self._wanted.get(self._below(topic), ()))

    def is_availability(self, topic: str) -> bool:
        """Return whether a topic is where the unit says that it is online or offline."""
        there = self._profile.availability
        return there is not None and self._below(topic) == there.topic

    def _below(self, topic: str) -> str:
        return "" if topic == self.unit.topic else topic.removeprefix(f"{self.unit.topic}/")

    def forget(self, at: int, steady: int, reason: Reason) -> list[Sample]:
        """Return samples without values, with the reason."""
        self._known = [[None] * len(stream.signals) for stream in self.unit.streams]
        return [void(stream, at, steady, reason) for stream in self.unit.streams]

    def _presence(self, payload: bytes, at: int, steady: int) -> list[Sample]:
        there = self._profile.availability
        if there is None or _word(payload, there.pointer) != there.offline:
            self._offline = False
            return []
        if self._offline:
            return []
        self._offline = True
        return self.forget(at, steady, Reason.OFFLINE)

    def _sample(self, number: int, at: int, steady: int) -> Sample:
        stream = self.unit.streams[number]
        oldest = steady - STALE_PERIODS * stream.expected
        values: list[Value | None] = []
        reasons: dict[int, Reason] = {}
        for index, word in enumerate(self._known[number]):
            value, reason, heard = word or (None, Reason.MISSING, steady)
            if heard < oldest:
                value, reason = None, Reason.MISSING
            values.append(value)
            if reason is not None:
                reasons[index] = reason
        return Sample(stream, at, steady, tuple(values), reasons)


def _word(payload: bytes, pointer: str) -> str:
    """Return what a presence message says; some devices send it bare although they mostly send JSON."""
    found = find(parse(payload, whole=False), steps_of(pointer)) if pointer else ABSENT
    return found if isinstance(found, str) else payload.decode("utf-8", "replace").strip(" \0\r\n\t")
