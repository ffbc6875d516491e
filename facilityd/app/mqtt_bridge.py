"""What stands on the broker of an ``mqtt`` channel for Home Assistant, and what people reply there.

A connection of its own for each channel that asks for either. What is published is made of the present states
each second, so nothing has to be remembered; the broker says what it has of us from before. What is read is a
signed reply, which becomes an acknowledgement in the inbox, like one from the command line. Nothing else can.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from facilityd.app.core import Core
from facilityd.app.reply_results import ReplyResults
from facilityd.config.site import Site
from facilityd.errors import FacilitydError
from facilityd.model.message import reason
from facilityd.model.plain import plain
from facilityd.model.sample import NS
from facilityd.model.settings import ChannelSettings, RecipientSettings
from facilityd.notify.home_assistant import ABSENT, PRESENT, DiscoveryTopics, descriptions, problems
from facilityd.notify.mqtt_channel import PublishingClient
from facilityd.notify.mqtt_reply import MOST_BYTES, RefusedReply, ReplyKey, read_reply
from facilityd.supervise.inbox import Inbox
from facilityd.supervise.stop import end

log = logging.getLogger(__name__)
KIND = "mqtt"
LOOK_S, CHANGED_S = 1.0, 5.0
"""How often states are looked at, and whether the site asks for other channels."""
AGAIN_S, LONGEST_S = 5.0, 300.0
SETTLE_S = 2.0
"""For so long the broker hands out what was retained of us before."""
MOST_REPLIES = 20
"""Replies that are looked at in a minute: more are dropped, and that is said once."""
LONGEST_PACKET = 65_536
PUBLISH_S = 5.0
_QOS = 1
Wish = tuple[RecipientSettings, ChannelSettings, bool]
"""Whose channel asks for a bridge, and whether that shows states."""


@dataclass
class MqttBridge:
    """One channel's connection. ``person`` is whose channel it is; ``shows``: states, beside replies."""

    site: Callable[[], Site]
    core: Core
    person: RecipientSettings
    channel: ChannelSettings
    shows: bool
    _known: dict[str, str] = field(default_factory=dict)
    """What stands on the broker, by topic."""
    _replies: list[int] = field(default_factory=list)
    _results: ReplyResults = field(init=False)
    _trouble: str = ""

    def __post_init__(self) -> None:
        self._results = ReplyResults(self.core.path, lambda: self.core.clock.now()[0])

    async def run(self) -> None:
        """Stay connected until cancelled; what the broker or the network does is said once."""
        wait = AGAIN_S
        while True:
            try:
                async with self._client() as client:
                    wait = AGAIN_S
                    self._say("")
                    await self._serve(client)
            except* (aiomqtt.MqttError, OSError, TimeoutError) as error:
                self._say(self._masked(error.exceptions[0]))
            await asyncio.sleep(wait)
            wait = min(2 * wait, LONGEST_S)

    @property
    def _topics(self) -> DiscoveryTopics:
        options = self.channel.options
        discovery = options.get("home_assistant", "")
        return DiscoveryTopics(self.site().id, options.get("prefix", "facilityd"), discovery)

    @property
    def _reply_topic(self) -> str:
        return f"{self._topics.prefix}/reply"

    def _client(self) -> PublishingClient:
        options: Mapping[str, Any] = self.channel.options
        limits = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        limits.MaximumPacketSize = LONGEST_PACKET
        return PublishingClient(
            options["host"], options.get("port", 1883), username=options.get("username") or None,
            password=options.get("password") or None, protocol=aiomqtt.ProtocolVersion.V5,
            tls_context=ssl.create_default_context() if options.get("tls") else None, properties=limits,
            will=aiomqtt.Will(self._topics.presence, ABSENT, qos=_QOS, retain=True) if self.shows else None,
            timeout=10.0,
            max_queued_incoming_messages=1000,
        )  # fmt: skip

    async def _serve(self, client: PublishingClient) -> None:
        topics, self._known = self._topics, {}
        if self.channel.options.get("secret"):
            await client.subscribe(self._reply_topic, _QOS)
        for stands in (topics.configs, topics.states) if self.shows else ():
            await client.subscribe(stands, options=SubscribeOptions(_QOS, noLocal=True))
        async with asyncio.TaskGroup() as group:
            group.create_task(self._hear(client), name=f"replies {self.channel.id}")
            if self.channel.options.get("secret"):
                group.create_task(self._answer(client), name=f"results {self.channel.id}")
            if self.shows:
                group.create_task(self._show(client), name=f"states {self.channel.id}")

    async def _answer(self, client: PublishingClient) -> None:
        """Tell what comes of replies; a broker that does not let us says so in the log, once."""

        async def publish(text: str) -> None:
            try:
                await self._stand(client, f"{self._reply_topic}/result", text, retain=False)
            except aiomqtt.MqttError:
                if client.refusal is None:
                    raise
                log.warning("%s: results of replies are not told: %s", self.channel.id, client.refusal)
                client.refusal = None

        await self._results.tell(publish)

    async def _stand(self, client: PublishingClient, topic: str, text: str, *, retain: bool = True) -> None:
        """Publish what is to stand under a topic. Raises MqttError, also where the broker refuses it."""
        await client.publish(topic, text, qos=_QOS, retain=retain, timeout=PUBLISH_S)
        if client.refusal is not None:
            raise aiomqtt.MqttError(f"the broker refuses {topic}: {client.refusal}")

    async def _hear(self, client: PublishingClient) -> None:
        async for message in client.messages:
            payload = message.payload if isinstance(message.payload, bytes) else b""
            if str(message.topic) != self._reply_topic:
                self._known.setdefault(str(message.topic), payload.decode(errors="replace"))
            elif not message.retain:  # a retained one would come again at every connection
                self._take(payload)

    def _take(self, payload: bytes) -> None:
        """Hand a reply to the inbox, or say in the log why not."""
        now = self.core.clock.now()[0]
        self._replies = [at for at in self._replies if now - 60 * NS < at <= now]
        if len(self._replies) > MOST_REPLIES:
            return
        self._replies.append(now)
        if len(self._replies) > MOST_REPLIES:
            log.warning("%s: too many replies in a minute; the rest is dropped", self.channel.id)
            return
        person = self.person.name.in_(self.person.language)
        key = ReplyKey(self.site().id, self.channel.id, person, self.channel.options.get("secret", ""))
        try:
            reply = read_reply(payload[: MOST_BYTES + 1], key, now)
            Inbox(self.core.path).drop(reply)
            self._results.taken(reply)
        except (RefusedReply, FacilitydError) as error:
            self._results.refused(payload, reason(error))
            log.warning("%s: a reply is not taken: %s", self.channel.id, plain(str(error)))

    async def _show(self, client: PublishingClient) -> None:
        """Publish what changed, each second; what is described no more is taken off the broker."""
        presence = self._topics.presence
        try:
            await self._stand(client, presence, PRESENT)
            await asyncio.sleep(SETTLE_S)
            while True:
                await self._update(client)
                await asyncio.sleep(LOOK_S)
        finally:
            with contextlib.suppress(aiomqtt.MqttError, OSError):
                await self._stand(client, presence, ABSENT)

    async def _update(self, client: PublishingClient) -> None:
        wanted = self._wanted()
        gone = [topic for topic, text in self._known.items() if topic not in wanted and text]
        changed = {topic: text for topic, text in wanted.items() if self._known.get(topic) != text}
        for topic, text in (dict.fromkeys(gone, "") | changed).items():
            await self._stand(client, topic, text)
            self._known[topic] = text

    def _wanted(self) -> dict[str, str]:
        """Return what is to stand on the broker, descriptions first."""
        contexts, topics = self.core.planner.contexts, self._topics
        keys = [key for key in self.core.engine.watched if key in contexts]
        states = {(one.device, one.rule): one for one in self.core.alarms.states.values()}
        described = descriptions(keys, contexts, topics, self.person.language)
        return described | problems(keys, states, topics)

    def _say(self, trouble: str) -> None:
        if trouble and not self._trouble:
            log.warning("%s: no replies and no states over this broker: %s", self.channel.id, trouble)
        if self._trouble and not trouble:
            log.info("%s: the broker is reached again", self.channel.id)
        self._trouble = trouble

    def _masked(self, error: BaseException) -> str:
        text = str(error) or "no answer in time"
        password = self.channel.options.get("password")
        return plain(text.replace(password, "***") if password else text)


