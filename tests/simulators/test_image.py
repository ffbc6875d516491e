"""Bindings backwards: what is encoded must decode to the same value."""

from __future__ import annotations

import math
import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire_units import LAB, LAMP, f32, truth, unit_of

from devices.codec import LIMITS, from_words
from devices.profile import ModbusProfile, Point, Table
from simulators.register_cells import RegisterCell
from simulators.register_map import Distortion, RegisterMap

HOLDING, INPUT, DISCRETE, COIL = Table.HOLDING, Table.INPUT, Table.DISCRETE, Table.COIL


def register_map(**values) -> RegisterMap:
    made = RegisterMap(unit_of(LAB))
    made.update(truth(**values))
    return made


def test_numbers_stand_where_the_manual_says():
    made = register_map(temperature=-1.0, speed=-2, power=1.5, energy=2**53 + 1, level=-3.0)
    assert made.words(HOLDING, 2, 1) == (0xFFF6,)
    assert made.words(HOLDING, 3, 2) == (0xFFFE, 0xFFFF)  # low word first
    assert f32(made.words(HOLDING, 5, 2)) == 1.5
    assert made.words(HOLDING, 7, 4) == (0x0020, 0, 0, 1)  # beyond what a float can count
    assert struct.unpack(">d", struct.pack(">4H", *made.words(INPUT, 100, 4))) == (2.0,)


def test_bits_share_a_word_with_fields_and_a_sign():
    made = register_map(running=True, fault=True, mode=5, tension=-500)
    assert made.words(HOLDING, 20, 3) == (0x8000 | 5 << 8 | 8 | 1, 0, 500)
    made.update(truth(running=False, tension=7))
    assert made.words(HOLDING, 20, 3) == (5 << 8 | 8, 0, 7)


def test_bit_tables_are_packed_low_bit_first():
    made = register_map(lamp1=True, lamp3=True, lamp10=True, relay=True)
    assert made.pdu(2, 0, 10) == bytes((2, 2, 0b101, 0b10))
    assert made.words(DISCRETE, 2, 3) == (1, 0, 0)
    assert made.words(COIL, 4, 1) == (1,)


def test_identity_probe_passes_before_physics_says_anything():
    made = RegisterMap(unit_of(LAB))
    assert made.words(HOLDING, 0, 2) == (380, 5000)
    assert RegisterMap(unit_of(LAMP)).words(HOLDING, 7, 1) == (6,)


def test_nothing_to_say_is_the_sentinel_or_nan_or_the_last_word():
    made = register_map(temperature=20.0, power=5.0, speed=9)
    assert made.words(HOLDING, 3, 2) == (9, 0)
    made.update(truth(temperature=None, power=None, speed=None))
    assert made.words(HOLDING, 2, 1) == (32767,)
    assert math.isnan(f32(made.words(HOLDING, 5, 2)))
    assert made.words(HOLDING, 3, 2) == (9, 0)  # the device has no word for "not available"
    made.update(truth(temperature=math.nan))
    assert made.words(HOLDING, 2, 1) == (32767,)


def test_numbers_too_large_stop_at_the_type():
    made = register_map(temperature=9e9, power=1e300, mode=99, energy=-1)
    assert made.words(HOLDING, 2, 1) == (0x7FFF,)
    assert f32(made.words(HOLDING, 5, 2)) == pytest.approx(3.4028234e38)
    assert made.words(HOLDING, 20, 1)[0] >> 8 & 7 == 7
    assert made.words(HOLDING, 7, 4) == (0, 0, 0, 0)


def test_binding_scale_offset_and_invert_are_undone():
    unit = unit_of(LAB, scales={"speed": (0.5, 10.0)})
    made = RegisterMap(unit)
    made.update(truth(speed=15.0))
    assert made.words(HOLDING, 3, 2) == (10, 0)
    inverted = RegisterMap(_inverted(unit, "fault"))
    inverted.update(truth(fault=True))
    assert inverted.words(HOLDING, 20, 1) == (0,)


def _inverted(unit, name):
    return replace(unit, bindings=tuple(replace(b, invert=b.name == name) for b in unit.bindings))


@pytest.mark.parametrize(
    ("function", "address", "count", "code"),
    [
        (6, 0, 1, 1),  # writes
        (43, 0, 1, 1),
        (3, 0, 41, 3),  # longer than max_block
        (3, 0, 0, 3),
        (3, 13, 1, 2),  # more than max_gap behind the last
        (3, 10, 10, 2),  # across the hole
        (3, 65535, 2, 2),
        (2, 0, 2001, 3),
    ],
)
def test_refusals(function, address, count, code):
    assert register_map().pdu(function, address, count) == bytes((function | 0x80, code))


def test_gaps_can_be_bridged_as_far_as_the_profile_says():
    assert register_map().words(HOLDING, 11, 2) == (0, 0)
    assert register_map().words(HOLDING, 18, 7)
    with pytest.raises(LookupError, match="exception 02"):
        RegisterMap(unit_of(LAMP)).words(HOLDING, 5, 1)


