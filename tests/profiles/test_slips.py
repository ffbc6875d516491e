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
    ],
)
def test_a_slip_in_a_register_map_is_told(tmp_path: Path, old: str, new: str, said: str) -> None:
    _refused(tmp_path / "briter_brt.yaml", ENCODER, old, new, said)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("value: 12.3}", "value: 13}", "the payload give 12.3, not 13"),
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
