"""No model is taken for another by its identity probe, but for those that have no identity and say so."""

from __future__ import annotations

import pytest
from wire_units import unit_of

from devices.codec import bit_field, from_words
from devices.profile import ModbusProfile, Point
from devices.tables import profiles
from simulators.register_map import RegisterMap

MODBUS = {name: p for name, p in profiles().items() if isinstance(p, ModbusProfile)}
NAMELESS = {name for name, model in MODBUS.items() if model.nameless}
"""They tell nothing but small numbers, such as another model at rest has at their addresses."""


def _value(image: RegisterMap, point: Point) -> float | None:
    assert point.table is not None
    words = image.words(point.table, point.address, point.words)
    if point.table.is_bits:
        return words[0]
    if point.bits or point.bit is not None:
        return bit_field(words[0], *(point.bits or (point.bit or 0, point.bit or 0)))
    raw = from_words(words, point.type.value, point.word_order or "big")
    return None if raw in point.no_value else round(raw * point.scale + point.offset, 6)


def _fits(image: RegisterMap, profile: ModbusProfile) -> bool:
    for expect in profile.identity:
        try:
            value = _value(image, profile.expanded[expect.point])
        except LookupError:
            return False
        if value is None or not expect.holds(value):
            return False
    return True


@pytest.mark.parametrize("name", MODBUS)
def test_a_model_answers_like_no_other_that_has_an_identity(name: str) -> None:
    image = RegisterMap(unit_of(MODBUS[name]))
    assert _fits(image, MODBUS[name])
    taken_for = {other for other in MODBUS if other != name and _fits(image, MODBUS[other])}
    assert taken_for <= NAMELESS


def test_who_has_no_identity_is_taken_for_others_and_says_so() -> None:
    assert len(NAMELESS) == 9, "this grows only by a line with its note (decision 0096)"
    images = {name: RegisterMap(unit_of(model)) for name, model in MODBUS.items()}
    for name in NAMELESS:
        assert any(_fits(image, MODBUS[name]) for other, image in images.items() if other != name), name
        assert "no model code" in MODBUS[name].notes, name
