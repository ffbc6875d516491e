"""What stands in the cells of makers' register lists: understood by tables, or named with its row and column."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from devices.profile import ModbusProfile
from devices.tables import load_profile
from facilityd.cli.main import facilityd
from facilityd.cli.profile_cells import CellError, listed_address, listed_scale, listed_unit
from facilityd.cli.profile_list import TOLD, RegisterList, read_list
from facilityd.cli.profile_names import point_name
from facilityd.cli.profile_types import listed_type
from facilityd.cli.profile_words import list_words
from facilityd.errors import ConfigError
from facilityd.model.measure import unit_name

HEAD = "地址,名称,数据类型,倍率,单位,读写,备注\n"


def _read(folder: Path, rows: str, head: str = HEAD) -> RegisterList:
    (folder / "list.csv").write_text(head + rows, "utf-8")
    return read_list(folder / "list.csv")


def _refused(folder: Path, rows: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        _read(folder, rows)
    return list(refused.value.problems)


def _new(folder: Path, rows: str, *words: str, lang: str = "en") -> tuple[Result, str]:
    (folder / "list.csv").write_text(HEAD + rows, "utf-8")
    made = folder / "acme.yaml"
    called = ["profile", "new", str(made), "--from", str(folder / "list.csv"), "--lang", lang, *words]
    done = CliRunner().invoke(facilityd, called)
    assert done.exit_code == 0, done.exception
    return done, made.read_text("utf-8")


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


def test_a_type_that_is_not_known_is_named_and_never_u16(tmp_path: Path) -> None:
    (told,) = _refused(tmp_path, "0,电压,量子型,,,,\n")
    assert "list.csv:2:C: type '量子型' is not known" in told
    assert "blank the row" in told


def test_a_range_of_two_registers_takes_a_type_of_two_or_is_asked(tmp_path: Path) -> None:
    points = _read(
        tmp_path,
        "16-17,a,浮点型,,,,\n40019-40020,b,无符号整数,,,,\n0x20~0x21,c,int,,,,\n22-29,d,字符串,,,,\n",
    ).points
    assert [(one.address, one.type, one.span) for one in points] == [
        (16, "f32", 2), (18, "u32", 2), (32, "s32", 2), (22, "string", 8),
    ]  # fmt: skip
    told = _refused(tmp_path, "16-17,a,u16,,,,\n40001-40002,b,,,,,\n40003-40006,c,f32,,,,\n7,d,字符串,,,,\n")
    assert [re.sub(r".*list.csv:", "", one).partition(";")[0] for one in told] == [
        "2:C: the address takes 2 registers, type 'u16' takes 1",
        "3:C: the address takes 2 registers, and no type is said",
        "4:C: the address takes 4 registers, type 'f32' takes 2",
        "5:C: type '字符串' is a text, and how many registers it takes is not said",
    ]


@pytest.mark.parametrize(
    ("text", "table", "address", "span"),
    [
        ("16 / 17", "", 16, 2), ("4x0017", "holding-register", 16, 0), ("3X0017", "input-register", 16, 0),
        ("16.0", "", 16, 0), ("0x1000(4096)", "", 4096, 0), ("40017 (0x10)", "holding-register", 16, 0),
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


def test_hexadecimal_addresses_without_a_sign_are_seen_by_their_column(tmp_path: Path) -> None:
    assert [one.address for one in _read(tmp_path, "0010,a,,,,,\n001A,b,,,,,\n").points] == [16, 26]
    assert [one.address for one in _read(tmp_path, "0010,a,,,,,\n0011,b,,,,,\n").points] == [10, 11]


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("/10", 0.1, ""), ("÷10", 0.1, ""), ("10^-1", 0.1, ""), ("0,1", 0.1, ""), ("0.1V", 0.1, "V"), ("-", 1.0, ""),
        ("N/A", 1.0, ""), ("x0.1", 0.1, ""), ("×10", 10.0, ""), ("1/100", 0.01, ""), ("1E-2", 0.01, ""),
        ("扩大10倍", 0.1, ""), ("0.1℃", 0.1, "°C"),
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
        ("", "-|无|N/A|blorps|度"),
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
        ("瞬时流量", "flow"), ("液位", "level"), ("A相电压 Phase A voltage", "voltage_l1"), ("神秘参数", ""),
        ("Phase A voltage", "voltage_l1"), ("L2 current", "current_l2"), ("Total active power", "active_power_total"),
        ("Uab", "voltage_l1_l2"), ("Door contact", "door_contact"),
    ],
)  # fmt: skip
def test_points_are_named_as_shipped_profiles_name_theirs(text: str, name: str) -> None:
    assert point_name(text) == name


def test_what_the_maker_wrote_stays_beside_each_point(tmp_path: Path) -> None:
    _, text = _new(tmp_path, '0,A相电压,u16,0.1,V,R,"相对零线\n测量"\n16,神秘参数,u16,,,R,\n')
    assert (
        '  voltage_l1: {address: 0, doc: "0", type: u16, scale: 0.1, unit: V}  # A相电压; 相对零线 测量'
        in text
    )
    assert '  register_16: {address: 16, doc: "16", type: u16}  # 神秘参数' in text


def test_names_stand_once_each(tmp_path: Path) -> None:
    names = [one.name for one in _read(tmp_path, "0,温度,,,,,\n1,温度,,,,,\n2,温度2,,,,,\n").points]
    assert names == ["temperature", "temperature_2", "temperature_2_2"]


def test_headings_reserved_rows_and_those_that_can_only_be_written_are_left_out_and_told(
    tmp_path: Path,
) -> None:
    rows = (
        "1. Device information,,,,,,\n一、测量数据,,,,,,\n0,频率,u16,0.01,Hz,R,\n保留,,,,,,\n5,备用1,u16,,,R,\n"
        "6,Reserved,u16,,,R/W,\n7,启动命令,u16,,,W,\n8,复位,u16,,,,只写\n9,备用电源电压,u16,,V,R/W,\n"
        "地址,名称,数据类型,倍率,单位,读写,备注\n"
    )
    done, text = _new(tmp_path, rows)
    assert re.findall(r"^  (\w+): \{", text, re.MULTILINE) == ["frequency", "register_9"]
    assert "a heading or without an address: rows 2, 3, 11" in done.output
    assert "reserved: rows 5, 6, 7" in done.output
    assert "write-only (facilityd only reads): rows 8, 9" in done.output


def test_every_cell_that_is_not_understood_is_told_in_one_run(tmp_path: Path) -> None:
    told = _refused(tmp_path, "four,a,u16,,,,\n1,b,量子,,,,\n2,c,u16,much,,,\n3,d,量子,much,,,\n")
    assert [re.sub(r".*list.csv:(\w+:\w).*", r"\1", one) for one in told] == [
        "2:A",
        "3:C",
        "4:D",
        "5:C",
        "5:D",
    ]
    many = _refused(tmp_path, "".join(f"{n},a,量子,,,,\n" for n in range(TOLD + 7)))
    assert len(many) == TOLD + 1
    assert "and 7 more cells" in many[-1]


def test_scale_and_unit_in_one_cell_are_taken_apart_and_must_agree(tmp_path: Path) -> None:
    first, second = _read(tmp_path, "0,温度,int16,,0.1℃,,\n1,湿度,u16,0.1,0.1%,,\n").points
    assert (first.scale, first.unit, second.scale, second.unit) == (0.1, "°C", 0.1, "%")
    (told,) = _refused(tmp_path, "0,温度,int16,0.01,0.1℃,,\n")
    assert "list.csv:2:D: '0.01' and '0.1℃' do not agree" in told


@pytest.mark.parametrize(
    ("row", "codes"),
    [
        ("0,温度,int16,0.1,℃,,-32768 = no sensor", (-32768,)), ("0,温度,int16,0.1,℃,,0x8000表示无传感器", (-32768,)),
        ("0,x,u16,,,,65535: invalid", (65535,)), ("0,温度,int16,0.1,℃,,-999 = invalid", ()),  # raw or scaled?
        ("0,x,u16,,,,1 = on; 0 = off", ()), ("0,x,f32,,,,-32768 = no sensor", ()), ("0,x,u16,,,,-1 = invalid", ()),
    ],
)  # fmt: skip
def test_a_remark_says_what_means_no_value_only_where_it_is_plain(
    row: str, codes: tuple[int, ...], tmp_path: Path
) -> None:
    (point,) = _read(tmp_path, f"{row}\n").points
    assert point.no_value == codes
    assert row.rpartition(",")[2] in point.said


def test_a_whole_list_becomes_a_profile_that_check_takes_once_it_is_filled_in(tmp_path: Path) -> None:
    rows = (
        "0-1,A相电压,浮点型 CDAB,,伏,只读,\n2-3,总有功功率,float,,千瓦,R,\n4,转速,uint,1,转/分,R,\n5,故障,布尔,,,R,\n"
        "6,温度,int16,/10,C,R,0x8000=未接\n7,神秘,u16,0.0009765625,怪单位,R,\n8-15,序列号,字符串,,,R,\n10001,门,,,,R,\n"
        "40101,流量,u32,,m3/h,R,\n40103,电能,无符号32位,0.01,度,R,\n40105,水位,,,m,R,\n"
    )
    done, text = _new(tmp_path, rows)
    assert "evidence: C" in text
    assert "row 7 怪单位" in done.output
    assert "no type, taken for u16: 1 point" in done.output
    assert "taken for bit 0: 1 point" in done.output
    assert "assumed to be ABCD" in done.output
    assert "3 points of two registers" in done.output
    steps = [
        done.output.index(step) for step in ("profile live ", "profile check ", "SITE/profiles/acme.yaml")
    ]
    assert steps == sorted(steps)
    whole = re.sub(
        r"^#  - \{point: voltage_l1, between.*",
        "  - {point: speed, between: [0, 9000]}",
        text,
        flags=re.MULTILINE,
    )
    whole = re.sub(
        r"^#  - \{point: speed, words.*",
        "  - {point: speed, words: [7], value: 7}",
        whole,
        flags=re.MULTILINE,
    )
    (tmp_path / "acme.yaml").write_text(whole, "utf-8")
    profile = load_profile(tmp_path / "acme.yaml")
    assert isinstance(profile, ModbusProfile)
    points = profile.expanded
    assert (points["voltage_l1"].word_order, points["voltage_l1"].unit) == ("little", "V")
    assert (points["fault"].bit, points["fault"].type) == (0, "u16")
    assert points["temperature"].no_value == (-32768,)
    assert points["register_7"].scale == 0.0009765625
    assert points["serial_number"].length == 8
    assert [points[name].unit for name in ("speed", "flow", "energy")] == ["rpm", "m³/h", "kWh"]


def test_nothing_is_said_of_word_order_where_the_list_says_it(tmp_path: Path) -> None:
    done, text = _new(tmp_path, "0-1,A相电压,f32 CDAB,,V,R,\n2,频率,u16,,Hz,R,\n", lang="zh")
    assert "word_order: little" in text
    assert "字序按" not in done.output
    assert "接下来" in done.output
