"""Notices on a broker: what stands is retained under a topic for each alarm, and each notice is an event.

It publishes that something is the case, under a prefix of its own and over a connection of its own. It
subscribes to nothing and reads nothing, and no device listens there: it commands nothing.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from typing import Any

import aiomqtt
from paho.mqtt.reasoncodes import ReasonCode

from facilityd.model.message import Wording
from facilityd.model.notice import DeliveryOutcome, DeliveryResult, Notice, Purpose, SendFailure
from facilityd.notify.failures import of_error, words_of_error
from facilityd.notify.webhook import payload

OVER = (Purpose.CLEARED, Purpose.UNWATCHED)
_QOS = 1
_FAILURE = 0x80
"""Codes from here on refuse a message (MQTT 5.0, 3.4.2.1)."""
_OLD = (1, 0x84)
"""Codes of a broker that speaks no MQTT 5.0, in the words of either version."""
_REFUSALS = {
    0x87: (DeliveryOutcome.REJECTED, SendFailure.LOGIN),
    0x90: (DeliveryOutcome.REJECTED, SendFailure.REFUSED),
    0x99: (DeliveryOutcome.REJECTED, SendFailure.REFUSED),
    0x97: (DeliveryOutcome.TRANSIENT, SendFailure.BUSY),
}


class PublishingClient(aiomqtt.Client):
    """A connection that keeps why the broker refused a message; the library forgets it."""

    refusal: ReasonCode | None = None

    def _on_publish(
        self, client: Any, userdata: Any, mid: int, reason_code: ReasonCode, properties: Any
    ) -> None:
        if reason_code.value >= _FAILURE:
            self.refusal = reason_code
        super()._on_publish(client, userdata, mid, reason_code, properties)


class MqttChannel:
    """``prefix``/alarm/DEVICE/RULE holds an alarm's newest notice; ``prefix``/event has every notice once.

    Delivered means: the broker has acknowledged both (QoS 1). To a client of MQTT 3.1.1 a broker
    acknowledges what its rights forbid, and throws it away. So 5.0 is spoken, and 3.1.1 only where a broker
    knows no other.
    """

    def __init__(
        self, *, host: str, port: int = 1883, prefix: str = "facilityd", username: str = "",
        password: str = "", tls: bool = False, timeout_s: float = 10.0,
        **_of_the_bridge: str,
    ) -> None:  # fmt: skip
        self._host, self._port, self._prefix = host, port, prefix
        self._username, self._password, self._tls = username, password, tls
        self._timeout_s = timeout_s
        self._version, self._met = aiomqtt.ProtocolVersion.V5, False

    async def send(self, notice: Notice) -> DeliveryResult:
        """Publish once. Raises nothing that the broker or the network can cause."""
        found, refusal = await self._publish(notice)
        if not self._met:  # a broker that does not know 5.0 refuses it, or says nothing at all
            v5 = self._version is aiomqtt.ProtocolVersion.V5
            self._version = aiomqtt.ProtocolVersion.V311 if v5 else aiomqtt.ProtocolVersion.V5
            if v5 and refusal in _OLD:
                found, _ = await self._publish(notice)
        return found

    async def _publish(self, notice: Notice) -> tuple[DeliveryResult, int]:
        """Return what came of one connection, and the code with which it was refused, or 0."""
        connected = False
        try:
            async with asyncio.timeout(self._timeout_s), self._client() as client:
                connected = self._met = True
                for topic, retain in self._topics(notice):
                    await client.publish(topic, _text(notice), qos=_QOS, retain=retain)
                    if client.refusal is not None:
                        return _of_refusal(client.refusal), 0
        except aiomqtt.MqttCodeError as error:
            code = getattr(error.rc, "value", error.rc)
            return self._refused(error, connected=connected), code if isinstance(code, int) else 0
        except (aiomqtt.MqttError, OSError, TimeoutError) as error:
            result = DeliveryOutcome.UNKNOWN if connected else DeliveryOutcome.TRANSIENT
            return DeliveryResult(
                result, words_of_error(error), failure=of_error(error, connecting=not connected)
            ), 0
        return DeliveryResult(DeliveryOutcome.ACCEPTED), 0

    def _topics(self, notice: Notice) -> list[tuple[str, bool]]:
        """Return where a notice stands, and whether it is retained there."""
        event = (f"{self._prefix}/event", False)
        if not notice.device:
            return [event]
        return [(f"{self._prefix}/alarm/{_level(notice.device)}/{_level(notice.rule)}", True), event]

    def _client(self) -> PublishingClient:
        return PublishingClient(
            self._host,
            self._port,
            username=self._username or None,
            password=self._password or None,
            tls_context=ssl.create_default_context() if self._tls else None,
            timeout=self._timeout_s,
            protocol=self._version,
        )

    def _refused(self, error: aiomqtt.MqttCodeError, *, connected: bool) -> DeliveryResult:
        """Return what a broker's code says: of a login it is final until somebody mends it."""
        reason = str(Wording("send.broker-refuses-connection", words=str(error)))
        if self._password:
            reason = reason.replace(self._password, "***")
        login = any(word in reason.lower() for word in ("authori", "password", "identifier"))
        if login and not connected:
            return DeliveryResult(DeliveryOutcome.REJECTED, reason, failure=SendFailure.LOGIN)
        result = DeliveryOutcome.UNKNOWN if connected else DeliveryOutcome.TRANSIENT
        return DeliveryResult(result, reason, failure=SendFailure.REFUSED)


def _of_refusal(code: ReasonCode) -> DeliveryResult:
    """Return what the code of an acknowledgement says."""
    result, failure = _REFUSALS.get(code.value, (DeliveryOutcome.TRANSIENT, SendFailure.REFUSED))
    return DeliveryResult(result, Wording("send.broker-refuses", words=str(code)), failure=failure)


def _text(notice: Notice) -> str:
    return json.dumps(payload(notice) | {"active": notice.purpose not in OVER}, ensure_ascii=False)


def _level(name: str) -> str:
    """Return a name as one level of a topic."""
    return name.translate({ord(sign): "_" for sign in "/+#\0"})
