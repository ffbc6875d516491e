"""Every fault of the catalogue moves the signals that the catalogue names, before any rule is asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from devices.tables import families
from facilityd.errors import UsageError
from facilityd.model.sample import NS
from simulators.hazards import HAZARDS
from simulators.physics import MODELS, World
from simulators.physics.flagpole import Flagpole
from simulators.physics.fountain import Fountain
from simulators.physics.hoist import Hoist
from simulators.square import Square

ZONE = ZoneInfo("Asia/Shanghai")
Row = Mapping[str, Any]


def instant(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()) * NS


def runtime(family: str, start: str, seed: int = 1) -> Square:
    """One device with its weather."""
    world = World(39.9055, 116.3976, "Asia/Shanghai", instant(start))
    return Square({"weather": "weather", "it": family}, world, seed)


def rest(square: Square) -> None:
    square.advance(120, step=5)


def running(square: Square) -> None:
    square.demand("it")
    square.advance(40, step=0.5)


def aloft(square: Square) -> None:
    square.demand("it")
    square.advance(150, step=0.5)
    square.advance(240, step=5)


def show(square: Square) -> None:
    square.advance(20 * 60, step=10)


def hour(square: Square) -> None:
    square.advance(3600, step=30)


# number: (family, start, what happens, the check of (healthy, faulty))
Check = Callable[[Row, Row], bool]
NOON, SHOW, NIGHT, WINTER = "2026-06-10T13:00", "2026-06-10T10:02", "2026-06-10T22:00", "2026-01-10T02:00"
FAULTS: dict[str, tuple[str, str, Callable[[Square], None], Check]] = {
    "H1": ("hoist", NOON, aloft, lambda h, f: f["position"] > h["position"] + 0.3 and not f["upper_limit"] and f["tension"] > h["tension"] + 200),
    "H2": ("hoist", NOON, running, lambda h, f: f["upper_limit"] and f["position"] < 1 < h["position"]),
    "H3": ("hoist", NOON, rest, lambda h, f: f["upper_overtravel"] and not h["upper_overtravel"] and f["position"] < 1),
    "H4": ("hoist", NOON, lambda s: (s.demand("it"), s.advance(2, step=0.1)), lambda h, f: f["brake_open_command"] and not f["brake_open"] and f["motor_current"] > 2 * h["motor_current"] and abs(f["position"]) < 0.01),
    "H5": ("hoist", NOON, aloft, lambda h, f: h["position"] - f["position"] > 0.1 and not f["brake_open"]),
    "H6": ("hoist", NOON, running, lambda h, f: f["brake_opening_time"] > 1.3 * h["brake_opening_time"] and f["brake_closing_time"] > 1.3 * h["brake_closing_time"]),
    "H7": ("hoist", NOON, running, lambda h, f: f["tension"] > 1.25 * h["tension"] and f["torque"] > 1.1 * h["torque"] and f["output_frequency"] < h["output_frequency"]),
    "H8": ("hoist", NOON, running, lambda h, f: f["tension"] < 0.2 * h["tension"] and f["slack_rope"] and f["torque"] < h["torque"]),
    "H9": ("hoist", NOON, rest, lambda h, f: f["cycles"] >= h["cycles"] + 10_000),
    "H10": ("hoist", NOON, running, lambda h, f: f["tripped"] and f["trip_code"] == 0x2310 and f["position"] < 1 < h["position"]),
    "H11": ("hoist", NOON, running, lambda h, f: f["voltage_l2"] < 50 < h["voltage_l2"] and f["dc_link_voltage"] < h["dc_link_voltage"] - 40 and f["trip_code"] == 0x3130),
    "H12": ("hoist", NOON, lambda s: (rest(s), hour(s)), lambda h, f: f["motor_thermal"] > h["motor_thermal"] + 60 and f["motor_temperature"] > h["motor_temperature"] + 40),
    "H13": ("hoist", NOON, running, lambda h, f: f["position"] < 0.01 and f["output_frequency"] > 40 and h["position"] > 5),
    "H14": ("hoist", NOON, running, lambda h, f: f["position"] < 0.98 * h["position"] and f["output_frequency"] == h["output_frequency"]),
    "H15": ("hoist", NOON, lambda s: (hour(s), running(s)), lambda h, f: f["vibration"] > h["vibration"] + 3 and f["gearbox_temperature"] > h["gearbox_temperature"] + 2),
    "H16": ("hoist", NOON, lambda s: (s.demand("it"), s.advance(2, step=0.1)), lambda h, f: f["motor_current"] > h["motor_current"] + 1.5),
    "H17": ("hoist", NOON, lambda s: (s.demand("it"), s.advance(128, step=0.5)), lambda h, f: h["upper_limit"] and not f["upper_limit"] and f["position"] < h["position"] - 0.3),
    "H18": ("hoist", NOON, running, lambda h, f: abs(f["torque"] - h["torque"]) > 0.5),
    "H19": ("hoist", NOON, running, lambda h, f: not f["estop_chain_ok"] and not f["ready"] and f["position"] < 0.1),
    "H20": ("weather", NOON, hour, lambda h, f: f["wind_gust"] > 10.8 > h["wind_gust"] and f["wind_mean"] > 10.8),
    "H21": ("hoist", NOON, rest, lambda h, f: f["load_cell_error"] and not h["load_cell_error"]),
    "H22": ("hoist", NOON, aloft, lambda h, f: f["tension"] != h["tension"]),
    "H23": ("hoist", "2026-06-10T03:00", aloft, lambda h, f: f["blower_commanded"] and not f["blower_running"] and h["blower_running"] and f["blower_current"] == 0),
    "H24": ("hoist", "2026-10-01T06:05", lambda s: s.advance(480, step=1), lambda h, f: h["position"] > 20 > f["position"]),
    "F1": ("fountain", SHOW, show, lambda h, f: f["leakage"] > h["leakage"] + 0.015),
    "F2": ("fountain", SHOW, show, lambda h, f: f["commanded"] and f["power"] == 0 and h["power"] > 1000 and f["voltage_l1"] == 0),
    "F3": ("fountain", SHOW, show, lambda h, f: f["trip_code"] == 57 and f["speed"] == h["speed"] and f["power"] < 0.62 * h["power"] and f["motor_current"] > 0.75 * h["motor_current"] and f["level"] < 0.5 * h["level"]),
    "F4": ("fountain", SHOW, show, lambda h, f: f["speed"] == h["speed"] and f["flow"] < 0.75 * h["flow"] and f["inlet_pressure"] < h["inlet_pressure"] - 0.03 and f["power"] < 0.9 * h["power"] and f["head"] < h["head"]),
    "F5": ("fountain", SHOW, show, lambda h, f: f["speed"] == h["speed"] and f["flow"] < 0.8 * h["flow"] and f["head"] > 1.05 * h["head"]),
    "F6": ("fountain", SHOW, lambda s: s.advance(90, step=0.5), lambda h, f: f["tripped"] and f["trip_code"] == 51 and f["speed"] < 1000),
    "F7": ("fountain", SHOW, show, lambda h, f: f["head"] < 0.85 * h["head"] and f["power"] / f["flow"] > 1.05 * h["power"] / h["flow"]),
    "F8": ("fountain", SHOW, show, lambda h, f: f["motor_temperature"] > h["motor_temperature"] + 60 and f["motor_thermal"] > h["motor_thermal"] + 50 and f["trip_code"] == 65),
    "F9": ("fountain", SHOW, show, lambda h, f: f["vibration"] > h["vibration"] + 3 and f["bearing_temperature"] > h["bearing_temperature"] + 10),
    "F10": ("fountain", SHOW, hour, lambda h, f: f["leakage"] > h["leakage"] + 0.003 and f["oil_chamber_water"]),
    "F11": ("fountain", SHOW, show, lambda h, f: f["vibration"] > h["vibration"] + 3 and f["inlet_pressure"] < h["inlet_pressure"] - 0.1 and f["flow"] < h["flow"]),
    "F12": ("fountain", SHOW, show, lambda h, f: f["current_l2"] < 0.8 * f["current_l1"] and f["voltage_l2"] < 0.8 * h["voltage_l2"]),
    "F13": ("fountain", SHOW, show, lambda h, f: f["tripped"] and f["trip_code"] and f["speed"] == 0),
    "F14": ("fountain", NOON, rest, lambda h, f: f["running"] and not f["commanded"] and not h["running"] and f["trip_code"] == 209),
    "F15": ("fountain", SHOW, show, lambda h, f: f["valve_commanded"] and not f["valve_open"] and f["flow"] < 0.8 * h["flow"]),
    "F16": ("fountain", NOON, hour, lambda h, f: f["level"] < h["level"] - 0.15 and f["make_up_flow"] > 0),
    "F17": ("fountain", NOON, lambda s: (hour(s), hour(s)), lambda h, f: f["level"] > h["level"] + 0.05 and f["make_up_flow"] > h["make_up_flow"] + 5),
    "F18": ("fountain", NOON, lambda s: (s.models["it"].inject("level-loss", 0.3), hour(s)), lambda h, f: f["level"] > h["level"] + 0.2),
    "F19": ("fountain", NOON, hour, lambda h, f: f["turbidity"] > h["turbidity"] + 30 and f["conductivity"] > h["conductivity"] and f["ph"] > h["ph"]),
    "F20": ("fountain", SHOW, lambda s: (s.models["weather"].inject("wind", 5.0, ramp=0), show(s)), lambda h, f: f["speed"] > 1.2 * h["speed"]),
    "F21": ("fountain", WINTER, lambda s: (hour(s), hour(s), hour(s)), lambda h, f: f["chamber_temperature"] < 2 < h["chamber_temperature"]),
    "F22": ("fountain", NOON, rest, lambda h, f: f["flood"] and not h["flood"]),
    "L1": ("lighting", NIGHT, rest, lambda h, f: f["lamp_failure"] and 0.97 * h["power"] < f["power"] < 0.995 * h["power"]),
    "L2": ("lighting", NIGHT, rest, lambda h, f: f["gear_failure"] and f["power"] < 0.995 * h["power"]),
    "L3": ("lighting", NIGHT, rest, lambda h, f: f["led_short"] and f["power"] < 0.95 * h["power"]),
    "L4": ("lighting", NIGHT, hour, lambda h, f: f["thermal_dimming"] and f["power"] < 0.8 * h["power"] and f["gear_temperature"] > h["gear_temperature"] + 8),
    "L5": ("lighting", NIGHT, rest, lambda h, f: f["temperature"] > h["temperature"] + 40),
    "L6": ("lighting", NOON, rest, lambda h, f: not f["commanded"] and f["power"] > 500 and h["power"] == 0),
    "L7": ("lighting", NIGHT, rest, lambda h, f: f["commanded"] and f["power"] == 0 and f["voltage"] > 200),
    "L8": ("lighting", NIGHT, rest, lambda h, f: f["voltage_l2"] == 0 and f["power_l2"] == 0 and f["power"] < 0.7 * h["power"]),
    "L9": ("lighting", NIGHT, rest, lambda h, f: f["leakage"] > h["leakage"] + 0.015),
    "L10": ("lighting", NIGHT, rest, lambda h, f: f["voltage"] > 253 > h["voltage"]),
    "L11": ("lighting", NIGHT, hour, lambda h, f: f["switchings"] > h["switchings"] + 10),
    "L12": ("lighting", NIGHT, rest, lambda h, f: f["scene_level"] == h["scene_level"] and f["level"] < f["scene_level"] - 20),
    "L13": ("lighting", NIGHT, rest, lambda h, f: f["level"] is None and f["lamp_failure"] is None and f["gear_missing"] and f["power"] > 500),
    "L15": ("lighting", "2026-06-10T19:58", lambda s: s.advance(2700, step=30), lambda h, f: h["commanded"] and not f["commanded"]),
    "L16": ("lighting", NIGHT, rest, lambda h, f: f["power"] > 1.2 * h["power"]),
    "L17": ("lighting", NIGHT, rest, lambda h, f: f["operating_hours"] > 50_000 > h["operating_hours"] and f["illuminance"] < 0.75 * h["illuminance"]),
    "L18": ("lighting", NIGHT, hour, lambda h, f: f["tilt"] > h["tilt"] + 2 and f["pole_leakage"] > h["pole_leakage"] + 0.005),
}  # fmt: skip
ELSEWHERE = {"L14": "silent"}
"""Catalogue numbers that are protocol hazards: nothing in the device is wrong."""
CATALOGUE = (
    [f"H{n}" for n in range(1, 25)] + [f"F{n}" for n in range(1, 23)] + [f"L{n}" for n in range(1, 19)]
)


@pytest.mark.parametrize("number", FAULTS)
def test_the_signals_move_as_the_catalogue_says(number: str) -> None:
    family, start, happens, check = FAULTS[number]
    healthy, faulty = runtime(family, start), runtime(family, start)
    device = "weather" if family == "weather" else "it"
    faulty.models[device].inject(number, ramp=0)
    for square in (healthy, faulty):
        happens(square)
    before, after = healthy.models[device].read(), faulty.models[device].read()
    assert check(before, after), {k: (before[k], after[k]) for k in before if before[k] != after[k]}
    assert not check(before, before), "a check that cannot fail"


def test_all_64_are_here() -> None:
    assert len(CATALOGUE) == 64
    assert {*FAULTS, *ELSEWHERE} == set(CATALOGUE)
    assert all(hazard in HAZARDS for hazard in ELSEWHERE.values())


def test_every_number_is_known_by_some_model() -> None:
    numbers = {fault.catalogue for model in MODELS.values() for fault in model.FAULTS.values()}
    assert set(CATALOGUE) - numbers == set(ELSEWHERE)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for model in MODELS.values() for name in model.FAULTS)


def test_every_signal_of_a_model_is_a_signal_of_its_family() -> None:
    known = families(None)
    for name, model in MODELS.items():
        signals = set(model("it", 1).read())
        assert signals <= set(known[name].signals), (name, signals - set(known[name].signals))


@pytest.mark.parametrize("model", [Fountain, Hoist, Flagpole])
def test_a_fault_has_an_onset_a_ramp_and_an_end(model: type) -> None:
    world = World(39.9055, 116.3976, "Asia/Shanghai", instant(NOON))
    it, name = model("it", 1), next(iter(model.FAULTS))
    it.advance(world)
    it.inject(name, 10.0, onset=world.now + 60 * NS, ramp=100.0, duration=300.0)
    seen = []
    for _ in range(40):
        world.advance(10.0)
        it.advance(world)
        seen.append(it.has(name))
    assert seen[:5] == [0.0] * 5
    assert seen[5] == 0.0, "the ramp begins at its onset"
    assert seen[6:15] == pytest.approx([1, 2, 3, 4, 5, 6, 7, 8, 9])
    assert set(seen[16:34]) == {10.0}
    assert seen[36:] == [0.0] * 4, "and after its duration it is over"


def test_an_unknown_fault_is_told_with_what_there_is() -> None:
    with pytest.raises(UsageError, match="cannot have fault 'H99'; known: over-travel"):
        Hoist("it", 1).inject("H99")


def test_a_jammed_rope_and_a_foul_flag_differ_in_their_unrest() -> None:
    calm, foul = runtime("hoist", NOON), runtime("hoist", NOON)
    foul.models["it"].inject("H22")
    spread = []
    for square in (calm, foul):
        square.models["weather"].inject("wind", 4.0, ramp=0)
        aloft(square)
        rows = []
        for _ in range(60):
            square.advance(5, step=5)
            rows.append(float(square.models["it"].read()["tension"]))
        mean = sum(rows) / len(rows)
        spread.append((sum((row - mean) ** 2 for row in rows) / len(rows)) ** 0.5)
    assert spread[0] > 3 * spread[1], "a flag that beats moves its rope; one that is foul does not"


def test_torque_ripples_when_the_flag_sticks_and_slips() -> None:
    smooth, rough = runtime("hoist", NOON), runtime("hoist", NOON)
    rough.models["it"].inject("H18")
    spread = []
    for square in (smooth, rough):
        running(square)
        rows = []
        for _ in range(40):
            square.advance(0.5, step=0.5)
            rows.append(float(square.models["it"].read()["torque"]))
        spread.append(max(rows) - min(rows))
    assert spread[1] > 5 * spread[0]


def test_leakage_follows_the_rain() -> None:
    dry, wet = runtime("lighting", NIGHT), runtime("lighting", NIGHT)
    for square in (dry, wet):
        square.models["it"].inject("wet-facade")
    wet.models["weather"].inject("rain")
    for square in (dry, wet):
        hour(square)
    assert float(wet.models["it"].read()["leakage"]) > float(dry.models["it"].read()["leakage"]) + 0.01
