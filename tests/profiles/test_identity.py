"""Identity probes: right words pass; swapped words, neighbouring registers and known traps do not."""

from __future__ import annotations

from typing import Any

import pytest

from devices.codec import from_words
from devices.profile import IdentityCheck, ModbusProfile, WireType
from devices.tables import profiles

PROFILES = profiles()


def _sees(profile: str, memory: dict[int, int], shift: int = 0, order: str | None = None) -> bool:
    """Whether the probe passes on registers worked by hand, read ``shift`` too high."""
    table = PROFILES[profile]
    assert isinstance(table, ModbusProfile)
    return all(_holds(table, expect, memory, shift, order) for expect in table.identity)


def _holds(
    table: ModbusProfile, expect: IdentityCheck, memory: dict[int, int], shift: int, order: Any
) -> bool:
    point = table.expanded[expect.point]
    start = point.address + shift
    words = [memory.get(start + n, 0) for n in range(point.type.words)]
    if point.type is WireType.BIT:
        return expect.holds(words[0])
    raw = from_words(words, point.type.value, order or point.word_order)
    return expect.holds(raw * point.scale + point.offset)


# 50.01 Hz, a drive at rest, an encoder a little up the pole: each with its neighbours.
HZ = (0x4248, 0x0A3D)
AT_REST = [
    ("eastron_sdm630", {0x46: HZ[0], 0x47: HZ[1], 0x48: 0x447A}),
    ("schneider_iem3155", {0x0C25: HZ[0], 0x0C26: HZ[1]}),
    ("delta_ms300", {0x2104: 0, 0x2105: 5370, 0x2106: 0}),
    ("inovance_md500", {0x7001: 5000, 0x7002: 5370, 0x7003: 0}),
    ("danfoss_fc202", {16299: 540}),
    ("abb_acs380_acs580", {3: 0x0237, 6: 0, 7: 250, 8: 5400, 9: 312}),
    ("briter_brt", {0: 0x0004, 1: 0x5000, 2: 69, 3: 0}),
]


@pytest.mark.parametrize(("profile", "memory"), AT_REST, ids=[name for name, _ in AT_REST])
def test_the_right_registers_pass_and_their_neighbours_do_not(profile: str, memory: dict[int, int]) -> None:
    assert _sees(profile, memory)
    assert not _sees(profile, memory, shift=1)
    assert not _sees(profile, memory, shift=-1) or profile == "briter_brt"  # nothing lies below 0


@pytest.mark.parametrize("profile", ["eastron_sdm630", "schneider_iem3155", "briter_brt"])
def test_swapped_words_are_seen(profile: str) -> None:
    memory = dict(AT_REST)[profile]
    assert not _sees(profile, memory, order="little")


def test_inputs_used_on_the_moxa_dio_do_not_make_it_a_stranger() -> None:
    assert _sees("moxa_iologik_e1212", {48: 0xFF41, 7: 1} | dict.fromkeys(range(7), 0))


def test_a_grundfos_module_without_a_pump_is_not_taken_for_one() -> None:
    assert _sees("grundfos_cim", {29: 2, 30: 7})
    assert not _sees("grundfos_cim", {29: 0xFFFF, 30: 0xFFFF})
    assert not _sees("grundfos_cim", {})


def test_a_gear_that_is_no_led_driver_is_seen() -> None:
    assert _sees("intesis_inmbsdal", {6: 100, 7: 6})
    assert not _sees("intesis_inmbsdal", {6: 100, 7: 0})
    assert not _sees("intesis_inmbsdal", {6: 255, 7: 6})
