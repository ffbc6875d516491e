"""A broker with Sparkplug B edge nodes: the same link, whose messages a host's state makes sense of."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterable, Sequence

import aiomqtt

from devices.mqtt.link import Listen, MqttLinkRunner
from devices.mqtt.rebirth import RebirthSchedule
from devices.mqtt.sparkplug import SparkplugHost, SparkplugNews, filters_of, node_of
from devices.mqtt.sparkplug_session import SparkplugSession, listen_or_speak, says_offline
from devices.mqtt.sparkplug_speech import state_topic
from devices.mqtt.subscriber import MqttSubscriber
from devices.mqtt.unit_decoder import UnitDecoder
from devices.mqtt.wildcard import WildcardSubscriber
from devices.operating_mode import OperatingModeTracker
from devices.pointer import steps_of
from devices.profile import TopicPoint
from devices.unit import MqttLink, SparkplugSettings, Unit
from facilityd.errors import LinkOutage
from facilityd.model.clock import Clock
from facilityd.model.link import EdgeNodeCounts, LinkHealth
from facilityd.model.sample import NS, Intake, Sample

log = logging.getLogger(__name__)

TELL_S = 1.0
"""What changes of the nodes is told so often at most, in s."""
STATE_S = 1.0
"""Our state is told again so often at most, in s: whoever overwrites it again and again is not our echo."""


class SparkplugLinkRunner(MqttLinkRunner):
    """Everything one connection to a broker with edge nodes does; ``link.sparkplug`` is given.

    Whatever has its time is looked at by one timer: messages that never come, requests for a rebirth, our
    state that somebody else overwrote, and what is told of the nodes.
    """

    def __init__(
        self,
        link: MqttLink,
        units: Sequence[Unit],
        intake: Intake,
        clock: Clock,
        mode: OperatingModeTracker,
        health: Callable[[LinkHealth], None],
        opener: Listen = listen_or_speak,
    ) -> None:
        super().__init__(link, units, intake, clock, mode, health, opener)
        self._settings = link.sparkplug or SparkplugSettings()
        self._state_topic = state_topic(self._settings.host_id) if self._settings.host_id else ""
        self._host = SparkplugHost(self._settings.reorder / NS, map(node_of, self._by_topic))
        self._schedule, self._rebirths = RebirthSchedule(), 0
        self._timer: asyncio.TimerHandle | None = None
        self._armed: float | None = None
        self._waits_said: dict[str, str] = {}
        self._state_due: float | None = None
        self._state_free = 0.0
        self._counts, self._tell_free = EdgeNodeCounts(), 0.0
        self._tell_due: float | None = None

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
        payload = message.payload if isinstance(message.payload, bytes) else b""
        topic, now = str(message.topic), self._clock.steady() / NS
        if topic == self._state_topic:
            # One that the broker kept is of before our own, which replaces it.
            if says_offline(payload) and not message.retain and self._state_due is None:
                self._state_due = max(now, self._state_free)
                self._arm()
            return []
        return [] if message.retain else self._samples(self._host.hear(topic, payload, now))

    async def run(self) -> None:
        """Listen until cancelled, and leave no timer behind."""
        try:
            await super().run()
        finally:
            if self._timer is not None:
                self._timer.cancel()

    async def adopt(self, units: Sequence[Unit], wildcards: Sequence[WildcardSubscriber]) -> None:
        """Listen to these units from now on; of a new one of a node that lives its birth is needed again."""
        before = set(self._by_topic)
        await super().adopt(units, wildcards)
        self._host.watch(map(node_of, self._by_topic))
        for unit in sorted(self._by_topic.keys() - before):
            self._host.miss(node_of(unit), f"{unit} is watched only since its birth")
        self._settle()

    async def subscribe(self, subscriber: MqttSubscriber) -> dict[str, str]:
        """Ask for every message of the units' nodes; what is known of them from before no longer holds.

        Only then is it told that we are there (Sparkplug 3.0, 5.3).
        """
        self._host.forget()
        self._settle()
        refused = await subscriber.subscribe(self._filters(), self._link.qos)
        if self._state_topic and isinstance(subscriber, SparkplugSession):
            refused |= await subscriber.subscribe([self._state_topic], 1)
            subscriber.tell_online()
        return refused

    def _lost(self, outage: LinkOutage) -> None:
        self._host.forget()
        self._state_due = None
        self._settle()
        super()._lost(outage)

    def _filters(self) -> list[str]:
        return filters_of(self._by_topic)

    def _samples(self, news: Iterable[SparkplugNews]) -> list[Sample]:
        heard = [(decoder, one) for one in news for decoder in self._by_topic.get(one.unit, ())]
        out = [sample for decoder, one in heard for sample in samples_of(decoder, one, *self._clock.now())]
        for sample in out:
            self._mode.observe(sample)
        self._settle()
        return out

    def _settle(self) -> None:
        """Take note of whose birth is waited for, and be woken when something has its time."""
        now, waits = self._clock.steady() / NS, self._host.waits
        if waits != self._waits_said:
            for node, why in waits.items():
                if self._waits_said.get(node) != why:
                    log.warning("%s: edge node %s: %s; %s", self._link.id, node, why, self._comes_again())
            self._waits_said = dict(waits)
            self._schedule.note(waits, now)
        counted = self._rebirths, self._host.gaps, self._host.malformed
        told = self._counts.rebirths, self._counts.gaps, self._counts.malformed
        if self._tell_due is None and (waits or self._counts.unborn or counted != told):
            self._tell_due = max(now, self._tell_free)
        self._arm()

    def _comes_again(self) -> str:
        if self._settings.rebirth:
            return "it is asked for its birth"
        return "values come again when it is born again"

    def _arm(self) -> None:
        """Look again when the first thing has its time: perhaps nothing more comes."""
        may_ask = self._settings.rebirth and isinstance(self._subscriber, SparkplugSession)
        asks = self._schedule.deadline if may_ask else None
        times = (self._host.deadline, asks, self._state_due, self._tell_due)
        deadline = min((one for one in times if one is not None), default=None)
        if deadline == self._armed:
            return
        if self._timer is not None:
            self._timer.cancel()
        wait = None if deadline is None else max(0.0, deadline - self._clock.steady() / NS)
        self._timer = None if wait is None else asyncio.get_running_loop().call_later(wait, self._look)
        self._armed = deadline

    def _look(self) -> None:
        self._timer = self._armed = None
        now = self._clock.steady() / NS
        if samples := self._samples(self._host.expire(now)):
            self._intake.offer(samples)
        if isinstance(self._subscriber, SparkplugSession):
            self._speak(self._subscriber, now)
        else:
            self._state_due = None
        if self._tell_due is not None and self._tell_due <= now:
            self._tell_due, self._tell_free = None, now + TELL_S
            if self._up and self._edge_nodes() != self._counts:
                self._tell(up=True)
        self._settle()

    def _speak(self, session: SparkplugSession, now: float) -> None:
        """Say what is due: the only place from which anything is said to others than the broker."""
        if self._settings.rebirth and (node := self._schedule.take(now)) and session.ask_rebirth(node):
            self._rebirths += 1
            log.info("%s: edge node %s is asked for its birth", self._link.id, node)
        if self._state_due is not None and self._state_due <= now:
            self._state_due, self._state_free = None, now + STATE_S
            session.tell_online()

    def _edge_nodes(self) -> EdgeNodeCounts:
        host = self._host
        wanted = {unit: self._wanted(unit) for unit in self._by_topic if node_of(unit) in host.waits}
        return EdgeNodeCounts(tuple(host.unknown(wanted)), self._rebirths, host.gaps, host.malformed)

    def _wanted(self, unit: str) -> frozenset[str]:
        return frozenset().union(*(_names(decoder) for decoder in self._by_topic[unit]))

    def _tell(self, *, up: bool, reason: str = "") -> None:
        self._counts = self._edge_nodes()
        super()._tell(up=up, reason=reason)


def runner_of(
    link: MqttLink,
    units: Sequence[Unit],
    intake: Intake,
    clock: Clock,
    mode: OperatingModeTracker,
    health: Callable[[LinkHealth], None],
    opener: Listen,
    wildcards: Sequence[WildcardSubscriber] = (),
) -> MqttLinkRunner:
    """Return what listens to a broker: as a Sparkplug host where its units are edge nodes."""
    if link.sparkplug is None:
        return MqttLinkRunner(link, units, intake, clock, mode, health, opener, wildcards)
    return SparkplugLinkRunner(link, units, intake, clock, mode, health, opener)


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


__all__ = ["SparkplugLinkRunner", "runner_of", "samples_of"]
