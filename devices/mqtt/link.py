"""A broker and its units: connects, subscribes, hands in samples, acknowledges, for ever."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager

import aiomqtt

from devices.mqtt.first_words import FirstWords
from devices.mqtt.subscriber import MqttSubscriber, listen
from devices.mqtt.unit_decoder import UnitDecoder
from devices.mqtt.wildcard import WildcardSubscriber
from devices.operating_mode import OperatingModeTracker
from devices.unit import MqttLink, Unit
from facilityd.errors import LinkOutage, StoreFull
from facilityd.model.clock import Clock
from facilityd.model.link import EdgeNodeCounts, LinkHealth
from facilityd.model.quality import Reason
from facilityd.model.retry import RetryPolicy
from facilityd.model.sample import Intake, Sample
from facilityd.model.topic import covers

log = logging.getLogger(__name__)

Listen = Callable[[MqttLink], AbstractAsyncContextManager[MqttSubscriber]]
"""Connects to a broker. Raises LinkOutage."""

BATCH, BATCH_BYTES = 10_000, 2**20
"""Messages committed together: a commit takes a quarter of a second whatever is in it."""
TURN = 200
"""Messages decoded in one turn of the loop."""
TOLD_S = 60.0
"""A loss that goes on is reported again so often, in s."""
RECONNECT = RetryPolicy(0.5, 30.0)
FULL_S = 1.0
MINUTE_S = 60.0
FLAPPING = 3
"""Reconnects within a minute that suggest a second client of the same id."""


class MqttLinkRunner:
    """Everything one broker connection does."""

    def __init__(
        self,
        link: MqttLink,
        units: Sequence[Unit],
        intake: Intake,
        clock: Clock,
        mode: OperatingModeTracker,
        health: Callable[[LinkHealth], None],
        opener: Listen = listen,
        wildcards: Sequence[WildcardSubscriber] = (),
    ) -> None:
        self._listen, self._wildcards = opener, wildcards
        self._link, self._intake, self._clock, self._health = link, intake, clock, health
        self._mode, self.reported = mode, set[str]()
        self._decoders = [UnitDecoder(unit) for unit in units]
        self._by_topic = _by_topic(self._decoders)
        self._subscriber: MqttSubscriber | None = None
        self._refused = frozenset[str]()
        """Wildcards that the broker does not grant."""
        self._failures, self._connects = 0, deque[float](maxlen=FLAPPING + 1)
        self._reconnects, self._said, self._up = -1, "", False
        self._lost_before, self._lost_told, self._lost_at = 0, 0, -TOLD_S
        self._first_words = FirstWords()

    async def run(self) -> None:
        """Listen until cancelled. Outages are retried here and nowhere else."""
        while True:
            try:
                async with self._listen(self._link) as subscriber:
                    try:
                        await self._serve(subscriber)
                    finally:
                        self._subscriber = None
                        self._lost_before += subscriber.dropped()
            except LinkOutage as outage:
                self._lost(outage)
                wait = RECONNECT.wait(self._failures)
                self._failures += 1
                await asyncio.sleep(wait)

    async def adopt(self, units: Sequence[Unit], wildcards: Sequence[WildcardSubscriber]) -> None:
        """Listen to these units from now on, over the connection that there is.

        One that did not change goes on with what it said last. Of one that did, the broker is asked for what
        it keeps; topics of nobody are given back.
        """
        known = {decoder.unit.id: decoder for decoder in self._decoders}
        before, asked = {id(one) for one in self._decoders}, self._filters()
        self._wildcards = wildcards
        self._decoders = [
            known[unit.id] if unit.id in known and known[unit.id].unit == unit else UnitDecoder(unit)
            for unit in units
        ]
        self._by_topic = _by_topic(self._decoders)
        fresh = [decoder for decoder in self._decoders if id(decoder) not in before]
        if not self._up and self._failures:
            at, steady = self._clock.now()
            for decoder in fresh:
                self._intake.offer(decoder.forget(at, steady, Reason.LINK_DOWN))
        else:
            self._hear_again(fresh)
        if subscriber := self._subscriber:
            await self._ask_again(subscriber, asked, fresh)

    def _hear_again(self, fresh: Sequence[UnitDecoder]) -> None:
        """Hand in what new units said before they were units: they may not speak again for ten minutes."""
        for decoder in fresh:
            for topic, (payload, at, steady) in self._first_words.take(decoder.topics):
                samples = decoder.hear(topic, payload, at, steady, retained=False)
                for sample in samples:
                    self._mode.observe(sample)
                self._intake.offer(samples)

    async def _ask_again(
        self, subscriber: MqttSubscriber, asked: Collection[str], fresh: Sequence[UnitDecoder]
    ) -> None:
        wanted = self._filters()
        anew = {topic for decoder in fresh for topic in decoder.topics if topic in wanted}
        try:
            if gone := sorted(set(asked) - set(wanted)):
                await subscriber.unsubscribe(gone)
            ask = sorted(anew | (set(wanted) - set(asked)))
            for topic, reason in (await subscriber.subscribe(ask, self._link.qos)).items():
                log.warning("%s: topic %r brings nothing: %s", self._link.id, topic, reason)
        except aiomqtt.MqttError as error:  # the connection is opened again, and then asked for everything
            log.info("%s: %s while its topics changed", self._link.id, error)

    def _filters(self) -> list[str]:
        """Return what the broker is to be asked for: what a wildcard brings is not asked for twice."""
        wild = sorted({one for wildcard in self._wildcards for one in wildcard.filters} - self._refused)
        left = [topic for topic in self._by_topic if not any(covers(pattern, topic) for pattern in wild)]
        return [*wild, *sorted(left)]

    async def _serve(self, subscriber: MqttSubscriber) -> None:
        self._subscriber = subscriber
        for topic, reason in (await self.subscribe(subscriber)).items():
            log.warning("%s: topic %r brings nothing: %s", self._link.id, topic, reason)
        self._connected()
        messages = subscriber.messages()
        while True:
            batch = [await anext(messages)]
            size = len(batch[0].payload)
            while subscriber.waiting() and len(batch) < BATCH and size < BATCH_BYTES:
                batch.append(await anext(messages))
                size += len(batch[-1].payload)
            self._failures = 0
            self._count_lost(subscriber.dropped())
            await self._commit(await self._decode_all(batch), subscriber)
            for message in batch:
                subscriber.acknowledge(message)

    async def _decode_all(self, batch: Sequence[aiomqtt.Message]) -> list[Sample]:
        out: list[Sample] = []
        for begin in range(0, len(batch), TURN):
            if begin:
                await asyncio.sleep(0)
            for message in batch[begin : begin + TURN]:
                out += self.decode(message)
        return out

    async def subscribe(self, subscriber: MqttSubscriber) -> dict[str, str]:
        """Ask for everything once: a broker may send a message for each of two filters that bring it."""
        wild = sorted({pattern for wildcard in self._wildcards for pattern in wildcard.filters})
        refused = await subscriber.subscribe(wild, self._link.qos) if wild else {}
        self._refused = frozenset(refused)
        left = self._filters()[len(wild) - len(refused) :]
        return refused | await subscriber.subscribe(left, self._link.qos)

    def decode(self, message: aiomqtt.Message) -> list[Sample]:
        """Return the samples that the units decode from one message; bad ones where it cannot."""
        out: list[Sample] = []
        decoders = self._by_topic.get(str(message.topic), ())
        for decoder in decoders:
            out += self._made(decoder, message)
        if not decoders:
            self._look_for(message)
        for sample in out:
            self._mode.observe(sample)
        return out

    def _look_for(self, message: aiomqtt.Message) -> None:
        """Let the patterns see a message of nobody known; the first that it fits has it."""
        for wildcard in self._wildcards:
            try:
                if wildcard.hear(str(message.topic), message.payload, retained=message.retain):
                    if not message.retain:
                        self._first_words.note(str(message.topic), message.payload, *self._clock.now())
                    break
            except Exception:
                pattern = wildcard.template.unit.id
                if pattern not in self.reported:
                    self.reported.add(pattern)
                    log.exception("%s: a message on %r cannot be understood", pattern, str(message.topic))

    def _made(self, decoder: UnitDecoder, message: aiomqtt.Message) -> list[Sample]:
        """Return what one unit makes of a message; a failure nobody foresaw makes that unit bad, no other."""
        at, steady = self._clock.now()
        topic = str(message.topic)
        try:
            return decoder.hear(topic, message.payload, at, steady, retained=message.retain)
        except Exception:
            if decoder.unit.id not in self.reported:
                self.reported.add(decoder.unit.id)
                log.exception("%s: a message on %r cannot be understood", decoder.unit.id, topic)
            return decoder.forget(at, steady, Reason.MALFORMED)

    def _count_lost(self, here: int) -> None:
        """Report messages that found no room: at once, and while it goes on once a minute."""
        now, lost = self._clock.steady() / 1e9, self._lost_before + here
        if lost == self._lost_told or now - self._lost_at < TOLD_S:
            return
        log.warning(
            "%s: %d messages came faster than they could be kept and were dropped, %d since the start; "
            "publish less often, or with QoS 1 and 'qos: 1' here", self._link.id, lost - self._lost_told, lost
        )  # fmt: skip
        self._lost_told, self._lost_at = lost, now
        self._tell(up=True)

    async def _commit(self, samples: list[Sample], subscriber: MqttSubscriber) -> None:
        """Return when durable, or when newer messages wait: a full disk loses history, never an alarm.

        Each try is evaluated, stored or not. Until then the broker keeps what is not durable.
        """
        while samples:
            try:
                await self._intake.commit(samples)
            except StoreFull:
                await asyncio.sleep(FULL_S)
                if subscriber.waiting():
                    break
            else:
                break

    def _connected(self) -> None:
        self._reconnects += 1
        self._connects.append(self._clock.steady() / 1e9)
        if self._said:
            log.info("%s: connected again", self._link.id)
        self._said, self._up = "", True
        self._tell(up=True)

    def _lost(self, outage: LinkOutage) -> None:
        reason = str(outage)
        if len(self._connects) > FLAPPING and self._connects[-1] - self._connects[0] < MINUTE_S:
            reason += "; is another client using the same client_id?"
        if reason != self._said:
            self._said = reason
            log.warning("%s: %s", self._link.id, reason)
        if self._up or not self._failures:
            at, steady = self._clock.now()
            for decoder in self._decoders:
                self._intake.offer(decoder.forget(at, steady, Reason.LINK_DOWN))
        self._up = False
        self._tell(up=False, reason=reason)

    def _tell(self, *, up: bool, reason: str = "") -> None:
        reconnects = max(0, self._reconnects)
        self._health(LinkHealth(
            self._link.id, up, self._link.where, reason, reconnects, lost=self._lost_told,
            edge_nodes=self._edge_nodes(),
        ))  # fmt: skip

    def _edge_nodes(self) -> EdgeNodeCounts | None:
        """Return how the edge nodes do; None where there are none."""
        return None


def _by_topic(decoders: Sequence[UnitDecoder]) -> dict[str, list[UnitDecoder]]:
    found: dict[str, list[UnitDecoder]] = {}
    for decoder in decoders:
        for topic in decoder.topics:
            found.setdefault(topic, []).append(decoder)
    return found


async def run_link(
    link: MqttLink,
    units: Sequence[Unit],
    intake: Intake,
    clock: Clock,
    mode: OperatingModeTracker,
    health: Callable[[LinkHealth], None],
    opener: Listen = listen,
    wildcards: Sequence[WildcardSubscriber] = (),
) -> None:
    """Listen to one broker until cancelled; ``wildcards`` look for units that nobody listed."""
    await MqttLinkRunner(link, units, intake, clock, mode, health, opener, wildcards).run()
