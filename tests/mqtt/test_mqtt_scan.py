"""Listening to a broker without a site: who speaks, like which model, and what nobody knows."""

from __future__ import annotations

import json
from pathlib import Path

import aiomqtt
import pytest
from support.daemon import facilityd
from support.mosquitto import Mosquitto

from devices.mqtt.scan import LARGEST, MOST, BrokerScan, shape
from devices.profile import MqttProfile
from devices.tables import profiles
from facilityd.config.load import load

KNOWN = {name: one for name, one in profiles().items() if isinstance(one, MqttProfile)}
PLUG = {"state": "ON", "power": 12.5, "voltage": 229.8, "current": 0.06, "energy": 4.2, "linkquality": 120}
SQUARE = {
    "zigbee2mqtt/hall plug": json.dumps(PLUG),
    "zigbee2mqtt/roof": json.dumps({"temperature": 21.37, "humidity": 55.2, "battery": 97, "linkquality": 94}),
    "tele/lamp-7/SENSOR": json.dumps({"Time": "2026-06-10T10:00:00", "ENERGY": {"Power": 36, "Voltage": 231, "Total": 9.1}}),
    "tele/lamp-7/STATE": json.dumps({"POWER": "ON", "Wifi": {"RSSI": 78}}),
    "tele/lamp-7/LWT": "Online",
    "gate/shelly/status/switch:0": json.dumps({"output": True, "apower": 41.5, "voltage": 230.1, "temperature": {"tC": 41}}),
    "gate/shelly/online": "true",
    "pump-room/sensor/temperature/state": "18.5",
    "pump-room/sensor/humidity/state": "61",
    "pump-room/status": "online",
    "plant/line 4": json.dumps({"rpm": 1480, "on": True, "tags": ["a"], "who": "x"}),
    "homeassistant/sensor/lamp7/power/config": json.dumps(
        {"~": "tele/lamp-7", "stat_t": "~/SENSOR", "dev": {"mf": "Nous", "mdl": "A1T", "name": "Lamp 7"}}
    ),
    "homeassistant/sensor/x/rpm/config": json.dumps(
        {"state_topic": "plant/line 4", "device": {"name": "Line 4", "manufacturer": "Acme", "model": "M4"}}
    ),
}  # fmt: skip


def _heard(messages: dict[str, str]) -> BrokerScan:
    scan = BrokerScan(KNOWN)
    for topic, payload in messages.items():
        scan.hear(topic, payload.encode())
    return scan


def test_each_maker_is_told_by_what_it_says_and_the_rest_by_its_shape() -> None:
    units, others = _heard(SQUARE).result()
    assert {one.topic: (one.fits, one.certain) for one in units} == {
        "gate/shelly": (("shelly_gen2",), True),
        "pump-room": (("esphome_sensor",), True),
        "tele/lamp-7": (("tasmota_plug",), True),
        "zigbee2mqtt/hall plug": (("zigbee2mqtt_plug",), True),
        "zigbee2mqtt/roof": (("zigbee2mqtt_sensor",), True),
    }
    said = {one.topic: one for one in units}
    assert said["gate/shelly"].values["power_0"] == 41.5
    assert said["tele/lamp-7"].announced == "Nous A1T"
    (other,) = others
    assert (other.topic, other.announced) == ("plant/line 4", "Acme M4")
    assert other.shape == "{rpm: number, on: true/false, tags: […], who: text}"


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_every_model_is_among_those_that_its_own_examples_fit(name: str) -> None:
    scan = BrokerScan(KNOWN)
    for one in KNOWN[name].golden:
        scan.hear(f"site/unit-1/{one.topic}".rstrip("/"), one.payload.encode())
    units, _ = scan.result()
    fits = {fit for one in units if one.topic == "site/unit-1" for fit in one.fits}
    assert name in fits
    assert not any(one.certain and name not in one.fits for one in units)


def test_what_says_one_thing_alone_is_never_sure() -> None:
    units, _ = _heard({"a/b": json.dumps({"temperature": 3})}).result()
    assert all(not one.certain for one in units)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"21.5", "number"), (b"ON", "text"), (b"true", "true/false"), (b"", "empty"), (b"\xff\x00\x01", "3 bytes"),
        (b"[1]", "[\u2026]"), (b"null", "null"), (b"[" * 100_000, "text"),
        (json.dumps({f"k{n}": n for n in range(30)}).encode(), None),
        (json.dumps({"a\x1b[31m\nb": 1}).encode(), None),
    ],
)  # fmt: skip
def test_a_shape_is_short_and_plain(payload: bytes, expected: str | None) -> None:
    said = shape(payload)
    assert expected is None or said == expected
    assert len(said) < 300
    assert said.isprintable()


def test_a_broker_of_very_many_topics_takes_bounded_memory_and_the_rest_is_counted() -> None:
    scan = BrokerScan({})
    for n in range(MOST + 7):
        scan.hear(f"t/{n}", b"x" * (LARGEST + 1))
    scan.hear("t/0", b"again")
    _, others = scan.result()
    assert (len(others), scan.unkept, scan.messages) == (MOST, 7, MOST + 8)


async def test_a_scan_of_a_real_broker_becomes_a_site(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path)
    await broker.start()
    try:
        async with aiomqtt.Client("127.0.0.1", broker.port) as client:
            for topic, payload in SQUARE.items():
                await client.publish(topic, payload, qos=1, retain=True)
        where, scan = f"127.0.0.1:{broker.port}", tmp_path / "scan.json"
        shown = await facilityd("scan", "--broker", where, "--listen", "2s", "-o", scan, "--lang", "zh")
        about = ("--name", "北广场", "--latitude", 39.9, "--longitude", 116.4)
        await facilityd("init", tmp_path / "site", *about, "--from-scan", scan)
    finally:
        await broker.stop()
    assert "tasmota_plug (Tasmota Metering plugs and relays)" in " ".join(shown.split())
    site = load(tmp_path / "site")
    assert {unit.topic for unit in site.units.values()} == {
        "gate/shelly", "pump-room", "tele/lamp-7", "zigbee2mqtt/hall plug", "zigbee2mqtt/roof"
    }  # fmt: skip
    assert {link.where for link in site.links.values()} == {where}


async def test_a_broker_that_is_not_there_and_one_that_says_nothing_are_told(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path)
    await broker.start()
    try:
        where = f"127.0.0.1:{broker.port}"
        silent = await facilityd("scan", "--broker", where, "--listen", "500ms", "--lang", "en", code=1)
    finally:
        await broker.stop()
    gone = await facilityd("scan", "--broker", where, "--listen", "500ms", "--lang", "en", code=1)
    assert "nothing was said meanwhile" in silent
    assert f"{where}: " in gone
    assert "nothing was said" not in gone
