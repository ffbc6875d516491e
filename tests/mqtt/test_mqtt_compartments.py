"""What one topic, one unit or one link does wrong stays with it; the rest watches on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pydantic import TypeAdapter
from support.modbus_harness import link_to, served, unit
from support.modbus_harness import until as until_modbus
from support.mosquitto import Mosquitto
from support.mqtt_harness import CollectingIntake, plug, power, publish, running_link, until

from devices.family import Family
from devices.mqtt.link import MqttLinkRunner
from devices.mqtt.subscriber import MqttSubscriber
from devices.mqtt.unit_decoder import UnitDecoder
from devices.operating_mode import OperatingModeTracker
from devices.unit import Link, MqttLink
from facilityd.app.sources import AdapterContext, LinkTasks
from facilityd.config.site import Site
from facilityd.errors import ConfigError
from facilityd.model.clock import Clock
from facilityd.model.quality import Reason


async def test_a_topic_that_is_none_leaves_its_neighbours_heard(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    intake, units = CollectingIntake(), [plug("lanterns/#/two", "bad"), plug()]
    async with Mosquitto(tmp_path) as broker, running_link(broker, intake, units=units) as task:
        await until(lambda: intake.health and intake.health[-1].up)
        await publish(broker, power(4))
        await until(lambda: intake.values() == [4.0])
        assert not task.done()
    assert "'lanterns/#/two/status/switch:0' brings nothing" in caplog.text


async def test_a_topic_that_the_broker_refuses_is_told() -> None:
    class RefusingSubscriber:
        async def subscribe(self, _topic: str, _qos: int) -> tuple[int]:
            return (0x87,)

    subscriber = MqttSubscriber(cast("Any", RefusingSubscriber()))
    assert await subscriber.subscribe(["a"], 1) == {
        "a": "the broker refuses it: check this user's rights there"
    }


async def test_a_unit_whose_decoder_fails_is_bad_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hear = UnitDecoder.hear

    def failing(self: UnitDecoder, *words: Any, **more: Any) -> Any:
        if self.unit.id == "bad":
            raise ZeroDivisionError
        return hear(self, *words, **more)

    monkeypatch.setattr(UnitDecoder, "hear", failing)
    intake, units = CollectingIntake(), [plug("lanterns/two", "bad"), plug()]
    async with Mosquitto(tmp_path) as broker, running_link(broker, intake, units=units):
        await until(lambda: intake.health and intake.health[-1].up)
        await publish(broker, power(1), power(2), topic="lanterns/two/status/switch:0")
        await publish(broker, power(4))
        await until(lambda: intake.values() == [4.0])
    bad = [sample.reasons for sample in intake.samples if sample.stream.unit == "bad"]
    assert bad == [{0: Reason.MALFORMED}] * 2
    assert caplog.text.count("Traceback") == 1, "reported once, not at every message"


@pytest.mark.parametrize("error", [ValueError("nobody foresaw this"), ConfigError(("TLS files are gone",))])
async def test_a_link_whose_adapter_fails_is_down_alone_and_comes_back(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    failures, healthy = [error], unit()
    intake = CollectingIntake()

    @asynccontextmanager
    async def listen(_: MqttLink) -> AsyncIterator[MqttSubscriber]:
        if failures:
            raise failures.pop()
        yield cast("MqttSubscriber", _Silence())

    async with served([healthy]) as endpoint:
        links: dict[str, Link] = {"broker": MqttLink("broker", "192.0.2.7"), "link": link_to(endpoint)}
        units = {"broker": [plug()], "link": [healthy]}
        site = cast(
            "Site", SimpleNamespace(id="yard", links=links, units_of=units.get, templates={}, devices={})
        )
        field = AdapterContext(intake, Clock(), OperatingModeTracker({}), intake.health.append, listen=listen)
        async with asyncio.TaskGroup() as group:
            tasks = LinkTasks(group, field)
            await tasks.watch(site)
            await until_modbus(lambda: any(not h.up for h in intake.health if h.link == "broker"))
            await until_modbus(
                lambda: any(s.stream.unit == "unit-1" and not s.reasons for s in intake.samples)
            )
            await until_modbus(lambda: any(h.up for h in intake.health if h.link == "broker"))
            assert tasks.running == ["broker", "link"]
            await tasks.stop()
    assert Reason.LINK_DOWN in {
        r for s in intake.samples if s.stream.unit == "plug" for r in s.reasons.values()
    }
    assert "it is tried again" in caplog.text


class _Silence:
    """A broker with nothing to say."""

    async def subscribe(self, _topics: object, _qos: int) -> dict[str, str]:
        return {}

    async def messages(self) -> AsyncIterator[None]:
        await asyncio.Event().wait()
        yield

    def dropped(self) -> int:
        return 0


FAMILY = TypeAdapter(Family).validate_python(
    {
        "family": "lighting",
        "name": {"zh": "灯", "en": "Lamp"},
        "signals": {"power": {"name": {"zh": "功率", "en": "Power"}}},
        "states": {"lit": {"name": {"zh": "亮", "en": "lit"}, "when": [{"signal": "power", "above": 100}]}},
    }
)


async def test_a_state_that_arrives_by_mqtt_is_seen_by_who_sets_the_pace(tmp_path: Path) -> None:
    mode, intake, changed = OperatingModeTracker({"lantern": FAMILY}), CollectingIntake(), list[str]()
    async with Mosquitto(tmp_path) as broker:
        link = MqttLink("broker", "127.0.0.1", broker.port)
        runner = MqttLinkRunner(link, [plug()], intake, Clock(), mode, intake.health.append)
        task = asyncio.create_task(runner.run())
        with mode.watching("lantern", changed.append):
            await until(lambda: intake.health and intake.health[-1].up)
            await publish(broker, power(500))
            await until(lambda: changed == ["lantern"])
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert mode.state("lantern") == "lit"
