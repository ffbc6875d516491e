"""A broker and its devices in virtual time: messages, last wills and retained ones, in memory."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import cast

import aiomqtt

from devices.mqtt.subscriber import MqttSubscriber
from devices.unit import MqttLink, Unit
from facilityd.errors import LinkOutage
from facilityd.model.message import Wording
from facilityd.model.sample import NS
from facilityd.model.topic import covers
from simulators.edge_nodes import EdgeNodeEncoder
from simulators.inverse_binding import Signals
from simulators.mqtt_encoder import MqttEncoder, OutgoingMessage
from simulators.mqtt_hazards import MqttHazard

LOOKS = 2
"""Looks at the truth per period of a device: a change is news after half of it at most."""
WAKES_S = 1.0
"""A device publishes first so long after its broker is there, in s."""
_HEALTHY = MqttHazard()


class _MemoryEar:
    """What devices.mqtt.subscriber.MqttSubscriber promises."""

    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker
        self._topics: set[str] = set()
        self._patterns: set[str] = set()
        self._queue: deque[aiomqtt.Message] = deque()
        self._news = asyncio.Event()
        self.lost = ""
        self._dropped, self._next_fits = 0, True

    async def subscribe(self, topics: Iterable[str], _qos: int) -> dict[str, str]:
        for topic in topics:
            (self._patterns if "+" in topic else self._topics).add(topic)
        for said in self._broker.retained.values():
            self.hear(said, retained=True)
        return {}

    async def unsubscribe(self, topics: Iterable[str]) -> None:
        for topic in topics:
            self._topics.discard(topic)
            self._patterns.discard(topic)

    def hear(self, said: OutgoingMessage, *, retained: bool = False) -> None:
        known = said.topic in self._topics or any(covers(one, said.topic) for one in self._patterns)
        if not known:
            return
        self._next_fits = not (self._broker.flooded and self._next_fits)
        if not self._next_fits:
            self._dropped += 1
        else:
            self._queue.append(aiomqtt.Message(said.topic, said.payload, 0, retained, 0, None))
            self._news.set()

    def hang_up(self, reason: str) -> None:
        self.lost = reason
        self._news.set()

    async def messages(self) -> AsyncIterator[aiomqtt.Message]:
        while True:
            while self._queue:
                yield self._queue.popleft()
            if self.lost:
                raise aiomqtt.MqttError(self.lost)
            self._news.clear()
            await self._news.wait()

    def waiting(self) -> int:
        return len(self._queue)

    def dropped(self) -> int:
        return self._dropped

    def acknowledge(self, message: aiomqtt.Message) -> None:
        """QoS 0: nothing to tell."""


class MemoryBroker:
    """One broker. While ``refusing`` nobody gets in; while ``flooded`` every other message finds no room.

    Units of a Sparkplug link publish as edge nodes and their devices do.
    """

    def __init__(self, link: MqttLink) -> None:
        self._link = link
        self.edge_nodes = EdgeNodeEncoder() if link.sparkplug else None
        self._subscribers: list[_MemoryEar] = []
        self.retained: dict[str, OutgoingMessage] = {}
        self.refusing = self.flooded = False

    def publish(self, said: OutgoingMessage) -> None:
        """Deliver a message to all its subscribers."""
        if self.refusing:
            return
        for one in self.edge_nodes.encode(said) if self.edge_nodes else (said,):
            self._deliver(one)

    def _deliver(self, said: OutgoingMessage) -> None:
        if said.retain:
            self.retained[said.topic] = said
        for subscriber in self._subscribers:
            subscriber.hear(said)

    def stop(self) -> None:
        """Hang up on everybody and let nobody in; what was retained is lost with its memory."""
        self.refusing = True
        self.retained.clear()
        for subscriber in self._subscribers:
            subscriber.hang_up("the broker closed the connection")

    def start(self) -> None:
        """Let everybody in again."""
        self.refusing = self.flooded = False
        if self.edge_nodes:
            self.edge_nodes.restart()

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[MqttSubscriber]:
        """Connect. Raises LinkOutage."""
        await asyncio.sleep(0)
        if self.refusing:
            raise LinkOutage(Wording("link.refused"), where=self._link.where)
        subscriber = _MemoryEar(self)
        self._subscribers.append(subscriber)
        try:
            yield cast("MqttSubscriber", subscriber)
        except aiomqtt.MqttError as error:
            raise LinkOutage(str(error), where=self._link.where) from error
        finally:
            self._subscribers.remove(subscriber)


class MemoryDevice:
    """One publishing device: publishes once a period, and of changes when it looks."""

    def __init__(self, unit: Unit, broker: MemoryBroker, truth: Callable[[], Signals]) -> None:
        self._encoder, self._broker, self._truth = MqttEncoder(unit), broker, truth
        self._period = unit.poll_rates.rest / NS
        self._hazard = _HEALTHY

    def inject(self, hazard: MqttHazard | None) -> None:
        """Misbehave, or behave again. Going offline makes the broker publish the last will."""
        before, self._hazard = self._hazard, hazard or _HEALTHY
        if self._hazard.offline and not before.offline:
            self._tell(self._encoder.presence(online=False))
        elif before.offline and not self._hazard.offline:
            self._tell(self._encoder.presence(online=True))
        if self._hazard.retained_once:
            self._tell_all(self._encoder.status(self._hazard))

    async def run(self) -> None:
        """Publish until cancelled."""
        await asyncio.sleep(WAKES_S)
        self._tell(self._encoder.presence(online=True))
        look = 0
        while True:
            if not self._hazard.offline and not self._hazard.retained_once:
                self._encoder.update(self._truth())
                said = (
                    self._encoder.news(self._hazard) if look % LOOKS else self._encoder.status(self._hazard)
                )
                self._tell_all(said)
            look += 1
            await asyncio.sleep(self._period / LOOKS)

    def _tell_all(self, said: Iterable[OutgoingMessage]) -> None:
        for one in said:
            self._tell(one)

    def _tell(self, said: OutgoingMessage | None) -> None:
        if said is not None:
            self._broker.publish(said)
