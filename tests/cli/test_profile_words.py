"""Types, addresses, scales, units and names of makers' register lists, each as their tables know them."""

from __future__ import annotations

import pytest

from facilityd.cli.profile_cells import CellError, listed_address, listed_scale, listed_unit
from facilityd.cli.profile_names import point_name
from facilityd.cli.profile_types import listed_type
from facilityd.cli.profile_words import list_words
from facilityd.model.measure import unit_name


@pytest.mark.parametrize(
    ("wire", "texts"),
    [
        ("f32", "浮点型|单精度浮点|浮点数|32位浮点|4字节浮点|实型|IEEE754|32-bit float|REAL|single|Float (4 bytes)"),
        ("f64", "双精度浮点型|double|LREAL|64位浮点"), ("s32", "长整型|DINT|long|signed int32|有符号32位"),
        ("u32", "无符号32位|32位无符号整数|UDINT|INT32U|双字|dword|unsigned long|无符号长整型"),
        ("s16", "有符号整型|整型|INT|short|16位有符号"),
        ("u16", "无符号16位|unsigned short|uint|ushort|word|字|枚举|enum|十六进制|uint16_t|unsigned"),
        ("bit", "布尔|开关量|bool|BIT"), ("string", "字符串|ASCII"), ("bcd16", "BCD"),
        ("", "quaternion|byte|SINT|uint8|16位|32位|float16|unsigned float|时间|u16 s16|不明"),
    ],
)  # fmt: skip
def test_types_are_known_in_both_languages_or_not_at_all(wire: str, texts: str) -> None:
    assert {text: listed_type(text, 0).wire for text in texts.split("|")} == dict.fromkeys(
        texts.split("|"), wire
    )


@pytest.mark.parametrize(
    ("text", "wire", "order"),
    [
        ("FLOAT (CDAB)", "f32", "CDAB"), ("u32 CDAB", "u32", "CDAB"), ("单精度浮点 低字在前", "f32", "CDAB"),
        ("float32 AB CD", "f32", "ABCD"), ("INT32 DCBA", "s32", "DCBA"), ("F32 byte swap", "f32", "BADC"),
        ("float", "f32", ""),
    ],
)  # fmt: skip
def test_the_order_of_words_beside_a_type_is_kept(text: str, wire: str, order: str) -> None:
    found = listed_type(text, 0)
    assert (found.wire, found.order) == (wire, order)


@pytest.mark.parametrize(
    ("text", "table", "address", "span"),
    [
        ("16 / 17", "", 16, 2), ("4x0017", "holding-register", 16, 0), ("3X0017", "input-register", 16, 0),
        ("16.0", "", 16, 0), ("0x0010H", "", 16, 0), ("0x1000(4096)", "", 4096, 0), ("40017 (0x10)", "holding-register", 16, 0),
        ("４００１７", "holding-register", 16, 0), ("40001-02", "holding-register", 0, 2), ("16、17", "", 16, 2),
    ],
)  # fmt: skip
def test_addresses_are_read_as_makers_print_them(text: str, table: str, address: int, span: int) -> None:
    found = listed_address(text)
    assert (found.table, found.address, found.span) == (table, address, span)


@pytest.mark.parametrize("text", ["0x1000(4097)", "17-16", "16.3", "four", "70000", "0x10000", "40001-30002"])
def test_addresses_that_contradict_themselves_are_refused(text: str) -> None:
    with pytest.raises(CellError, match="is no register address"):
        listed_address(text)


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("/10", 0.1, ""), ("÷10", 0.1, ""), ("10^-1", 0.1, ""), ("0,1", 0.1, ""), ("0.1V", 0.1, "V"), ("-", 1.0, ""),
        ("N/A", 1.0, ""), ("x0.1", 0.1, ""), ("×10", 10.0, ""), ("1/100", 0.01, ""), ("1E-2", 0.01, ""),
        ("扩大10倍", 0.1, ""), ("2位小数", 0.01, ""), ("1 decimal", 0.1, ""), ("0.1℃", 0.1, "°C"),
    ],
)  # fmt: skip
def test_scales_are_read_as_makers_print_them(text: str, value: float, unit: str) -> None:
    assert listed_scale(text) == (pytest.approx(value), unit)


@pytest.mark.parametrize("text", ["1/0", "nan", "0", "±0.5%", "1,000", "rising"])
def test_what_is_no_scale_is_refused(text: str) -> None:
    with pytest.raises(CellError, match="is no scale"):
        listed_scale(text)


@pytest.mark.parametrize(
    ("unit", "texts"),
    [
        ("m³", "m3|立方米"), ("rpm", "RPM|r/min|转/分|rpm"), ("kvar", "kVar|KVAR|kvar"), ("kW", "Kw|KW|千瓦"), ("V", "伏|v"),
        ("W/m²", "W/m2"), ("A", "安|a"), ("kWh", "千瓦时|kwh|KWH|kW·h"), ("°C", "C|℃|degC|摄氏度"), ("%", "％|%RH"),
        ("", "-|无|N/A|blorps|度|0\x08|9**9**9**9|m^9^9^9"),
    ],
)  # fmt: skip
def test_units_are_those_of_profiles_or_none(unit: str, texts: str) -> None:
    assert {text: listed_unit(text) for text in texts.split("|")} == dict.fromkeys(texts.split("|"), unit)


def test_a_degree_is_what_the_point_measures() -> None:
    names = ("energy_import", "temperature", "wind_direction", "voltage")
    assert [listed_unit("度", name) for name in names] == ["kWh", "°C", "deg", ""]


def test_every_unit_of_the_table_passes_check() -> None:
    units = [*list_words().units, *list_words().degrees.values()]
    assert [unit_name(unit) for unit in units] == units


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("A相电压", "voltage_l1"), ("频率", "frequency"), ("B相电流", "current_l2"), ("总有功功率", "active_power_total"),
        ("C相无功功率", "reactive_power_l3"), ("功率因数", "power_factor"), ("正向有功电能", "energy_import"),
        ("反向有功总电能", "energy_export_total"), ("AB线电压", "voltage_l1_l2"), ("A 相 电压(Ua)", "voltage_l1"),
        ("温度1", "temperature_1"), ("1号泵出口压力", "pump_1_outlet_pressure"), ("10#风机转速", "fan_10_speed"),
        ("瞬时流量", "flow"), ("液位", "level"), ("A相电压 Phase A voltage", "voltage_l1"), ("神秘参数", ""), ("A相电流总谐波畸变率", "current_thd_l1"),
        ("Phase A voltage", "voltage_l1"), ("L2 current", "current_l2"), ("Total active power", "active_power_total"),
        ("Uab", "voltage_l1_l2"), ("Door contact", "door_contact"), ("Phase 1 line to neutral volts", "voltage_l1"), ("Total kWh", "energy_total"),
    ],
)  # fmt: skip
def test_points_are_named_as_shipped_profiles_name_theirs(text: str, name: str) -> None:
    assert point_name(text) == name


def test_what_no_unit_can_be_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="not a unit"):
        unit_name("0\x08")


@pytest.mark.parametrize("unit", ["9**9**9", "9 ^ 9 ^ 9", "m**9**9**9", "k" * 25, "(" * 400])
def test_a_unit_that_is_arithmetic_or_endless_is_refused_and_not_computed(unit: str) -> None:
    with pytest.raises(ValueError):
        unit_name(unit)
