"""A real Mosquitto: forecasts and warnings on a topic, kept ones, nonsense, a broker that comes back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiomqtt
import pytest
from support.cap import alert, info, reference
from support.mosquitto import Mosquitto
from support.mqtt_harness import publish, until

from devices.forecast.mapping import shipped_mappings
from devices.forecast.source import ForecastSource
from devices.mqtt.decode import MAX_PAYLOAD
from devices.unit import MqttLink
from facilityd.app.environment import Environment
from facilityd.app.forecast import SourceLook
from facilityd.model.clock import Clock
from facilityd.model.forecast import ForecastReport, standing
from facilityd.model.retry import EXACT, RetryPolicy
from facilityd.model.text import Text

TOPIC = "weather/now"
HOURS = {"hours": [{"at": "2026-06-10T18:00+08:00", "gust": 9}]}
DATED = HOURS | {"issued": "2026-06-10T17:00+08:00"}


@dataclass
class TakenReports:
    """What keeps reports in the daemon, without a journal."""

    reports: dict[str, ForecastReport] = field(default_factory=dict)
    core: Any = field(default_factory=lambda: SimpleNamespace(clock=Clock()))
    environment: Environment = field(default_factory=Environment)

    async def take(self, report: ForecastReport) -> None:
        self.reports[report.source] = report

    @property
    def report(self) -> ForecastReport:
        return self.reports.get("f", ForecastReport("f"))


@asynccontextmanager
async def _looking(port: int, *, warns: bool = False) -> AsyncIterator[TakenReports]:
    mapping = None if warns else shipped_mappings()["facilityd"]
    source = ForecastSource("f", "mqtt", Text(zh="预报", en="Model"), TOPIC, mapping, link="broker")
    taken = TakenReports()
    link = MqttLink("broker", "127.0.0.1", port, client_id="facilityd-units")
    site = SimpleNamespace(links={"broker": link})
    task = asyncio.create_task(SourceLook(source, site, taken).run())
    try:
        yield taken
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _say(broker: Mosquitto, said: object, *, retain: bool = False) -> None:
    payload = said if isinstance(said, bytes) else json.dumps(said).encode()
    await publish(broker, payload, topic=TOPIC, retain=retain)


async def _until_said(broker: Mosquitto, said: object, taken: TakenReports) -> None:
    """Say it until it is heard: the subscription may not stand yet."""
    while taken.report.seen is None:
        await _say(broker, said)
        await asyncio.sleep(0.05)


async def test_a_forecast_and_nonsense_after_it(tmp_path: Path) -> None:
    async with Mosquitto(tmp_path) as broker, _looking(broker.port) as taken:
        await _until_said(broker, HOURS, taken)
        good = taken.report
        for bad in (b"<html>", b"\xff\xfe", b"{" * 10_000, b"x" * (MAX_PAYLOAD + 10), b""):
            taken.reports["f"] = good
            await _say(broker, bad)
            await until(lambda: taken.report.trouble)
            assert taken.report.hours == good.hours
        await _say(broker, DATED)
        await until(lambda: taken.report.trouble == "")
        assert taken.report.issued is not None


async def test_what_the_broker_kept_is_used_only_if_it_is_dated(tmp_path: Path) -> None:
    async with Mosquitto(tmp_path) as broker:
        await _say(broker, HOURS, retain=True)
        async with _looking(broker.port) as taken:
            await until(lambda: taken.report.trouble)
            assert taken.report.hours == ()
        await _say(broker, DATED, retain=True)
        async with _looking(broker.port) as taken:
            await until(lambda: taken.report.hours)
            assert taken.report.written == taken.report.issued


async def test_warnings_come_one_by_one_and_a_cancellation_ends_one(tmp_path: Path) -> None:
    far = {"onset": "2026-06-10T17:00:00+08:00", "expires": "2099-06-10T17:00:00+08:00"}
    async with Mosquitto(tmp_path) as broker, _looking(broker.port, warns=True) as taken:
        await _until_said(broker, alert("a-1", info(**far)).encode(), taken)
        await _say(broker, alert("a-2", info(**far)).encode())
        await until(lambda: len(taken.report.alerts) == 2)
        cancel = alert("a-3", kind="Cancel", references=reference(), sent="2099-06-10T17:00:00+08:00")
        await _say(broker, cancel.encode())
        await until(lambda: len(taken.report.alerts) == 3)
        assert [one.key[1] for one in standing(taken.report.alerts)] == ["a-2", "a-3"]


async def test_a_broker_that_is_away_is_told_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("facilityd.app.forecast.AGAIN", RetryPolicy(0.1, 0.1, EXACT))
    async with Mosquitto(tmp_path) as broker:
        await broker.stop()
        async with _looking(broker.port) as taken:
            await until(lambda: "refused" in taken.report.trouble)
            await broker.start()
            await _until_said(broker, HOURS, taken)
            assert taken.report.trouble == ""


async def test_it_does_not_push_the_links_own_connection_off_the_broker(tmp_path: Path) -> None:
    async with (
        Mosquitto(tmp_path) as broker,
        aiomqtt.Client("127.0.0.1", broker.port, identifier="facilityd-units") as units,
    ):
        await units.subscribe(TOPIC)
        async with _looking(broker.port) as taken:
            await _until_said(broker, HOURS, taken)
            await units.publish(TOPIC, "still here")
            async with asyncio.timeout(10):
                async for message in units.messages:
                    if message.payload == b"still here":
                        break
