"""Every profile: well formed, within its bounds, and true to words worked by hand.

The words are decoded here by pymodbus's own conversions, not by facilityd's codec, and the
scaling is done again, so that a mistake shared by adapter and simulator cannot hide.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pymodbus.client.mixin import ModbusClientMixin

from devices.codec import from_words, string_bytes, string_words, text_of, to_words
from devices.modbus.decode import RegisterBinding, compile_block, register_binding
from devices.modbus.plan import merge
from devices.profile import Golden, ModbusProfile, MqttProfile, Point, WireType
from devices.tables import SHELF, profiles
from devices.unit import Binding, Unit
from facilityd.model.measure import conversion
from facilityd.model.sample import SignalType, Stream

PROFILES = profiles()
MODBUS = [p for p in PROFILES.values() if isinstance(p, ModbusProfile)]
KINDS = ModbusClientMixin.DATATYPE
DATATYPES = {
    WireType.U16: KINDS.UINT16, WireType.S16: KINDS.INT16, WireType.U32: KINDS.UINT32, WireType.S32: KINDS.INT32,
    WireType.U64: KINDS.UINT64, WireType.S64: KINDS.INT64, WireType.F32: KINDS.FLOAT32, WireType.F64: KINDS.FLOAT64,
    WireType.STRING: KINDS.STRING,
}  # fmt: skip
REQUIRED = {
    "abb_acs380_acs580", "delta_ms300", "laumas_tlb4", "moxa_iologik_e1212", "grundfos_cim", "danfoss_fc202",
    "bender_rcms410", "eastron_sdm630", "schneider_iem3155", "acrel_adw300", "intesis_inmbsdal", "lufft_ws_umb",
    "shelly_gen2", "briter_brt", "inovance_md500", "vaisala_wxt530", "chint_dtsu666", "invt_gd200",
    "siemens_logo8", "renke_rs_fsjt", "renke_rs_fxjt", "schneider_altivar", "milesight_em500_swl",
}  # fmt: skip
# Registers that command, zero or configure (docs/reference/devices.md §1): no profile may name them.
FORBIDDEN = {
    "laumas_tlb4": {5},
    "delta_ms300": {0x2000, 0x2001, 0x2002},
    "intesis_inmbsdal": {4, *(100 * s + 15 for s in range(64))},
    "briter_brt": set(range(4, 10)),
    "lufft_ws_umb": {7},
    "invt_gd200": set(range(0x2000, 0x200E)),
    "schneider_altivar": {8501, 8502},
    "qdy30a_level": {5, 6},
    "witmotion_wtvb01": set(range(0x34)),
    "chint_dtsu666": set(range(0x2E)),
}


def test_every_promised_model_is_there() -> None:
    assert REQUIRED <= set(PROFILES)
    assert {path.stem for path in (SHELF / "profiles").glob("*.yaml")} == set(PROFILES)


@pytest.mark.parametrize("profile", MODBUS, ids=lambda p: p.profile)
def test_registers_stay_within_the_table(profile: ModbusProfile) -> None:
    for name, point in profile.expanded.items():
        assert point.address + point.words <= 65536, name
        assert point.words <= profile.max_block, name
        if point.sign:
            assert 0 < abs(point.address - point.sign.address) < profile.max_block, name
        assert not point.table.is_bits or point.type is WireType.BIT, name


@pytest.mark.parametrize("profile", MODBUS, ids=lambda p: p.profile)
def test_no_register_lies_across_another(profile: ModbusProfile) -> None:
    spans: dict[tuple[Any, int], int] = {}
    for name, point in profile.expanded.items():
        for offset in range(point.words):
            start = spans.setdefault((point.table, point.address + offset), point.address)
            assert start == point.address, f"{name} overlaps another point from the middle"


@pytest.mark.parametrize("profile", MODBUS, ids=lambda p: p.profile)
def test_command_registers_are_not_named(profile: ModbusProfile) -> None:
    named = {point.address + n for point in profile.expanded.values() for n in range(point.words)}
    named |= {point.sign.address for point in profile.expanded.values() if point.sign}
    assert not named & FORBIDDEN.get(profile.profile, set())


def _field(profile: ModbusProfile, name: str) -> RegisterBinding:
    point = profile.expanded[name]
    kind = SignalType.BOOL if point.is_bool else SignalType.FLOAT
    kind = SignalType.TEXT if point.is_text or point.enum else kind
    stream = Stream("d", "f", "u", "l", ("s",), (kind,))
    binding = Binding(name, point, stream, 0, kind, codes=point.enum or None)
    return register_binding(binding, Unit("u", "l", profile, (stream,), (binding,)))


@pytest.mark.parametrize("profile", MODBUS, ids=lambda p: p.profile)
def test_no_read_of_everything_crosses_a_command_register_or_breaks_a_limit(profile: ModbusProfile) -> None:
    reads = list(merge([_field(profile, name) for name in profile.expanded], profile))
    assert sum(len(read.names) for read in reads) == len(profile.expanded)
    for read in reads:
        span = range(read.address, read.address + read.count)
        assert not FORBIDDEN.get(profile.profile, set()).intersection(span), read
        assert read.count <= profile.max_block, read
        # What reading changes is asked for alone.
        assert len({field.side_effect for field in read.fields}) == 1, read


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda p: p.profile)
def test_the_source_is_named_and_units_are_known(profile: ModbusProfile | MqttProfile) -> None:
    assert len(profile.manual) > 20
    assert profile.maker
    assert profile.model
    for name, point in profile.expanded.items():
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
        assert not point.unit or point.unit == "deg" or _converts(point.unit), (name, point.unit)


def _converts(unit: str) -> bool:
    for base in (
        "V",
        "A",
        "Hz",
        "W",
        "VA",
        "var",
        "Wh",
        "K",
        "bar",
        "m",
        "m/s",
        "m³/h",
        "%",
        "rpm",
        "W/m²",
        "Pa",
        "mm/h",
        "s",
    ):
        with contextlib.suppress(ValueError):
            return bool(conversion(unit, base))
    return False


@pytest.mark.parametrize("profile", MODBUS, ids=lambda p: p.profile)
def test_no_sentinel_is_promised_where_the_decoder_knows_none(profile: ModbusProfile) -> None:
    for name, point in profile.expanded.items():
        assert not (point.no_value and (point.bit is not None or point.bits)), name
        if point.note.startswith("unverified"):
            assert len(point.note) > len("unverified: "), f"{name} does not say what is unverified"


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda p: p.profile)
def test_unverified_points_identify_nothing(profile: ModbusProfile | MqttProfile) -> None:
    for expect in profile.identity:
        point = profile.expanded[expect.point]
        assert not getattr(point, "note", "").startswith("unverified")


def _goldens() -> Iterator[Any]:
    for profile in MODBUS:
        assert len(profile.golden) >= 4
        for golden in profile.golden:
            yield pytest.param(profile, golden, id=f"{profile.profile}-{golden.point}-{list(golden.words)}")


GOLDENS = list(_goldens())


def _independent(profile: ModbusProfile, golden: Golden) -> float | bool | str | None:
    """Decode with pymodbus and do the arithmetic again."""
    point = profile.expanded[golden.point]
    words = list(golden.words)
    if point.is_bool:
        return words[0] // 2 ** (point.bit or 0) % 2 == 1
    if point.bits:
        code = words[0] // 2 ** point.bits[0] % 2 ** (point.bits[1] - point.bits[0] + 1)
        return point.enum.get(code) if point.enum else code * point.scale
    raw = ModbusClientMixin.convert_from_registers(words, DATATYPES[point.type], word_order=point.word_order)
    if isinstance(raw, str) or point.enum:
        return raw.strip() if isinstance(raw, str) else point.enum.get(int(raw))
    assert isinstance(raw, int | float)
    if raw in point.no_value or not math.isfinite(raw):
        return None
    negative = point.sign and golden.status is not None and golden.status // 2**point.sign.bit % 2
    return (-raw if negative else raw) * point.scale + point.offset


@pytest.mark.parametrize(("profile", "golden"), GOLDENS)
def test_golden_words_by_an_independent_decoder(profile: ModbusProfile, golden: Golden) -> None:
    found = _independent(profile, golden)
    if golden.value is None or isinstance(golden.value, bool | str):
        assert found == golden.value
        assert type(found) is type(golden.value)
    else:
        assert found == pytest.approx(golden.value, rel=1e-4)


@pytest.mark.parametrize(("profile", "golden"), GOLDENS)
def test_golden_words_by_the_adapter(profile: ModbusProfile, golden: Golden) -> None:
    found = _by_adapter(profile, golden)
    if golden.value is None or isinstance(golden.value, bool | str):
        assert found == golden.value
        assert type(found) is type(golden.value)
    else:
        assert found == pytest.approx(golden.value, rel=1e-4)


def _by_adapter(profile: ModbusProfile, golden: Golden) -> Any:
    point = profile.expanded[golden.point]
    field = _field(profile, golden.point)
    start, payload = _payload(field, point, golden)
    size = 1 if point.table.is_bits else len(payload) // 2
    out: list[Any] = []
    compile_block(point.table, start, size, [field]).decode(
        payload, lambda _, verdict: out.append(verdict[0])
    )
    return out[0]


@pytest.mark.parametrize(("profile", "golden"), GOLDENS)
def test_golden_words_by_the_codec_both_ways(profile: ModbusProfile, golden: Golden) -> None:
    point = profile.expanded[golden.point]
    if point.type is WireType.BIT:
        assert golden.words[0] in (0, 1)
        return
    if point.is_text:
        text = text_of(string_bytes(golden.words, point.byte_order), point.encoding)
        assert text == golden.value
        back = string_words(text or "", point.words, point.encoding, point.byte_order)
        assert text_of(string_bytes(back, point.byte_order), point.encoding) == text
        return
    theirs = ModbusClientMixin.convert_from_registers(
        list(golden.words), DATATYPES[point.type], word_order=point.word_order
    )
    raw = from_words(golden.words, point.type.value, point.word_order)
    assert raw == theirs or (math.isnan(raw) and math.isnan(theirs))
    if math.isfinite(raw):
        assert to_words(raw, point.type.value, point.word_order) == list(golden.words)


def _payload(field: RegisterBinding, point: Point, golden: Golden) -> tuple[int, bytes]:
    if point.table.is_bits:
        return field.address, bytes([golden.words[0]])
    words = {field.address + n: word for n, word in enumerate(golden.words)}
    if field.sign_address is not None:
        words[field.sign_address] = golden.status or 0
    start, end = min(words), max(words) + 1
    return start, b"".join(words.get(a, 0).to_bytes(2, "big") for a in range(start, end))


@pytest.mark.parametrize(("word", "months"), [(0x00FF, None), (0xFFFF, None), (0x0012, 18.0), (0x0112, 18.0)])
def test_a_service_that_is_not_counted_is_no_number_of_months(word: int, months: float | None) -> None:
    pump = PROFILES["grundfos_cim"]
    assert isinstance(pump, ModbusProfile)
    assert _by_adapter(pump, Golden(point="months_to_bearing_service", words=(word,), value=months)) == months
