"""A broker with Sparkplug B edge nodes: the same link, whose messages a host's state makes sense of."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterable, Sequence

import aiomqtt

from devices.mqtt.link import Listen, MqttLinkRunner
from devices.mqtt.sparkplug import SparkplugHost, SparkplugNews, filters_of
from devices.mqtt.subscriber import MqttSubscriber, listen
from devices.mqtt.unit_decoder import UnitDecoder
from devices.operating_mode import OperatingModeTracker
from devices.pointer import steps_of
from devices.profile import TopicPoint
from devices.unit import MqttLink, Unit
from facilityd.errors import LinkOutage
from facilityd.model.clock import Clock
from facilityd.model.link import LinkHealth
from facilityd.model.sample import NS, Intake, Sample

log = logging.getLogger(__name__)


class SparkplugLinkRunner(MqttLinkRunner):
    """Everything one connection to a broker with edge nodes does; ``link.sparkplug`` is given."""

    def __init__(
        self,
        link: MqttLink,
        units: Sequence[Unit],
        intake: Intake,
        clock: Clock,
        mode: OperatingModeTracker,
        health: Callable[[LinkHealth], None],
        opener: Listen = listen,
    ) -> None:
        super().__init__(link, units, intake, clock, mode, health, opener)
        self._host = SparkplugHost((link.sparkplug or 0) / NS)
        self._timer: asyncio.TimerHandle | None = None
        self._told: dict[str, str] = {}

    @property
    def gaps(self) -> int:
        """Messages of edge nodes that never came."""
        return self._host.gaps

    @property
    def malformed(self) -> int:
        """Messages that are none of Sparkplug's."""
        return self._host.malformed

    def decode(self, message: aiomqtt.Message) -> list[Sample]:
        """Return the samples that a message makes; none of one that is retained: nobody knows its age."""
        if message.retain:
            return []
        payload = message.payload if isinstance(message.payload, bytes) else b""
        return self._samples(self._host.hear(str(message.topic), payload, self._clock.steady() / NS))

    async def subscribe(self, subscriber: MqttSubscriber) -> dict[str, str]:
        """Ask for every message of the units' nodes; what is known of them from before no longer holds."""
        self._host.forget()
        self._told.clear()
        return await subscriber.subscribe(self._filters(), self._link.qos)

    def _lost(self, outage: LinkOutage) -> None:
        self._host.forget()
        self._arm()
        super()._lost(outage)

    def _filters(self) -> list[str]:
        return filters_of(self._by_topic)

    def _samples(self, news: Iterable[SparkplugNews]) -> list[Sample]:
        heard = [(decoder, one) for one in news for decoder in self._by_topic.get(one.unit, ())]
        out = [sample for decoder, one in heard for sample in samples_of(decoder, one, *self._clock.now())]
        for sample in out:
            self._mode.observe(sample)
        self._say()
        self._arm()
        return out

    def _say(self) -> None:
        """Log once of each node why its birth has to be waited for."""
        for node, why in self._host.waits.items():
            if self._told.get(node) != why:
                text = "%s: edge node %s: %s; values come again when it is born again"
                log.warning(text, self._link.id, node, why)
        self._told = dict(self._host.waits)

    def _arm(self) -> None:
        """Look again when the first missing message is to be given up: perhaps nothing more comes."""
        if self._timer is not None:
            self._timer.cancel()
        deadline = self._host.deadline
        wait = None if deadline is None else max(0.0, deadline - self._clock.steady() / NS)
        self._timer = None if wait is None else asyncio.get_running_loop().call_later(wait, self._expire)

    def _expire(self) -> None:
        self._intake.offer(self._samples(self._host.expire(self._clock.steady() / NS)))


def samples_of(decoder: UnitDecoder, news: SparkplugNews, at: int, steady: int) -> list[Sample]:
    """Return what news of a unit make of it; ``at`` and ``steady`` are now, in ns."""
    if news.reason is not None:
        return decoder.forget(at, steady, news.reason)
    wanted = {name: value for name, value in news.values.items() if name in _names(decoder)}
    text = json.dumps(wanted).encode()
    return decoder.hear(decoder.unit.topic, text, at, steady, retained=False) if wanted else []


def _names(decoder: UnitDecoder) -> frozenset[str]:
    """Return the metrics that a unit is bound to."""
    points = (binding.point for binding in decoder.unit.bindings)
    sources = (source for point in points if isinstance(point, TopicPoint) for source in point.sources)
    return frozenset(step for source in sources for step in steps_of(source.pointer)[:1])


__all__ = ["SparkplugLinkRunner", "samples_of"]