def test_a_table_the_unit_does_not_have_is_an_illegal_function():
    assert RegisterMap(unit_of(LAMP)).pdu(4, 6, 1) == b"\x84\x01"


def test_units_behind_one_device_id_differ_in_base_address():
    made = RegisterMap(unit_of(LAMP, "a"), unit_of(LAMP, "b", base=100))
    made.update({("a", "level"): 40, ("b", "level"): 90})
    assert made.words(HOLDING, 6, 1) + made.words(HOLDING, 106, 2) == (40, 90, 6)


def test_a_base_beyond_the_address_space_is_refused():
    with pytest.raises(ValueError, match="does not exist"):
        RegisterMap(unit_of(LAMP, base=65530))


def test_only_what_changed_is_encoded_again(monkeypatch):
    made = register_map(temperature=20.0, speed=1)
    made.words(HOLDING, 0, 1)
    writes = []
    monkeypatch.setattr(RegisterCell, "put", lambda cell, *_: writes.append(cell.value))
    made.update(truth(temperature=20.0, speed=2))
    made.words(HOLDING, 0, 1)
    assert writes == [2]


def test_distortions_come_and_go():
    made = register_map(temperature=20.0, speed=1, power=2.0)
    made.distort(Distortion.NO_VALUE)
    assert made.words(HOLDING, 2, 1) == (32767,)
    made.update(truth(temperature=21.0))
    assert made.words(HOLDING, 2, 1) == (32767,)
    made.distort(Distortion.WORD_ORDER)
    assert made.words(HOLDING, 2, 3) == (210, 0, 1)
    made.distort(None)
    assert made.words(HOLDING, 2, 3) == (210, 1, 0)
    assert f32(made.words(HOLDING, 5, 2)) == 2.0


# --- any point, any value ---------------------------------------------------------------------

INTEGER = ["u16", "s16", "u32", "s32", "u64", "s64"]


@st.composite
def points(draw) -> Point:
    wire_type = draw(st.sampled_from([*INTEGER, "f32", "f64"]))
    return Point.model_validate(
        {
            "address": draw(st.integers(0, 65000)),
            "doc": "any",
            "type": wire_type,
            "table": draw(st.sampled_from(["holding-register", "input-register"])),
            "word_order": draw(st.sampled_from(["big", "little"])),
            "scale": draw(st.sampled_from([1.0, 0.1, 0.01, 10.0, -0.5])),
            "offset": draw(st.sampled_from([0.0, -60.0, 273.15])),
        }
    )


@given(points(), st.data(), st.sampled_from([(1.0, 0.0), (0.001, 0.0), (1.8, 32.0)]))
def test_any_value_comes_back_within_the_resolution(point: Point, data, folded):
    kind = point.type.value
    low, high = LIMITS.get(kind, (-(10**6), 10**6))
    low, high = max(low, -(2**52)), min(high, 2**52)
    value = (data.draw(st.floats(low, high)) * point.scale + point.offset) * folded[0] + folded[1]
    table = {
        **LAB,
        "points": {"any": point.model_dump(mode="json", by_alias=True, exclude_none=True)},
        "identity": [{"point": "any", "equals": 0}],
        "golden": [{"point": "any", "words": [0], "value": 0}],
    }
    made = RegisterMap(unit_of(table, scales={"any": folded}))
    made.update(truth(any=value))
    assert point.table is not None
    raw = from_words(
        made.words(point.table, point.address, point.type.words), kind, point.word_order or "big"
    )
    back = (raw * point.scale + point.offset) * folded[0] + folded[1]
    step = abs(point.scale * folded[0]) * (0.5 if kind in LIMITS else abs(raw) * 2**-23)
    assert abs(back - value) <= step + 1e-9 * (1 + abs(value))


@given(st.integers(0, 15), st.integers(0, 15), st.integers(0, 0xFFFF))
def test_any_bit_field_comes_back_and_touches_nothing_else(a: int, b: int, value: int):
    low, high = sorted((a, b))
    width = high - low + 1
    table = {
        **LAB,
        "points": {
            "field": {"address": 9, "doc": "x", "type": "u16", "bits": [low, high]},
            "word": {"address": 9, "doc": "x", "type": "u16"},
        },
        "identity": [{"point": "word", "equals": 0xFFFF}],
        "golden": [{"point": "word", "words": [0], "value": 0}],
    }
    made = RegisterMap(unit_of(table, unbound=("word",)))
    made.update(truth(field=value & ((1 << width) - 1)))
    (word,) = made.words(HOLDING, 9, 1)
    assert word >> low & ((1 << width) - 1) == value & ((1 << width) - 1)
    assert word | ((1 << width) - 1) << low == 0xFFFF


def test_a_profile_can_be_read_wholly():
    profile = ModbusProfile.model_validate(LAB)
    made = RegisterMap(unit_of(LAB))
    for point in profile.expanded.values():
        assert point.table is not None
        assert made.words(point.table, point.address, point.type.words) is not None
