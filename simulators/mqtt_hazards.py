"""What goes wrong with MQTT devices, one small object each."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from facilityd.errors import UsageError
from facilityd.model.message import Wording

_NUMBER = re.compile(rb"(?<=[:\[\s])-?\d+(?:\.\d+)?(?=[,}\]\s])")
HUGE = 1_000_000


def _keep(payload: bytes) -> bytes:
    return payload


@dataclass(frozen=True, slots=True)
class MqttHazard:
    """One way a publishing device misbehaves.

    ``copies``: how often each message is sent; 0 is silence with the connection up.
    ``retained_once``: one retained status, then silence. ``offline``: the connection breaks,
    the broker publishes the last will, and the device stays away.
    """

    payload: Callable[[bytes], bytes] = _keep
    copies: int = 1
    retained_once: bool = False
    offline: bool = False


MQTT_HAZARDS: dict[str, Callable[[], MqttHazard]] = {
    "silent": lambda: MqttHazard(copies=0),
    "duplicates": lambda: MqttHazard(copies=2),
    "retained-only": lambda: MqttHazard(retained_once=True),
    "offline": lambda: MqttHazard(offline=True),
    "wrong-json": lambda: MqttHazard(payload=lambda payload: payload[:-1] + b',"'),
    "not-utf8": lambda: MqttHazard(payload=lambda payload: b"\xff\xfe" + payload),
    "empty": lambda: MqttHazard(payload=lambda _: b""),
    "other-document": lambda: MqttHazard(payload=lambda _: b'["rebooted", null, {"ok": true}]'),
    "text-for-number": lambda: MqttHazard(payload=lambda payload: _NUMBER.sub(b'"n/a"', payload)),
    "huge": lambda: MqttHazard(payload=lambda _: b'{"log": "' + b"x" * HUGE + b'"}'),
}


def mqtt_hazard(name: str) -> MqttHazard:
    """Return a hazard by its name in ``MQTT_HAZARDS``. Raises UsageError."""
    if name not in MQTT_HAZARDS:
        raise UsageError(
            Wording("scenario.mqtt-hazard-not-known", name=name),
            hint=Wording("scenario.known-2", mqtt_hazards=[*MQTT_HAZARDS]),
        )
    return MQTT_HAZARDS[name]()
