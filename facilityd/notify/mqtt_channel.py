"""Notices on a broker: what stands is retained under a topic for each alarm, and each notice is an event.

It publishes that something is the case, under a prefix of its own and over a connection of its own. It
subscribes to nothing and reads nothing, and no device listens there: it commands nothing.
"""

from __future__ import annotations

import asyncio
import json
import ssl

import aiomqtt

from facilityd.model.notice import DeliveryOutcome, DeliveryResult, Notice, Purpose, SendFailure
from facilityd.notify.failures import of_error
from facilityd.notify.webhook import payload

OVER = (Purpose.CLEARED, Purpose.UNWATCHED)
_QOS = 1


class MqttChannel:
    """``prefix``/alarm/DEVICE/RULE holds an alarm's newest notice; ``prefix``/event has every notice once.

    Delivered means: the broker has acknowledged both (QoS 1).
    """

    def __init__(
        self, *, host: str, port: int = 1883, prefix: str = "facilityd", username: str = "",
        password: str = "", tls: bool = False, timeout_s: float = 10.0,
    ) -> None:  # fmt: skip
        self._host, self._port, self._prefix = host, port, prefix
        self._username, self._password, self._tls = username, password, tls
        self._timeout_s = timeout_s

    async def send(self, notice: Notice) -> DeliveryResult:
        """Publish once. Raises nothing that the broker or the network can cause."""
        connected = False
        try:
            async with asyncio.timeout(self._timeout_s), self._client() as client:
                connected = True
                text = json.dumps(
                    payload(notice) | {"active": notice.purpose not in OVER}, ensure_ascii=False
                )
                if notice.device:
                    topic = f"{self._prefix}/alarm/{_level(notice.device)}/{_level(notice.rule)}"
                    await client.publish(topic, text, qos=_QOS, retain=True)
                await client.publish(f"{self._prefix}/event", text, qos=_QOS)
        except aiomqtt.MqttCodeError as error:
            return self._refused(error, connected=connected)
        except (aiomqtt.MqttError, OSError, TimeoutError) as error:
            result = DeliveryOutcome.UNKNOWN if connected else DeliveryOutcome.TRANSIENT
            reason = str(error) or "no answer in time"
            return DeliveryResult(result, reason, failure=of_error(error, connecting=not connected))
        return DeliveryResult(DeliveryOutcome.ACCEPTED)

    def _client(self) -> aiomqtt.Client:
        return aiomqtt.Client(
            self._host,
            self._port,
            username=self._username or None,
            password=self._password or None,
            tls_context=ssl.create_default_context() if self._tls else None,
            timeout=self._timeout_s,
        )

    def _refused(self, error: aiomqtt.MqttCodeError, *, connected: bool) -> DeliveryResult:
        """Return what a broker's code says: of a login it is final until somebody mends it."""
        reason = str(error)
        if self._password:
            reason = reason.replace(self._password, "***")
        login = any(word in reason.lower() for word in ("authori", "password", "identifier"))
        if login and not connected:
            return DeliveryResult(DeliveryOutcome.REJECTED, reason, failure=SendFailure.LOGIN)
        result = DeliveryOutcome.UNKNOWN if connected else DeliveryOutcome.TRANSIENT
        return DeliveryResult(result, reason, failure=SendFailure.REFUSED)


def _level(name: str) -> str:
    """Return a name as one level of a topic."""
    return name.translate({ord(sign): "_" for sign in "/+#\0"})
