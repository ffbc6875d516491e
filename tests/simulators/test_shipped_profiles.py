"""Every profile on the shelf, through its image: identity passes, any value comes back."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wire_units import truth, unit_of

from devices.codec import LIMITS, bit_field, from_words, string_bytes, text_of
from devices.profile import ModbusProfile, MqttProfile, Point
from devices.tables import profiles
from simulators.payload import messages_of
from simulators.register_map import RegisterMap

MODBUS = {name: p for name, p in profiles().items() if isinstance(p, ModbusProfile)}
MQTT = {name: p for name, p in profiles().items() if isinstance(p, MqttProfile)}


def unit(profile):
    return unit_of(profile)


def decoded(register_map: RegisterMap, point: Point) -> float | str | None:
    """The value in the point's unit, from the words, with nothing but the codec."""
    assert point.table is not None
    words = register_map.words(point.table, point.address, point.words)
    if point.table.is_bits:
        return words[0]
    if point.is_text:
        return text_of(string_bytes(words, point.byte_order or "big"), point.encoding)
    if point.bit is not None:
        return bit_field(words[0], point.bit, point.bit)
    if point.bits is not None:
        return bit_field(words[0], *point.bits) * point.scale + point.offset
    raw = from_words(words, point.type.value, point.word_order or "big")
    if raw in point.no_value:
        return None
    if point.sign and register_map.words(point.table, point.sign.address, 1)[0] >> point.sign.bit & 1:
        raw = -raw
    return raw * point.scale + point.offset


@pytest.mark.parametrize("profile", MODBUS.values(), ids=MODBUS)
def test_the_identity_probe_passes(profile):
    register_map = RegisterMap(unit(profile))
    for expect in profile.identity:
        value = decoded(register_map, profile.expanded[expect.point])
        assert value is not None
        assert expect.holds(value) or expect.holds(round(value, 6)), expect


@pytest.mark.parametrize("profile", MODBUS.values(), ids=MODBUS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_value_of_any_point_comes_back(profile, data):
    point_name = data.draw(st.sampled_from(sorted(profile.expanded)))
    point = profile.expanded[point_name]
    register_map = RegisterMap(unit(profile))
    value = data.draw(_values(point))
    register_map.update(truth(**{point_name: value}))
    back = decoded(register_map, point)
    if point.is_text:
        assert (back or "") == " ".join(value.split(" ")).strip()
        return
    if back is None:
        assert _raw(point, value) in point.no_value
        return
    assert abs(back - value) <= _resolution(point, value) + 1e-9 * (1 + abs(value))


def _raw(point: Point, value: float) -> int:
    return round((value - point.offset) / point.scale)


def _resolution(point: Point, value: float) -> float:
    if point.is_bool:
        return 0.0
    if point.type.value in LIMITS:
        return abs(point.scale) / 2
    return abs(point.scale) * (abs((value - point.offset) / point.scale) * 2**-23 + 1e-30)


def _values(point: Point) -> st.SearchStrategy[float]:
    if point.is_bool:
        return st.booleans()
    if point.is_text:
        return st.text(st.sampled_from("iEM 3155-é升"), max_size=point.words * 2 // 3)
    low, high = (float(max(-(2**50), min(2**50, end))) for end in LIMITS.get(point.type.value, (-1e6, 1e6)))
    if point.bits:
        low, high = 0, (1 << (point.bits[1] - point.bits[0] + 1)) - 1
    if point.sign:
        low = -high
    ends = sorted(end * point.scale + point.offset for end in (low, high))
    if point.range:
        ends = [max(ends[0], point.range[0]), min(ends[1], point.range[1])]
    return st.floats(*ends)


@pytest.mark.parametrize("profile", MODBUS.values(), ids=MODBUS)
def test_golden_values_give_the_golden_words(profile):
    """The encoder against words worked by hand; words that mean no value are one of several."""
    for golden in profile.golden:
        point = profile.expanded[golden.point]
        register_map = RegisterMap(unit(profile))
        codes = {word: code for code, word in point.enum.items()}
        register_map.update(truth(**{golden.point: codes.get(golden.value, golden.value)}))
        back = decoded(register_map, point)
        if golden.value is None:
            assert back is None or math.isnan(back)
            continue
        words = register_map.words(point.table, point.address, point.words)
        if point.is_text:
            assert back == golden.value
            continue
        if point.bit is None and point.bits is None:
            assert words == golden.words, golden
        assert back == pytest.approx(float(codes.get(golden.value, golden.value)))


@pytest.mark.parametrize("profile", MQTT.values(), ids=MQTT)
def test_golden_messages_are_what_the_device_would_write(profile):
    """A golden value, published and taken out again by pointer, is what the golden payload holds."""
    for golden in profile.golden:
        if golden.value is None:
            continue
        codes = {word: code for code, word in profile.expanded[golden.point].enum.items()}
        messages = {message.topic: message for message in messages_of(profile)}
        written = messages[golden.topic].payload({golden.point: codes.get(golden.value, golden.value)})
        (pointer,) = (
            source.pointer
            for source in profile.expanded[golden.point].sources
            if source.topic == golden.topic
        )
        ours, theirs = _at(written.decode(), pointer), _at(golden.payload, pointer)
        assert ours == theirs or float(ours) == pytest.approx(float(theirs)), golden


def _at(text: str, pointer: str):
    if pointer == "":
        return text
    node = json.loads(text)
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        node = node[int(key)] if isinstance(node, list) else node[key]
    return node
