"""The only place that knows aiomqtt and paho: a connection that can listen, and nothing else."""

from __future__ import annotations

import contextlib
import logging
import secrets
import socket
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from devices.mqtt.broker_client import BrokerClient
from devices.mqtt.inbound import Inbound
from devices.unit import MqttLink
from facilityd.errors import ConfigError, LinkOutage
from facilityd.model.message import Wording
from facilityd.model.socket_errors import connection_failure
from facilityd.model.tls import TlsFiles, tls_failure

RECEIVE_MAXIMUM = 100
"""QoS 1 messages a broker may send before the first is acknowledged (MQTT 5.0, 3.1.2.11.3)."""
KEEPALIVE_S = 20
CONNECT_S = 10.0
SESSION_S = 24 * 3600
REFUSED = 0x80
"""Codes from here on refuse a subscription (MQTT 3.1.1, 3.9.3; MQTT 5.0, 3.9.3)."""
_quiet = logging.getLogger("facilityd.mqtt.library")
_quiet.setLevel(logging.CRITICAL)


class MqttSubscriber:
    """An open connection: subscribe, listen, acknowledge. It cannot publish."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self._client = client

    async def subscribe(self, topics: Iterable[str], qos: int) -> dict[str, str]:
        """Ask for topics; return why, for each that will bring nothing. Raises aiomqtt.MqttError."""
        refused = {}
        for topic in topics:
            try:
                (code,) = await self._client.subscribe(topic, qos)
            except ValueError as error:  # what paho does not take for a topic
                refused[topic] = str(error)
            else:
                if (code if isinstance(code, int) else code.value) >= REFUSED:
                    refused[topic] = "the broker refuses it: check this user's rights there"
        return refused

    async def unsubscribe(self, topics: Iterable[str]) -> None:
        """Give topics back. Raises aiomqtt.MqttError."""
        for topic in topics:
            with contextlib.suppress(ValueError):  # what paho does not take for a topic was never asked for
                await self._client.unsubscribe(topic)

    async def messages(self) -> AsyncIterator[aiomqtt.Message]:
        """Iterate over what arrives. Raises aiomqtt.MqttError when the connection is lost."""
        queue = self._client._queue  # noqa: SLF001 - aiomqtt makes a task for each message that it hands out
        while True:
            yield await anext(self._client.messages)
            while not queue.empty():
                yield queue.get_nowait()

    def waiting(self) -> int:
        """Return how many messages lie here already."""
        return len(self._client.messages)

    def dropped(self) -> int:
        """Return how many QoS 0 messages found no room on this connection."""
        queue = self._client._queue  # noqa: SLF001 - aiomqtt makes the queue and hands it to nobody
        return queue.lost if isinstance(queue, Inbound) else 0

    def acknowledge(self, message: aiomqtt.Message) -> None:
        """Tell the broker that a QoS 1 message is durable here."""
        if message.qos:
            # aiomqtt 2.5 has no manual acknowledgement of its own (docs/reference/reliability.md §5.3).
            self._client._client.ack(message.mid, message.qos)  # noqa: SLF001


@asynccontextmanager
async def listen(link: MqttLink) -> AsyncIterator[MqttSubscriber]:
    """Connect to a broker. Raises LinkOutage where it cannot be reached or refuses us."""
    async with connected(link) as client:
        yield MqttSubscriber(client)


@asynccontextmanager
async def connected(link: MqttLink, will: aiomqtt.Will | None = None) -> AsyncIterator[aiomqtt.Client]:
    """Connect to a broker, which publishes ``will`` if we are lost. Raises LinkOutage."""
    client = _client(link, will)
    client._client.manual_ack_set(True)  # noqa: SLF001 - before the first message can arrive
    try:
        async with client:
            yield client
    except aiomqtt.MqttError as error:
        raise LinkOutage(_say(error), where=link.where, hint=_hint(error, link)) from error
    except (OSError, TimeoutError) as error:
        hint = Wording("link.check-broker")
        raise LinkOutage(connection_failure(error), where=link.where, hint=hint) from error


def _client(link: MqttLink, will: aiomqtt.Will | None) -> aiomqtt.Client:
    # What nodes said while we were away is of a session that is over: Sparkplug hosts keep none (3.0, 5.3).
    five, lasting = link.version == "5", bool(link.client_id) and link.sparkplug is None
    properties = Properties(PacketTypes.CONNECT) if five else None  # type: ignore[no-untyped-call]
    if properties:
        properties.ReceiveMaximum = RECEIVE_MAXIMUM
        properties.SessionExpiryInterval = SESSION_S if lasting else 0
    return BrokerClient(
        link.host,
        link.port,
        username=link.username or None,
        password=link.password or None,
        identifier=link.client_id or f"facilityd-{socket.gethostname()}-{secrets.token_hex(4)}",
        protocol=aiomqtt.ProtocolVersion.V5 if five else aiomqtt.ProtocolVersion.V311,
        clean_session=None if five else not lasting,
        clean_start=not lasting if five else 3,
        properties=properties,
        will=will,
        tls_context=_tls(link),
        keepalive=KEEPALIVE_S,
        timeout=CONNECT_S,
        queue_type=Inbound,
        logger=_quiet,
    )


def _tls(link: MqttLink) -> ssl.SSLContext | None:
    """Return a verifying context. Raises ConfigError where a file is wrong."""
    if not link.ca:
        return None
    try:
        return TlsFiles(link.ca, link.certificate, link.key).context()
    except OSError as error:
        raise ConfigError((f"link {link.id}: TLS files cannot be used: {error}",)) from error


def _say(error: aiomqtt.MqttError) -> str:
    cause = error.__cause__ or error.__context__  # aiomqtt hides it
    if isinstance(cause, ssl.SSLError):
        return tls_failure(cause) or str(cause) or str(error)
    return connection_failure(cause) if isinstance(cause, OSError) else str(error)


def _hint(error: aiomqtt.MqttError, link: MqttLink) -> str:
    text = f"{error} {error.__cause__}".lower()
    if "certificate" in text:
        return Wording("link.check-certificate")
    if "not authori" in text or "bad user" in text:
        return Wording("link.check-password")
    if link.version == "5" and ("timed out" in text or "protocol version" in text):
        return Wording("link.older-broker", link=link.id)
    return Wording("link.check-broker")
