"""A connection that listens, and may say the two things that a Sparkplug host says (decision 0101)."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import aiomqtt
import paho.mqtt.client as mqtt
from paho.mqtt.enums import MQTTErrorCode

from devices.mqtt.sparkplug_speech import HostMessage, rebirth_request, state_message, state_topic
from devices.mqtt.subscriber import MqttSubscriber, connected, listen
from devices.unit import MqttLink, SparkplugSettings

_LONGEST_STATE = 1024
_LOOKS, _LOOK_S = 50, 0.02
"""How often it is looked whether the broker has what we said last, and every how many s: a second at most."""


class SparkplugSession(MqttSubscriber):
    """A subscriber of a link that may speak. ``began``: ms since 1970 at which it was connected."""

    def __init__(self, client: aiomqtt.Client, settings: SparkplugSettings, began: int) -> None:
        super().__init__(client)
        self._settings, self._began = settings, began

    @property
    def state_topic(self) -> str:
        """Where our own state is told; "" where none is."""
        return state_topic(self._settings.host_id) if self._settings.host_id else ""

    def ask_rebirth(self, node: str) -> bool:
        """Ask a node for its births; return whether it was handed to the broker's socket."""
        return self._settings.rebirth and _is_sent(self._send(rebirth_request(node, _now())))

    def tell_online(self) -> bool:
        """Tell that we are there, with the time of the will; return whether that was handed on."""
        if not self._settings.host_id:
            return False
        return _is_sent(self._send(state_message(self._settings.host_id, self._began, online=True)))

    async def tell_offline(self) -> None:
        """Tell that we are going, and wait a moment until the broker has it: the DISCONNECT comes next.

        Closed with something unread, the socket would take back what the broker has not read yet, the
        DISCONNECT among it, and the broker would publish the will over what we said.
        """
        if not self._settings.host_id:
            return
        said = self._send(state_message(self._settings.host_id, _now(), online=False))
        for _ in range(_LOOKS if _is_sent(said) else 0):
            if said.is_published():
                break
            await asyncio.sleep(_LOOK_S)

    def _send(self, said: HostMessage) -> mqtt.MQTTMessageInfo:
        # paho's own: it does not wait for the broker, which may hang, and keeps the order.
        paho = self._client._client  # noqa: SLF001
        return paho.publish(said.topic, said.payload, said.qos, said.retain)


def _is_sent(told: mqtt.MQTTMessageInfo) -> bool:
    return told.rc == MQTTErrorCode.MQTT_ERR_SUCCESS


def listen_or_speak(link: MqttLink) -> AbstractAsyncContextManager[MqttSubscriber]:
    """Connect to a broker; only where the link's settings say so it may be spoken to. Raises LinkOutage."""
    settings = link.sparkplug
    return listen(link) if settings is None or not settings.speaks else _speaking(link, settings)


@asynccontextmanager
async def _speaking(link: MqttLink, settings: SparkplugSettings) -> AsyncIterator[MqttSubscriber]:
    began, will = _now(), None
    if settings.host_id:
        death = state_message(settings.host_id, began, online=False)
        will = aiomqtt.Will(death.topic, death.payload, death.qos, death.retain)
    async with connected(link, will) as client:
        session = SparkplugSession(client, settings, began)
        try:
            yield session
        finally:
            await session.tell_offline()


def says_offline(payload: bytes) -> bool:
    """Return whether a state says that its host is gone. Raises nothing."""
    try:
        told = json.loads(payload) if len(payload) <= _LONGEST_STATE else None
    except (ValueError, RecursionError):  # a UnicodeDecodeError is a ValueError
        return False
    return isinstance(told, dict) and told.get("online") is False


def _now() -> int:
    return time.time_ns() // 1_000_000


__all__ = ["SparkplugSession", "listen_or_speak", "says_offline"]
