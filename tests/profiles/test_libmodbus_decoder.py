"""A second opinion on every 32-bit float: libmodbus's own C functions, through ctypes."""

from __future__ import annotations

import ctypes
import math
import random
from typing import Any

import pytest
from wire_units import absent

from devices.codec import from_words, to_words
from devices.profile import Golden, ModbusProfile, Point, WireType
from devices.tables import profiles

# Letters name the bytes of the number, A the most significant, in the order they travel.
READ = {"big": "modbus_get_float_abcd", "little": "modbus_get_float_cdab"}
MODELS = [p for p in profiles().values() if isinstance(p, ModbusProfile)]
FLOATS = [
    pytest.param(p.expanded[g.point], g, id=f"{p.profile}-{g.point}-{list(g.words)}")
    for p in MODELS
    for g in p.golden
    if p.expanded[g.point].type is WireType.F32
]


@pytest.fixture(scope="module")
def libmodbus() -> Any:
    try:
        library = ctypes.CDLL("libmodbus.so.5")
    except OSError:
        absent("libmodbus.so.5 is not installed (Debian package libmodbus5)")
    words = ctypes.POINTER(ctypes.c_uint16)
    for name in READ.values():
        function = getattr(library, name)
        function.argtypes, function.restype = [words], ctypes.c_float
    return library


def _theirs(library: Any, words: Any, order: str) -> float:
    return float(getattr(library, READ[order])((ctypes.c_uint16 * 2)(*words)))


@pytest.mark.parametrize(("point", "golden"), FLOATS)
def test_golden_floats_by_libmodbus(libmodbus: Any, point: Point, golden: Golden) -> None:
    theirs = _theirs(libmodbus, golden.words, point.word_order)
    if golden.value is None:
        assert not math.isfinite(theirs)
    else:
        assert theirs * point.scale + point.offset == pytest.approx(golden.value, rel=1e-4)


@pytest.mark.parametrize("point", ["voltage_l1", "frequency"])
def test_libmodbus_sees_swapped_words_as_another_number(libmodbus: Any, point: str) -> None:
    meter = profiles()["eastron_sdm630"]
    assert isinstance(meter, ModbusProfile)
    golden = next(g for g in meter.golden if g.point == point)
    assert _theirs(libmodbus, golden.words, "little") != pytest.approx(golden.value, rel=0.5)


@pytest.mark.parametrize("order", ["big", "little"])
def test_libmodbus_reads_what_the_codec_writes(libmodbus: Any, order: str) -> None:
    # Only its getters: in 3.1.6 modbus_set_float_abcd does not undo modbus_get_float_abcd.
    chance = random.Random(630)
    for _ in range(500):
        number = ctypes.c_float(chance.uniform(-1, 1) * 10.0 ** chance.randint(-6, 9)).value
        words = to_words(number, "f32", order)
        assert from_words(words, "f32", order) == number == _theirs(libmodbus, words, order)


def test_every_float_model_has_golden_words_here() -> None:
    models = {p.profile for p in MODELS if any(q.type is WireType.F32 for q in p.points.values())}
    meters = {"eastron_sdm630", "schneider_iem3155", "bender_rcms410", "chint_dtsu666", "siemens_pac2200"}
    assert models == meters | {"campbell_metsens200"}
    assert len(FLOATS) >= 3 * len(models)
