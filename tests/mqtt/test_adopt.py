"""A running link that is given other units: over the connection that it has."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from support.mosquitto import Mosquitto
from support.mqtt_harness import CollectingIntake, plug, power, publish, until

from devices.mqtt.link import MqttLinkRunner
from devices.operating_mode import OperatingModeTracker
from devices.unit import MqttLink
from facilityd.model.clock import Clock

OTHER = "lanterns/two/status/switch:0"


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
