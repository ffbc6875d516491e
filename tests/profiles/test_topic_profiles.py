"""The shipped MQTT models, heard by the adapter itself as their makers' software sends them."""

from __future__ import annotations

from typing import Any

import pytest

from devices.mqtt.unit_decoder import UnitDecoder
from devices.profile import MqttProfile
from devices.tables import profiles
from devices.unit import Binding, Unit
from facilityd.model.quality import Reason
from facilityd.model.sample import NS, SignalType, Stream

Z2M = "zigbee2mqtt/plug-1"
PLUG = '{"state":"ON","power":12.3,"voltage":230,"current":0.05,"energy":1.23,"linkquality":120}'
CLIMATE = '{"battery":97,"humidity":55.2,"linkquality":94,"pressure":1013,"temperature":21.37}'
TASMOTA = '{"Time":"2024-05-01T10:00:00","ENERGY":{"Total":3.185,"Power":42,"Factor":0.82,"Voltage":231}}'


def _decoder(model: str, topic: str) -> UnitDecoder:
    profile: Any = profiles()[model]
    assert isinstance(profile, MqttProfile)
    points = profile.expanded
    kinds = tuple(SignalType.BOOL if point.is_bool else SignalType.FLOAT for point in points.values())
    stream = Stream("d", "f", "u", "l", tuple(points), kinds, 60 * NS)
    bindings = tuple(Binding(n, p, stream, slot, kinds[slot]) for slot, (n, p) in enumerate(points.items()))
    return UnitDecoder(Unit("u", "l", profile, (stream,), bindings, topic=topic))


def _good(decoder: UnitDecoder, topic: str, payload: str) -> dict[str, Any]:
    assert topic in decoder.topics, "nobody would hear it"
    samples = decoder.hear(topic, payload.encode(), 5, 5, retained=False)
    return {
        name: value
        for sample in samples
        for index, (name, value) in enumerate(zip(sample.stream.signals, sample.values, strict=True))
        if index not in sample.reasons
    }


@pytest.mark.parametrize(
    ("model", "base", "topic", "payload", "expected"),
    [
        (
            "zigbee2mqtt_plug",
            Z2M,
            Z2M,
            PLUG,
            {"output": True, "power": 12.3, "voltage": 230.0, "energy": 1.23},
        ),
        (
            "zigbee2mqtt_sensor",
            Z2M,
            Z2M,
            CLIMATE,
            {"temperature": 21.37, "humidity": 55.2, "pressure": 1013.0},
        ),
        (
            "zigbee2mqtt_sensor",
            Z2M,
            Z2M,
            '{"water_leak":true,"contact":false}',
            {"water_leak": True, "contact": False},
        ),
        (
            "tasmota_plug",
            "tele/lamp",
            "tele/lamp/SENSOR",
            TASMOTA,
            {"power": 42.0, "energy": 3.185, "voltage": 231.0},
        ),
        (
            "tasmota_plug",
            "tele/lamp",
            "tele/lamp/STATE",
            '{"POWER":"OFF","Wifi":{"RSSI":78}}',
            {"output": False},
        ),
        ("esphome_sensor", "node", "node/sensor/temperature/state", "21.4", {"temperature": 21.4}),
        ("esphome_sensor", "node", "node/binary_sensor/contact/state", "ON", {"contact": True}),
    ],
)
def test_what_the_maker_sends_is_understood(
    model: str, base: str, topic: str, payload: str, expected: dict[str, Any]
) -> None:
    found = _good(_decoder(model, base), topic, payload)
    assert {name: found.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("model", "base", "topic", "payload"),
    [
        ("zigbee2mqtt_plug", Z2M, f"{Z2M}/availability", '{"state":"offline"}'),
        ("zigbee2mqtt_sensor", Z2M, f"{Z2M}/availability", "offline"),
        ("tasmota_plug", "tele/lamp", "tele/lamp/LWT", "Offline"),
        ("esphome_sensor", "node", "node/status", "offline\0"),
    ],
)
def test_a_device_that_left_is_offline(model: str, base: str, topic: str, payload: str) -> None:
    decoder = _decoder(model, base)
    assert decoder.hear(topic, payload.replace("ff", "n").encode(), 5, 5, retained=True) == []
    (sample,) = decoder.hear(topic, payload.encode(), 5, 5, retained=True)
    assert set(sample.reasons.values()) == {Reason.OFFLINE}