async def keep_bridges(site: Callable[[], Site], core: Core) -> None:
    """Keep a bridge for each channel that asks for one, as the site is by then, until cancelled."""
    running: dict[str, tuple[Wish, asyncio.Task[None]]] = {}
    async with asyncio.TaskGroup() as group:
        while True:
            asked = wishes(site())
            gone = [name for name, (wish, _) in running.items() if asked.get(name) != wish]
            await end([running.pop(name)[1] for name in gone])
            for name, wish in asked.items():
                if name not in running:
                    bridge = MqttBridge(site, core, *wish)
                    running[name] = wish, group.create_task(bridge.run(), name=f"bridge {name}")
            await asyncio.sleep(CHANGED_S)


def wishes(site: Site) -> dict[str, Wish]:
    """Return what bridges there are to be, by channel: of those that would show the same, the first shows."""
    found: dict[str, Wish] = {}
    places = set[tuple[Any, ...]]()
    for person in site.recipients.values():
        for channel in person.channels:
            options = channel.options if channel.kind == KIND else {}
            place = tuple(options.get(name) for name in ("host", "port", "prefix", "home_assistant"))
            shows = bool(options.get("home_assistant")) and place not in places
            if shows or options.get("secret"):
                found[channel.id] = person, channel, shows
            places |= {place} if shows else set()
    return found
