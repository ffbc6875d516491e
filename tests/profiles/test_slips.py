"""A slip in a profile is told with its place, before the profile reads a single wrong value."""

from __future__ import annotations

from pathlib import Path

import pytest

from devices.tables import SHELF, load_profile
from facilityd.errors import ConfigError

ENCODER = (SHELF / "profiles" / "briter_brt.yaml").read_text(encoding="utf-8")
PLUG = (SHELF / "profiles" / "zigbee2mqtt_plug.yaml").read_text(encoding="utf-8")
TURNS = '{address: 0x0002, doc: "0002H", type: u16'
POWER = '{unit: W, sources: [{topic: "", pointer: /power}]}'


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("words: [69], value: 69", "words: [69], value: 99.9", "words [69] give 69, not 99.9"),
        ("words: [69], value: 69", "words: [69, 0], value: 69", "u16 takes 1 words, here are 2"),
        ("words: [69], value: 69", "words: [70000], value: 69", "a word is 0 to 65535"),
        (TURNS, f"{TURNS}, unit: hitz", "not a unit of measure that is known"),
        (TURNS, f"{TURNS}, bits: [15, 8]", "bits are [low, high]: write [8, 15]"),
        (TURNS, f"{TURNS}, bits: [8, 16]", "less than or equal to 15"),
        (TURNS, f"{TURNS}, range: [65, -45]", "a range is [lowest, highest]"),
        (TURNS, f"{TURNS}, scale: nan", "finite number"),
        (TURNS, f"{TURNS}, scale: inf", "finite number"),
        (TURNS, f"{TURNS}, scale: 1e999", "finite number"),
        (TURNS, f"{TURNS}, scale: 0", "a scale of 0 makes every value 0"),
        (TURNS, f"{TURNS}, offset: inf", "finite number"),
        (TURNS, '{address: 65535, doc: "0002H", type: u32', "beyond the last register"),
        (TURNS, f"{TURNS}, range: [5, 5]", "a range is [lowest, highest]"),
        (TURNS, f"{TURNS}, no_value: [-1]", "so -1 never comes"),
        (TURNS, f"{TURNS}, no_value: [65536]", "so 65536 never comes"),
        (TURNS, '{address: 2, doc: "2", type: s16, no_value: [0x8000]', "a signed 0x8000 is -32768"),
        (TURNS, '{address: 2, doc: "2", type: bcd16, no_value: [0xFFFF]', "so 65535 never comes"),
        (TURNS, f"{TURNS}, enum: {{70000: far}}", "so 70000 never comes"),
        (TURNS, f"{TURNS}, bits: [0, 1], enum: {{4: far}}", "so 4 never comes"),
    ],
)
def test_a_slip_in_a_register_map_is_told(tmp_path: Path, old: str, new: str, said: str) -> None:
    _refused(tmp_path / "briter_brt.yaml", ENCODER, old, new, said)


METER = """\
profile: own_meter
protocol: modbus
maker: m
model: m
manual: m
evidence: B
points:
  volts: {address: 0, doc: "0", type: u16}
  tap_{n}: {address: 1, doc: "1", type: u16, repeat: {first: 1, count: 3, step: 1}}
identity: [{point: volts, between: [0, 9]}]
golden: [{point: volts, words: [1], value: 1}]
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  volts:", "  tap_2: {address: 9, doc: x, type: u16}\n  volts:", "'tap_2' stands twice"),
        ("  volts:", "  x_{n}: {address: 9, doc: x, type: u16}\n  volts:", "and no 'repeat'"),
        ("  tap_{n}:", "  tap:", "has no {n} in its name"),
        ("{address: 1,", "{address: 65534,", "'tap_3' goes beyond the last register"),
        ("between: [0, 9]", "between: [9, 0]", "between is [lowest, highest]"),
        ("between: [0, 9]", "one_of: []", "at least one value"),
        ("between: [0, 9]", "equals: nan", "finite number"),
    ],
)
def test_a_slip_in_a_whole_map_is_told(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in METER
    (tmp_path / "own_meter.yaml").write_text(METER, encoding="utf-8")
    assert load_profile(tmp_path / "own_meter.yaml").profile == "own_meter"
    (tmp_path / "own_meter.yaml").write_text(METER.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as refusal:
        load_profile(tmp_path / "own_meter.yaml")
    assert any(said in problem for problem in refusal.value.problems), refusal.value.problems


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            POWER,
            '{unit: W, sources: [{topic: "", pointer: power}]}',
            "a pointer begins with '/': write '/power'",
        ),
        (POWER, '{unit: W, sources: [{topic: "", pointer: /po~wer}]}', "'~' is written ~0"),
        (POWER, "{unit: W, sources: [{topic: /state, pointer: /power}]}", "begins without '/'"),
        (POWER, '{unit: W, sources: [{topic: "state ", pointer: /power}]}', "begins or ends with a space"),
        ("pointer: /state, online: online", "pointer: state, online: online", "a pointer begins with '/'"),
        ("offline: offline", "offline: online", "nobody could tell them apart"),
        ("{type: bool,", "{type: bool, true: [ON], false: [OFF, ON],", "'ON' means both true and false"),
    ],
)
def test_a_topic_map_that_hears_nothing_is_told(tmp_path: Path, old: str, new: str, said: str) -> None:
    _refused(tmp_path / "zigbee2mqtt_plug.yaml", PLUG, old, new, said)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("value: 12.3}", "value: 13}", "the payload gives 12.3, not 13"),
        ('point: power, topic: ""', "point: power, topic: other", "has no source on topic 'other'"),
        ('point: power, topic: ""', 'point: powre, topic: ""', "the profile has no point 'powre'"),
        (POWER, '{unit: W, sources: [{topic: "#", pointer: /power}]}', "wildcard"),
        (POWER, "{unit: W, sources: [{topic: status/, pointer: /power}]}", "ends in '/'"),
        (POWER, '{unit: W, scale: nan, sources: [{topic: "", pointer: /power}]}', "finite number"),
        (
            POWER,
            '{unit: W, range: [5, 5], sources: [{topic: "", pointer: /power}]}',
            "a range is [lowest, highest]",
        ),
    ],
)
def test_a_slip_in_a_topic_map_is_told(tmp_path: Path, old: str, new: str, said: str) -> None:
    _refused(tmp_path / "zigbee2mqtt_plug.yaml", PLUG, old, new, said)


def _refused(path: Path, text: str, old: str, new: str, said: str) -> None:
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    line = text[: text.index(old)].count("\n") + 1
    with pytest.raises(ConfigError) as refusal:
        load_profile(path)
    (problem,) = refusal.value.problems
    assert problem.startswith(f"{path}:{line}:")
    assert said in problem
