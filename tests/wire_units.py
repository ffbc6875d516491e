"""Small units for tests of the simulated wires."""

from __future__ import annotations

import os
import shutil
import struct
from typing import Any

import pytest
from pydantic import TypeAdapter

from devices.profile import ModbusProfile, MqttProfile, Profile
from devices.unit import Binding, PollRates, Unit
from facilityd.model.sample import NS, SignalType, Stream

LAB: dict[str, Any] = {
    "profile": "lab",
    "protocol": "modbus",
    "maker": "Test",
    "model": "Every kind of point",
    "manual": "none",
    "evidence": "C",
    "max_block": 40,
    "max_gap": 2,
    "points": {
        "model": {"address": 0, "doc": "40001", "type": "u16"},
        "frequency": {"address": 1, "doc": "40002", "type": "u16", "scale": 0.01, "unit": "Hz"},
        "temperature": {"address": 2, "doc": "40003", "type": "s16", "scale": 0.1, "no_value": [32767]},
        "speed": {"address": 3, "doc": "40004", "type": "s32", "word_order": "little"},
        "power": {"address": 5, "doc": "40006", "type": "f32"},
        "energy": {"address": 7, "doc": "40008", "type": "u64"},
        "status": {"address": 20, "doc": "40021", "type": "u16"},
        "running": {"address": 20, "doc": "40021.0", "type": "u16", "bit": 0},
        "fault": {"address": 20, "doc": "40021.3", "type": "u16", "bit": 3},
        "mode": {"address": 20, "doc": "40021.8-10", "type": "u16", "bits": [8, 10]},
        "tension": {"address": 21, "doc": "40022", "type": "u32", "sign": {"address": 20, "bit": 15}},
        "lamp{n}": {
            "address": 0, "doc": "10001…", "type": "bit", "table": "discrete-input",
            "repeat": {"count": 10, "step": 1},
        },
        "relay": {"address": 4, "doc": "00005", "type": "bit", "table": "coil"},
        "level": {"address": 100, "doc": "30101", "type": "f64", "table": "input-register", "offset": -5.0},
    },
    "identity": [
        {"point": "model", "equals": 380},
        {"point": "frequency", "between": [45, 55]},
    ],
    "golden": [{"point": "temperature", "words": [0xFFF6], "value": -1.0}],
}  # fmt: skip

LAMP: dict[str, Any] = {
    **LAB,
    "profile": "lamp",
    "max_gap": 0,
    "points": {
        "type": {"address": 7, "doc": "B+7", "type": "u16"},
        "level": {"address": 6, "doc": "B+6", "type": "u16", "no_value": [255]},
    },
    "identity": [{"point": "type", "one_of": [6, 8]}],
    "golden": [{"point": "level", "words": [50], "value": 50}],
}

PLUG: dict[str, Any] = {
    "profile": "plug",
    "protocol": "mqtt",
    "maker": "Test",
    "model": "Metering plug",
    "manual": "none",
    "evidence": "C",
    "points": {
        "on": {
            "type": "bool",
            "sources": [
                {"topic": "status/switch:0", "pointer": "/output"},
                {"topic": "events/rpc", "pointer": "/params/switch:0/output"},
            ],
        },
        "power": {
            "unit": "W",
            "sources": [
                {"topic": "status/switch:0", "pointer": "/apower"},
                {"topic": "events/rpc", "pointer": "/params/switch:0/apower"},
            ],
        },
        "energy": {
            "unit": "kWh",
            "scale": 0.001,
            "sources": [{"topic": "status/switch:0", "pointer": "/aenergy/total"}],
        },
        "phase{n}": {
            "type": "int",
            "repeat": {"first": 0, "count": 3, "step": 1},
            "sources": [{"topic": "status/em:0", "pointer": "/phases/{n}"}],
        },
        "relay": {"type": "bool", "true": ["ON"], "false": ["OFF"], "sources": [{"topic": "POWER"}]},
    },
    "availability": {"topic": "online", "online": "true", "offline": "false"},
    "golden": [{"point": "power", "topic": "status/switch:0", "payload": '{"apower": 12.5}', "value": 12.5}],
}

SHAPE: TypeAdapter[ModbusProfile | MqttProfile] = TypeAdapter(Profile)
_TYPES = {True: SignalType.BOOL, False: SignalType.FLOAT}


def unit_of(
    table: dict[str, Any] | ModbusProfile | MqttProfile,
    name: str = "u1",
    *,
    link: str = "bus",
    scales: dict[str, tuple[float, float]] | None = None,
    unbound: tuple[str, ...] = (),
    period: float = 30.0,
    **kept: Any,
) -> Unit:
    """A unit whose every point but ``unbound`` feeds a signal of the same name of device ``name``."""
    profile = SHAPE.validate_python(table)
    points = {n: p for n, p in profile.expanded.items() if n not in unbound}
    types = tuple(_TYPES[point.is_bool] for point in points.values())
    stream = Stream(name, "lab", name, link, tuple(points), types)
    bindings = tuple(
        Binding(n, point, stream, slot, types[slot], *(scales or {}).get(n, (1.0, 0.0)))
        for slot, (n, point) in enumerate(points.items())
    )
    return Unit(name, link, profile, (stream,), bindings, PollRates(round(period * NS)), **kept)


def truth(name: str = "u1", **values: Any) -> dict[tuple[str, str], Any]:
    """Signals of one device."""
    return {(name, signal): value for signal, value in values.items()}


def f32(words: tuple[int, ...]) -> float:
    """Decode big-endian without the house codec."""
    return float(struct.unpack(">f", struct.pack(">2H", *words))[0])


def program(name: str) -> str:
    """The path of an independent program; skips without it, or fails where servers are required."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if not found:
        absent(f"{name} is not installed (Debian package of that name)")
    return found or ""


def absent(reason: str) -> None:
    """Skip, or fail with FACILITYD_REQUIRE_SERVERS=1."""
    if os.environ.get("FACILITYD_REQUIRE_SERVERS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
