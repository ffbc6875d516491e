"""The demonstration broker speaks MQTT 3.1.1; a site on the default 5 is told so on both sides."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from amqtt.codecs_amqtt import decode_string
from amqtt.errors import NoDataError
from support.servers import free_port

from devices.mqtt import subscriber
from devices.mqtt.subscriber import listen
from devices.unit import MqttLink
from facilityd.cli.simulate import _serve, build_square
from facilityd.config.load import load
from facilityd.errors import LinkOutage
from facilityd.supervise.stop import end
from simulators.broker import broker

SITE = """\
site: {{id: yard, name: {{zh: 院子, en: Yard}}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}}
links: {{broker: {{protocol: mqtt, host: 127.0.0.1, port: {port}}}}}
units: {{plug: {{link: broker, profile: zigbee2mqtt_plug, period: 1s, topic: z/plug}}}}
devices:
  gate: {{family: lighting, name: {{zh: 城楼, en: Gate}}, signals: {{power: plug.power}}}}
"""


async def test_a_daemon_on_version_5_is_told_what_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscriber, "CONNECT_S", 0.5)
    port = free_port()
    async with broker(port):
        with pytest.raises(LinkOutage, match=r'3\.1\.1 only needs version: "3\.1\.1" at links\.square'):
            async with listen(MqttLink("square", "127.0.0.1", port)):
                pass


async def test_a_simulation_without_a_broker_says_what_it_does_not_serve(tmp_path: Path) -> None:
    port, told = free_port(), list[tuple[str, dict[str, object]]]()
    (tmp_path / "site.yaml").write_text(SITE.format(port=port), encoding="utf-8")
    site, said = load(tmp_path), asyncio.Event()

    def tell(kind: str, **facts: object) -> None:
        told.append((kind, facts))
        if kind.startswith("not served"):
            said.set()

    square = build_square(site, "20:30", 1)
    task = asyncio.create_task(_serve(site, square, [], tell, own_broker=False))
    try:
        await asyncio.wait_for(said.wait(), 15)
    finally:
        await end([task])
    where = {"link": "broker", "where": f"127.0.0.1:{port}", "start": "--broker"}
    assert ("not served: no broker listens", where) in told


async def test_what_amqtt_leaves_to_the_loop_is_told_to_nobody_and_the_rest_is() -> None:
    loop, told, nobody = asyncio.get_running_loop(), list[object](), asyncio.StreamReader()
    nobody.feed_eof()
    before = loop.get_exception_handler()
    loop.set_exception_handler(lambda _, context: told.append(context["message"]))
    try:
        async with broker(free_port()):
            with pytest.raises(NoDataError) as vanished:
                await decode_string(nobody)
            loop.call_exception_handler({"message": "Unhandled exception", "exception": vanished.value})
            loop.call_exception_handler({"message": "of ours", "exception": OSError(107, "not amqtt's")})
    finally:
        loop.set_exception_handler(before)
    assert told == ["of ours"]


async def test_the_simulated_devices_speak_what_their_broker_speaks(tmp_path: Path) -> None:
    port, told = free_port(), list[tuple[str, dict[str, object]]]()
    (tmp_path / "site.yaml").write_text(SITE.format(port=port), encoding="utf-8")
    site = load(tmp_path)
    square = build_square(site, "20:30", 1)
    task = asyncio.create_task(
        _serve(site, square, [], lambda kind, **facts: told.append((kind, facts)), own_broker=True)
    )
    try:
        async with asyncio.timeout(15):
            while not any(kind == "serving" for kind, _ in told):
                await asyncio.sleep(0.05)
            async with listen(MqttLink("broker", "127.0.0.1", port, version="3.1.1")) as subscriber:
                await subscriber.subscribe(["z/plug"], 0)
                # amqtt now and then hands out retained messages that nobody asked for.
                while str((message := await anext(subscriber.messages())).topic) != "z/plug":
                    continue
        assert b'"power"' in message.payload
    finally:
        await end([task])
    expected = {"link": "broker", "write": 'version: "3.1.1"'}
    assert ("this broker speaks MQTT 3.1.1 only", expected) in told
