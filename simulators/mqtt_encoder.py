"""What an MQTT device publishes, and which change is worth it; how it is sent is not the question."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

from devices.profile import MqttProfile
from devices.unit import Unit
from facilityd.model.sample import Value
from facilityd.model.topic import joined
from simulators.inverse_binding import Signals, inverse_bindings
from simulators.mqtt_hazards import MqttHazard
from simulators.payload import Message, document, messages_of
from simulators.register_map import expected

_DEADBAND = 0.05  # share of a number's last published value beyond which a change is news


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """One message on its way."""

    topic: str
    payload: bytes
    retain: bool = False


class MqttEncoder:
    """One unit's messages. Topics that are a point's first source are published whole, others as changes."""

    def __init__(self, unit: Unit, *, retain: bool = False) -> None:
        if not isinstance(unit.profile, MqttProfile):
            raise TypeError(f"{unit.id} is not an MQTT unit")
        self._unit, self._retain = unit, retain
        self.profile = unit.profile
        self.messages = messages_of(unit.profile)
        self._bindings = inverse_bindings(unit)
        self._values: dict[str, Value | None] = {e.point: expected(e) for e in unit.profile.identity}
        self._told: dict[str, Value | None] = {}

    def update(self, signals: Signals) -> None:
        """Take the whole truth."""
        for binding in self._bindings:
            if binding.key in signals:
                self._values[binding.point] = binding.point_value(signals[binding.key])

    def topic(self, below: str) -> str:
        """Return a topic of the profile as this unit uses it."""
        return joined(self._unit.topic, below) if self._unit.topic else below

    def presence(self, *, online: bool) -> OutgoingMessage | None:
        """Return the message that the device is there, or its last will; None where it has neither."""
        there = self.profile.availability
        if there is None:
            return None
        text = there.online if online else there.offline
        if there.pointer:
            text = json.dumps(document([(there.pointer, text)]))
        return OutgoingMessage(self.topic(there.topic), text.encode(), retain=True)

    def status(self, hazard: MqttHazard) -> list[OutgoingMessage]:
        """Return everything, as sent once a period."""
        values = self._told = dict(self._values)
        return [s for m in self.messages if not m.partial for s in self._say(m, m.payload(values), hazard)]

    def news(self, hazard: MqttHazard) -> list[OutgoingMessage]:
        """Return what has changed since it was last published."""
        changed = {n: value for n, value in self._values.items() if _is_news(self._told.get(n), value)}
        if not changed:
            return []
        self._told |= changed
        return [s for m in self.messages if m.partial for s in self._say(m, m.payload(changed), hazard)]

    def _say(self, message: Message, payload: bytes | None, hazard: MqttHazard) -> list[OutgoingMessage]:
        if payload is None:
            return []
        retain = (self._retain or hazard.retained_once) and not message.partial
        return [OutgoingMessage(self.topic(message.topic), hazard.payload(payload), retain)] * hazard.copies


def _is_news(before: Value | None, now: Value | None) -> bool:
    if before is None or now is None or isinstance(now, bool):
        return before is not now
    if isinstance(before, str) or isinstance(now, str):
        return before != now
    return not math.isclose(before, now, rel_tol=_DEADBAND)
