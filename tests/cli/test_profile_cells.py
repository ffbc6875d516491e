"""What stands in the cells of makers' register lists: understood by tables, or named with its row and column."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from devices.profile import ModbusProfile
from devices.tables import load_profile
from facilityd.cli.main import facilityd
from facilityd.cli.profile_list import TOLD, RegisterList, read_list
from facilityd.errors import ConfigError

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


def test_hexadecimal_addresses_without_a_sign_are_seen_by_their_column(tmp_path: Path) -> None:
    assert [one.address for one in _read(tmp_path, "0010,a,,,,,\n001A,b,,,,,\n").points] == [16, 26]
    assert [one.address for one in _read(tmp_path, "0010,a,,,,,\n0011,b,,,,,\n").points] == [10, 11]


def test_the_function_code_says_which_table_is_read(tmp_path: Path) -> None:
    head = "功能码,寄存器地址,寄存器名称,类型\n"
    listed = _read(
        tmp_path, "04,0,a,u16\n03H,1,b,u16\n0x02,2,c,\n03/04,3,d,u16\n06,4,e,u16\n03/06,5,f,u16\n", head
    )
    assert [one.table for one in listed.points] == [
        "input-register", "holding-register", "discrete-input", "", "holding-register",
    ]  # fmt: skip
    assert listed.left == {"write-only": [6]}


def test_examples_to_fill_in_have_as_many_words_as_their_points(tmp_path: Path) -> None:
    _, text = _new(
        tmp_path, "0-1,A相电压,f32,,V,R,\n2,频率,u16,,Hz,R,\n3-6,序列号,字符串,,,R,\n10001,门,,,,R,\n"
    )
    (tmp_path / "acme.yaml").write_text(text.replace("\n#  - ", "\n  - "), "utf-8")
    profile = load_profile(tmp_path / "acme.yaml")
    assert [golden.point for golden in profile.golden] == ["voltage_l1", "frequency", "serial_number", "door"]


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


def test_a_value_beyond_the_last_register_is_told(tmp_path: Path) -> None:
    (told,) = _refused(tmp_path, "65535,a,f32,,,,\n65535,b,u16,,,,\n")
    assert "list.csv:2:C: a f32 at 65535 goes beyond the last register" in told


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
