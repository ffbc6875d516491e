"""STATE of a Sparkplug host, by the ids of the Eclipse TCK 3.0: one session with a real Mosquitto, recorded.

Its packets are told by Mosquitto's own log, its payloads by pysparkplug.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from support.mqtt_harness import until
from support.sparkplug import born, edge_node, listening
from support.sparkplug_host import LoggedBroker, witness

from devices.mqtt.sparkplug_session import says_offline
from facilityd.model.quality import Reason

HOST, TOPIC, US = "facilityd-yard", "spBv1.0/STATE/facilityd-yard", "watcher"


@dataclass
class RecordedHost:
    """What became of a host whose connection was taken, whose state was overwritten, and that then went.

    ``first`` and ``second``: the packets of its two connections; ``states``: birth, will, birth, the
    stranger's, birth, death. ``kept``: what the broker keeps after the first birth, and at the end.
    ``resumed``: how the broker answered one who asked for its session. ``stale``: what was known of a device
    after the first connection.
    """

    first: list[str]
    second: list[str]
    states: list[dict[str, Any]]
    kept: list[tuple[bool, dict[str, Any]]]
    resumed: str
    stale: set[object]

    @property
    def birth(self) -> dict[str, Any]:
        return self.states[0]

    @property
    def will(self) -> dict[str, Any]:
        return self.states[1]

    @property
    def death(self) -> dict[str, Any]:
        return self.states[5]

    def published(self) -> list[str]:
        return [one for one in self.first + self.second if one.startswith("Received PUBLISH")]


def _at(packets: list[str], begin: str) -> int:
    return next(n for n, one in enumerate(packets) if one.startswith(begin))


async def _kept(port: int) -> tuple[bool, dict[str, Any]]:
    async with aiomqtt.Client("127.0.0.1", port) as client:
        await client.subscribe(TOPIC, 1)
        async with asyncio.timeout(10):
            message = await anext(client.messages)
    return message.retain, json.loads(bytes(message.payload))


async def _record(folder: Path) -> RecordedHost:
    broker, five = LoggedBroker(folder), aiomqtt.ProtocolVersion.V5
    async with broker, witness(broker) as seen, edge_node(broker) as node:
        async with listening(broker, host_id=HOST, client_id=US) as heard:
            await seen.until("STATE", 1)
            kept = [await _kept(broker.port)]
            await born(heard, node)
            first = broker.packets(US)
            # Another client of our name takes the connection: the broker publishes our will.
            async with aiomqtt.Client("127.0.0.1", broker.port, identifier=US):
                await seen.until("STATE", 2)
            begun = len(broker.packets(US))
            await seen.until("STATE", 3)
            await until(lambda: len(heard.intake.health) > 2 and heard.intake.health[-1].up, 20)
            stale = set(heard.now("tank").values())
            async with aiomqtt.Client("127.0.0.1", broker.port) as stranger:
                await stranger.publish(TOPIC, b'{"online":false,"timestamp":1}', 1, retain=True)
            await seen.until("STATE", 5)
        told = await broker.until_logged(US, lambda told: f"Received DISCONNECT from {US}" in told[-4:])
        await seen.until("STATE", 6)
        kept.append(await _kept(broker.port))
        async with aiomqtt.Client("127.0.0.1", broker.port, identifier=US, protocol=five, clean_start=False):
            again = await broker.until_logged(US, lambda now: "CONNACK" in now[-1] and len(now) > len(told))
    return RecordedHost(first, told[begun:], seen.of("STATE"), kept, again[-1], stale)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> RecordedHost:
    return asyncio.run(_record(tmp_path_factory.mktemp("state")))


def _is_state(told: dict[str, Any], *, online: bool) -> bool:
    return told["keys"] == ["online", "timestamp"] and told["online"] is online and told["timestamp"] > 10**12


def _subscribes_before_it_speaks(host: RecordedHost) -> bool:
    last = max(n for n, one in enumerate(host.first) if one.startswith("Sending SUBACK"))
    return last < _at(host.first, "Received PUBLISH")


def _subscribes_to_all(host: RecordedHost) -> bool:
    asked = {one.split()[0] for one in host.first if one.startswith("\tspBv1.0")}
    return asked == {"spBv1.0/yard/+/gw", "spBv1.0/yard/+/gw/+", TOPIC}


def _says_as(packet: str) -> bool:
    return re.search(rf"\(d0, q1, r1, m\d+, '{TOPIC}',", packet) is not None


RULES: dict[str, Callable[[RecordedHost], bool]] = {
    "intro-sparkplug-host-state": lambda h: [one["online"] for one in h.states[:3]] == [True, False, True],
    "message-flow-phid-sparkplug-clean-session-50": lambda h: (
        f"as {US} (p5, c1," in h.first[0] and h.resumed == f"Sending CONNACK to {US} (0, 0)"
    ),
    "message-flow-phid-sparkplug-subscription": lambda h: (
        _subscribes_to_all(h) and _subscribes_before_it_speaks(h)
    ),
    "host-topic-phid-birth-sub-required": _subscribes_to_all,
    "payloads-state-subscribe": lambda h: f"\t{TOPIC} (QoS 1)" in h.first[4:],
    "host-topic-phid-birth-message": lambda h: _says_as(h.published()[0]) and _is_state(h.birth, online=True),
    "host-topic-phid-birth-required": _subscribes_before_it_speaks,
    "message-flow-phid-sparkplug-state-publish": _subscribes_before_it_speaks,
    "message-flow-phid-sparkplug-state-publish-payload": lambda h: _is_state(h.birth, online=True),
    "message-flow-phid-sparkplug-state-publish-payload-timestamp": lambda h: (
        h.birth["timestamp"] == h.will["timestamp"]
    ),
    "host-topic-phid-birth-topic": lambda h: h.birth["topic"] == TOPIC,
    "host-topic-phid-birth-payload": lambda h: _is_state(h.birth, online=True),
    "host-topic-phid-birth-payload-timestamp": lambda h: h.birth["timestamp"] == h.will["timestamp"],
    "host-topic-phid-birth-qos": lambda h: h.birth["qos"] == 1,
    "host-topic-phid-birth-retain": lambda h: h.kept[0] == (True, _plain(h.birth)),
    "host-topic-phid-death-required": lambda h: h.first[1] == "Will message specified (42 bytes) (r1, q1).",
    "host-topic-phid-death-topic": lambda h: h.first[2] == f"\t{TOPIC}" and h.will["topic"] == TOPIC,
    "host-topic-phid-death-payload": lambda h: _is_state(h.will, online=False),
    "host-topic-phid-death-qos": lambda h: h.first[1].endswith("q1).") and h.will["qos"] == 1,
    "host-topic-phid-death-retain": lambda h: "(r1," in h.first[1],
    "host-topic-phid-death-payload-timestamp-connect": lambda h: h.will["timestamp"] == h.birth["timestamp"],
    "host-topic-phid-death-payload-timestamp-disconnect-clean": lambda h: (
        _is_state(h.death, online=False) and h.death["timestamp"] > h.states[4]["timestamp"]
    ),
    "message-flow-hid-sparkplug-state-message-delivered": lambda h: (
        h.states[3]["timestamp"] == 1 and _plain(h.states[4]) == _plain(h.states[2])
    ),
    "operational-behavior-primary-application-state-with-multiple-servers-state": lambda h: (
        _says_as(next(one for one in h.second if one.startswith("Received PUBLISH")))
        and h.states[2]["timestamp"] > h.will["timestamp"]
    ),
    "operational-behavior-host-application-connect-will": lambda h: h.first[1].startswith("Will message"),
    "operational-behavior-host-application-connect-birth": lambda h: _says_as(h.published()[0]),
    "operational-behavior-host-application-termination": lambda h: _is_state(h.death, online=False),
    "operational-behavior-host-application-death-topic": lambda h: h.death["topic"] == TOPIC,
    "operational-behavior-host-application-death-qos": lambda h: h.death["qos"] == 1,
    "operational-behavior-host-application-death-retained": lambda h: h.kept[1] == (True, _plain(h.death)),
    "operational-behavior-host-application-disconnect-intentional": lambda h: (
        _at(h.second[::-1], "Received DISCONNECT") < _at(h.second[::-1], "Received PUBLISH")
    ),
}


def _plain(told: dict[str, Any]) -> dict[str, Any]:
    return {"online": told["online"], "timestamp": told["timestamp"]}


@pytest.mark.parametrize("rule", RULES, ids=[f"tck-id-{rule}" for rule in RULES])
def test_a_rule_of_the_host_s_state(host: RecordedHost, rule: str) -> None:
    assert RULES[rule](host), host


def test_it_says_its_state_and_nothing_else(host: RecordedHost) -> None:
    assert len(host.published()) == 4
    assert all(_says_as(one) for one in host.published())


def test_what_is_known_is_stale_after_a_lost_connection(host: RecordedHost) -> None:
    """5.3: all metrics of nodes at that broker are, until they are born again."""
    assert host.stale == {Reason.LINK_DOWN}


async def test_tck_id_message_flow_phid_sparkplug_clean_session_311(tmp_path: Path) -> None:
    broker = LoggedBroker(tmp_path)
    async with broker, listening(broker, host_id=HOST, client_id=US, version="3.1.1"):
        packets = await broker.until_logged(US, lambda told: any("Received PUBLISH" in one for one in told))
    assert f"as {US} (p2, c1," in packets[0]


async def test_off_it_has_no_will_and_asks_for_no_state(tmp_path: Path) -> None:
    broker = LoggedBroker(tmp_path)
    async with broker:
        async with listening(broker, client_id=US):
            pass
        packets = await broker.until_logged(
            US, lambda told: any("Received DISCONNECT" in one for one in told)
        )
    assert not any("Will message" in one or "STATE" in one or "PUBLISH" in one for one in packets)


@pytest.mark.parametrize(
    ("payload", "gone"),
    [
        (b'{"online":false,"timestamp":5}', True), (b'{"online":true,"timestamp":5}', False), (b"OFFLINE", False),
        (b"\xff", False), (b"[]", False), (b'{"online":0}', False), (b'{"online":false}' + b" " * 2000, False), (b"[" * 1000, False),
    ],
)  # fmt: skip
def test_only_a_state_that_says_so_is_of_one_that_is_gone(payload: bytes, gone: bool) -> None:
    assert says_offline(payload) is gone
