"""A running link that is given other units: over the connection that it has."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import aiomqtt
from support.mosquitto import Mosquitto
from support.mqtt_harness import CollectingIntake, plug, power, publish, until

from devices.mqtt.first_words import LONGEST, MOST, FirstWords
from devices.mqtt.link import MqttLinkRunner
from devices.mqtt.wildcard import DiscoveredName, WildcardSubscriber
from devices.operating_mode import OperatingModeTracker
from devices.unit import MqttLink, UnitTemplate
from facilityd.model.clock import Clock

OTHER = "lanterns/two/status/switch:0"


async def test_a_new_name_keeps_the_message_by_which_it_was_found() -> None:
    """With a period of ten minutes it would be unknown for ten minutes else."""
    lamp, intake, clock = plug("lamps/new", "lamp-new"), CollectingIntake(), Clock()
    told: list[DiscoveredName] = []
    wildcard = WildcardSubscriber(UnitTemplate(plug("lamps/+", "lamp"), room=5), told.append)
    link = MqttLink("broker", "192.0.2.7")
    runner = MqttLinkRunner(
        link, [], intake, clock, OperatingModeTracker({}), lambda _: None, wildcards=[wildcard]
    )
    before = clock.now()[0]
    for value in (4, 5):
        runner.decode(said("lamps/new/status/switch:0", power(value)))
    runner.decode(said("lamps/other/status/switch:0", power(6)))
    runner.decode(said("lamps/old/status/switch:0", power(7), retain=True))
    assert [one.name for one in told] == ["new", "other", "old"]
    assert intake.samples == []
    await runner.adopt([lamp], [wildcard])
    assert intake.values() == [5.0], "the last that it said, once"
    assert before <= intake.samples[0].at <= clock.now()[0], "with the time at which it was said"
    await runner.adopt([lamp, plug("lamps/old", "lamp-old")], [wildcard])
    assert intake.values() == [5.0], "a leftover is nothing that anybody said now"


def said(topic: str, payload: str, *, retain: bool = False) -> aiomqtt.Message:
    return aiomqtt.Message(topic, payload.encode(), 0, retain, 0, None)


def test_first_words_are_bounded() -> None:
    words = FirstWords()
    for number in range(MOST + 5):
        words.note(f"t{number}", b"x", number, number)
    words.note("big", b"x" * (LONGEST + 1), 1, 1)
    kept = words.take([*(f"t{number}" for number in range(MOST + 5)), "big"])
    assert [topic for topic, _ in kept] == [f"t{number}" for number in range(5, MOST + 5)]
    assert words.take(["t7"]) == []


async def test_units_come_and_go_and_the_others_lose_no_message(tmp_path: Path) -> None:
    one, two = plug(), plug("lanterns/two", "other")
    two = replace(two, streams=(replace(two.streams[0], device="second"),))
    two = replace(two, bindings=(replace(two.bindings[0], stream=two.streams[0]),))
    intake = CollectingIntake()

    def heard(unit: str) -> list[float]:
        return [
            float(value)
            for sample in intake.samples
            if sample.stream.unit == unit and (value := sample.values[0]) is not None
        ]

    async with Mosquitto(tmp_path) as broker:
        link = MqttLink("broker", "127.0.0.1", broker.port)
        runner = MqttLinkRunner(link, [one], intake, Clock(), OperatingModeTracker({}), intake.health.append)
        task = asyncio.create_task(runner.run())
        await until(lambda: intake.health)
        await publish(broker, power(7), topic=OTHER, retain=True)
        for number in range(20):
            await publish(broker, power(number))
            await runner.adopt([one, two] if number % 2 else [one], [])
        await runner.adopt([one, two], [])
        await until(lambda: heard("other"))
        await until(lambda: len(heard("plug")) == 20)
        assert heard("plug") == [float(number) for number in range(20)]
        await runner.adopt([one], [])
        known = len(heard("other"))
        await publish(broker, power(8), topic=OTHER)
        await publish(broker, power(99))
        await until(lambda: heard("plug")[-1] == 99)
        assert len(heard("other")) == known
        assert intake.health[-1].reconnects == 0
        assert not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
