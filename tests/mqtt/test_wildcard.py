"""Units behind a wildcard topic: told once each, never more than may be, and never out of a leftover."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import aiomqtt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fuzz import CASES
from support.mosquitto import Mosquitto
from support.mqtt_harness import CollectingIntake, plug, power, publish, until

from devices.mqtt.link import MqttLinkRunner
from devices.mqtt.subscriber import MqttSubscriber
from devices.mqtt.wildcard import (
    MOST_NAMES,
    NO_ROOM,
    RETAINED,
    TOO_MANY,
    TRIES,
    UNLIKE,
    DiscoveredName,
    WildcardSubscriber,
)
from devices.operating_mode import OperatingModeTracker
from devices.unit import MqttLink, Unit, UnitTemplate
from facilityd.model.clock import Clock
from facilityd.model.topic import UNFIT, covers

BELOW = "status/switch:0"


def wildcard_subscriber(
    topic: str = "lamps/+", **more: Any
) -> tuple[WildcardSubscriber, list[DiscoveredName]]:
    told: list[DiscoveredName] = []
    return WildcardSubscriber(UnitTemplate(plug(topic, "lamp"), **{"room": 5, **more}), told.append), told


def heard(one: WildcardSubscriber, name: str, payload: str = power(1), *, retained: bool = False) -> None:
    one.hear(f"lamps/{name}/{BELOW}", payload.encode(), retained=retained)


def test_what_speaks_like_the_pattern_is_found_once() -> None:
    one, told = wildcard_subscriber()
    for name in ("a", "灯 1", "a"):
        heard(one, name)
    assert told == [DiscoveredName("lamp", "a", ""), DiscoveredName("lamp", "灯 1", "")]


def test_what_speaks_otherwise_is_told_after_some_messages() -> None:
    one, told = wildcard_subscriber()
    for _ in range(TRIES + 5):
        heard(one, "bridge", '{"version": 1}')
        heard(one, "broken", "{")
    assert told == [DiscoveredName("lamp", "bridge", UNLIKE), DiscoveredName("lamp", "broken", UNLIKE)]


def test_a_leftover_is_no_unit_until_it_speaks() -> None:
    one, told = wildcard_subscriber()
    heard(one, "old", retained=True)
    heard(one, "old", retained=True)
    assert told == [DiscoveredName("lamp", "old", RETAINED)]
    heard(one, "old")
    assert told[1:] == [DiscoveredName("lamp", "old", "")]


def test_no_more_than_there_is_room_for() -> None:
    one, told = wildcard_subscriber(room=2)
    for name in "abcd":
        heard(one, name)
        heard(one, name)
    assert [sighting.why for sighting in told] == ["", "", NO_ROOM, NO_ROOM]


def test_names_are_bounded_in_length_and_number() -> None:
    one, told = wildcard_subscriber(room=5000)
    for number in range(MOST_NAMES + 500):
        heard(one, f"n{number}")
    assert len(told) == MOST_NAMES + 1
    assert told[-1] == DiscoveredName("lamp", "…", TOO_MANY)
    other, told = wildcard_subscriber()
    heard(other, "x" * 60_000)
    assert len(told[0].name) == 65
    heard(other, "a\x1b[31m")
    assert [sighting.why for sighting in told] == [UNFIT, UNFIT]


def test_what_is_known_or_anothers_is_not_told() -> None:
    one, told = wildcard_subscriber(known=frozenset({"a"}), taken=frozenset({"lamps/b"}))
    for name in "ab":
        heard(one, name)
    assert told == []


@pytest.mark.parametrize(
    ("pattern", "topic"),
    [
        ("lamps/+", f"other/a/{BELOW}"), ("lamps/+", "lamps/a/status/other"), ("lamps/+", f"lamps/{BELOW}"),
        ("+/lamp", f"a/lamps/{BELOW}"), ("+/lamp", f"a/x/lamp/{BELOW}"), ("lamps/+", "lamps/"), ("lamps/+", "lamps"),
    ],
)  # fmt: skip
def test_topics_that_do_not_fit(pattern: str, topic: str) -> None:
    one, told = wildcard_subscriber(pattern)
    one.hear(topic, power(1).encode(), retained=False)
    assert told == []


def test_a_level_in_the_middle() -> None:
    one, told = wildcard_subscriber("site/+/lamp")
    one.hear(f"site/west/lamp/{BELOW}", power(1).encode(), retained=False)
    assert [sighting.name for sighting in told] == ["west"]
    assert all(covers(pattern, f"site/x/lamp/{BELOW}") or "online" in pattern for pattern in one.filters[:1])


TEXTS = st.text(max_size=12)


@given(
    st.lists(
        st.tuples(TEXTS, st.binary(max_size=30) | st.just(power(3).encode()), st.booleans()), max_size=20
    )
)
@settings(max_examples=CASES, deadline=None)
def test_no_message_raises_or_finds_too_much(said: Iterable[tuple[str, bytes, bool]]) -> None:
    one, told = wildcard_subscriber(room=3)
    for name, payload, retained in said:
        one.hear(f"lamps/{name}/{BELOW}", payload, retained=retained)
    found = [sighting.name for sighting in told if not sighting.why]
    assert len(found) == len(set(found)) <= 3
    assert all("/" not in name and name.isprintable() for name in found)


async def test_a_broker_sends_each_message_once(tmp_path: Path) -> None:
    """The wildcard brings what the known unit says, too: it is not asked for a second time."""
    intake, told = CollectingIntake(), list[DiscoveredName]()
    async with Mosquitto(tmp_path) as broker:
        link = MqttLink("broker", "127.0.0.1", broker.port)
        wildcards = [
            WildcardSubscriber(UnitTemplate(plug("lamps/+", "lamp"), frozenset({"a"}), room=5), told.append)
        ]
        lamp = plug("lamps/a", "lamp-a")
        runner = MqttLinkRunner(
            link, [lamp], intake, Clock(), OperatingModeTracker({}), intake.health.append, wildcards=wildcards
        )
        task = asyncio.create_task(runner.run())
        await until(lambda: intake.health and intake.health[-1].up)
        await publish(broker, power(7), topic=f"lamps/a/{BELOW}")
        await publish(broker, power(8), topic=f"lamps/b/{BELOW}")
        await publish(broker, power(9), topic=f"lamps/a/{BELOW}")
        await until(lambda: intake.values() == [7.0, 9.0])
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert [sighting.name for sighting in told] == ["b"]


@pytest.mark.parametrize("granted", [True, False])
async def test_a_unit_is_asked_for_by_itself_where_the_wildcard_is_refused(granted: bool) -> None:
    asked: list[str] = []

    class Broker:
        async def subscribe(self, topic: str, _qos: int) -> tuple[int]:
            asked.append(topic)
            return (1,) if granted or "+" not in topic else (0x87,)

    wildcards = [
        WildcardSubscriber(UnitTemplate(plug("lamps/+", "lamp"), frozenset({"a"}), room=5), lambda _: None)
    ]
    link, units = MqttLink("broker", "192.0.2.7"), [plug("lamps/a", "lamp-a"), plug("other/b", "b")]
    runner = MqttLinkRunner(
        link,
        units,
        CollectingIntake(),
        Clock(),
        OperatingModeTracker({}),
        lambda _: None,
        wildcards=wildcards,
    )
    refused = await runner.subscribe(MqttSubscriber(cast("Any", Broker())))
    assert set(refused) == (set() if granted else {topic for topic in asked if "+" in topic})
    assert (f"lamps/a/{BELOW}" in asked) is not granted
    assert f"other/b/{BELOW}" in asked


def test_a_failure_of_the_search_harms_no_unit(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: DiscoveredName) -> None:
        raise RuntimeError("nobody foresaw this")

    caplog.set_level(logging.CRITICAL)
    units: list[Unit] = [plug("lamps/a", "lamp-a")]
    wildcards = [WildcardSubscriber(UnitTemplate(plug("lamps/+", "lamp"), frozenset({"a"}), room=5), fail)]
    link = MqttLink("broker", "192.0.2.7")
    runner = MqttLinkRunner(
        link,
        units,
        CollectingIntake(),
        Clock(),
        OperatingModeTracker({}),
        lambda _: None,
        wildcards=wildcards,
    )
    for name in "ba":
        message = aiomqtt.Message(
            f"lamps/{name}/{BELOW}", json.dumps({"apower": 4}).encode(), 0, False, 0, None
        )
        samples = runner.decode(message)
    assert [sample.values for sample in samples] == [(4.0,)]
