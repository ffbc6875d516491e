"""A simulated MQTT device: its own connection, its last will, its messages."""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
from collections import Counter

import aiomqtt

from devices.unit import MqttLink, Unit
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.sample import NS
from simulators.inverse_binding import Signals
from simulators.mqtt_encoder import MqttEncoder, OutgoingMessage
from simulators.mqtt_hazards import MqttHazard

_LOOK = 0.1  # s between looks at the truth
_AGAIN = 1.0  # s before a lost broker is tried again
_PATIENCE = 10.0  # s for the broker to confirm
_VERSIONS = {"5": aiomqtt.ProtocolVersion.V5, "3.1.1": aiomqtt.ProtocolVersion.V311}
_HEALTHY = MqttHazard()


class MqttPublisher:
    """Publishes one unit as its device would; run it as a task for as long as it has power.

    Topics that are some point's first source are sent whole every ``period`` s; the others
    carry changes only. ``witness`` counts messages of others below the unit's topic: a
    monitor sends none.
    """

    def __init__(
        self, unit: Unit, link: MqttLink, *, period: float | None = None, retain: bool = False
    ) -> None:
        self.witness: Counter[str] = Counter()
        self._unit, self._link, self._encoder = unit, link, MqttEncoder(unit, retain=retain)
        self._period = unit.poll_rates.rest / NS if period is None else period
        self._hazard = _HEALTHY
        self._client: aiomqtt.Client | None = None

    def update(self, signals: Signals) -> None:
        """Take the whole truth."""
        self._encoder.update(signals)

    def inject(self, hazard: MqttHazard | None) -> None:
        """Misbehave, or behave again; both from the next message on."""
        self._hazard = hazard or _HEALTHY
        if self._hazard.offline:
            self._break()

    async def run(self) -> None:
        """Connect, publish, and connect again, until cancelled."""
        while True:
            if not self._hazard.offline:
                with contextlib.suppress(aiomqtt.MqttError, TimeoutError):  # the broker is away
                    await self._live()
                self._client = None
            await asyncio.sleep(_LOOK if self._hazard.offline else _AGAIN)

    async def _live(self) -> None:
        async with self._connect() as client:
            self._client = client
            listening = asyncio.create_task(self._listen(client))
            try:
                await self._talk(client, listening)
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)

    # --- the connection --------------------------------------------------------------------

    def _connect(self) -> aiomqtt.Client:
        last = self._encoder.presence(online=False)
        will = aiomqtt.Will(last.topic, last.payload, 1, retain=True) if last else None
        return plain_client(self._link, f"simulated-{self._unit.id}", will)

    def _break(self) -> None:
        # A power cut sends no DISCONNECT; aiomqtt offers no way to leave without one.
        line = self._client._client.socket() if self._client else None  # noqa: SLF001
        if isinstance(line, socket.socket):
            line.shutdown(socket.SHUT_RDWR)

    async def _listen(self, client: aiomqtt.Client) -> None:
        encoder = self._encoder
        own = {encoder.topic(message.topic) for message in encoder.messages}
        if there := encoder.presence(online=True):
            own.add(there.topic)
        await client.subscribe(encoder.topic("#"), qos=1)
        async for message in client.messages:
            # amqtt now and then hands a new subscriber retained messages that it never asked for.
            topic = str(message.topic)
            if topic.startswith(encoder.topic("#")[:-1]) and topic not in own:
                self.witness[topic] += 1

    # --- the messages ----------------------------------------------------------------------

    async def _talk(self, client: aiomqtt.Client, listening: asyncio.Task[None]) -> None:
        loop = asyncio.get_running_loop()
        if there := self._encoder.presence(online=True):
            await self._send(client, there)
        due, before = loop.time(), None
        while True:
            hazard, now = self._hazard, loop.time()
            if hazard.retained_once:
                if hazard is not before:
                    await self._status(client, hazard)
            elif now >= due:
                await self._status(client, hazard)
                due = max(due + self._period, now)
            else:
                await self._news(client, hazard)
            before = hazard
            if listening.done():
                listening.result()  # raises what ended the connection
            await asyncio.sleep(min(_LOOK, self._period))

    async def _status(self, client: aiomqtt.Client, hazard: MqttHazard) -> None:
        for message in self._encoder.status(hazard):
            await self._send(client, message)

    async def _news(self, client: aiomqtt.Client, hazard: MqttHazard) -> None:
        for message in self._encoder.news(hazard):
            await self._send(client, message)

    @staticmethod
    async def _send(client: aiomqtt.Client, said: OutgoingMessage) -> None:
        async with asyncio.timeout(_PATIENCE):
            await client.publish(said.topic, said.payload, 1, retain=said.retain)


def plain_client(link: MqttLink, identifier: str, will: aiomqtt.Will | None = None) -> aiomqtt.Client:
    """Return a client for a broker, not connected yet. Raises UsageError for a version that nobody knows."""
    if link.version not in _VERSIONS:
        raise UsageError(Wording("scenario.mqtt-version-not-known", version=link.version), where=link.id)
    return aiomqtt.Client(
        link.host,
        link.port,
        username=link.username or None,
        password=link.password or None,
        identifier=identifier,
        protocol=_VERSIONS[link.version],
        will=will,
        keepalive=10,
        # With a finite timeout aiomqtt waits in asyncio.wait_for, which before Python 3.12
        # swallows a cancellation that comes together with the answer.
        timeout=math.inf,
        tls_params=_tls(link),
    )


def _tls(link: MqttLink) -> aiomqtt.TLSParameters | None:
    if not link.ca:
        return None
    ca = None if link.ca == "system" else link.ca
    return aiomqtt.TLSParameters(ca, link.certificate or None, link.key or None)
