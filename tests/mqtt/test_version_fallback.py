"""The demonstration broker speaks MQTT 3.1.1; a site on the default 5 is told so on both sides."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from wire_units import free_port

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
