"""facilityd profile: a maker's register list becomes a profile that a site can use."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from devices.tables import SHELF, load_profile
from facilityd.cli.main import facilityd
from facilityd.cli.profile_list import read_list
from facilityd.errors import ConfigError, UsageError
from facilityd.model.language import Language
from facilityd.model.message import spoken

LIST = """\
Acme 630 Modbus registers,,,,
Address,Parameter,Format,Resolution,Unit
40001,Voltage L1,UINT16,0.1,V
40003,Active power,INT32,1/10,KW
0x0010,Frequency,U16,x0.01,hz
0012H,Frequency,uint16,,
10001,Door contact,,,
,,,,
"""
CHINESE = "地址,名称,类型,倍率,单位\n0,温度,int16,0.1,℃\n1,湿度,uint16,0.1,%\n"


def _called(*words: object) -> Result:
    return CliRunner().invoke(facilityd, ["profile", *map(str, words), "--lang", "en"])


def _problems(path: Path) -> list[str]:
    failed = _called("check", path).exception
    assert isinstance(failed, ConfigError)
    return list(failed.problems)


def _list(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    (folder / "list.csv").write_text(text, encoding)
    return folder / "list.csv"


def test_a_list_becomes_points_and_the_rest_is_said_line_by_line(tmp_path: Path) -> None:
    made = tmp_path / "acme_630.yaml"
    done = _called("new", made, "--from", _list(tmp_path, LIST), "--maker", "Acme", "--serial", "9600 8N1")
    assert done.exit_code == 0, done.output
    text = made.read_text("utf-8")
    for said in (
        '  voltage_l1: {address: 0, doc: "40001", type: u16, scale: 0.1, unit: V}',
        '  active_power: {address: 2, doc: "40003", type: s32, scale: 0.1, unit: kW}',
        '  frequency: {address: 16, doc: "0x0010", type: u16, scale: 0.01, unit: Hz}',
        '  frequency_2: {address: 18, doc: "0012H", type: u16}',
        '  door_contact: {address: 0, doc: "10001", type: bit, table: discrete-input}',
    ):
        assert said in text
    unfinished = _called("check", made)
    assert isinstance(unfinished.exception, ConfigError)
    assert [problem.split(":")[1] for problem in unfinished.exception.problems] == [
        str(1 + text.splitlines().index(line)) for line in ("identity:", "golden:")
    ]
    whole = text.replace(
        "#  - {point: voltage_l1, between: [0, 1]", "  - {point: voltage_l1, between: [180, 260]"
    )
    whole = whole.replace(
        "#  - {point: voltage_l1, words: [0], value: 0}",
        "  - {point: voltage_l1, words: [2300], value: 230.0}",
    )
    made.write_text(whole, "utf-8")
    done = _called("check", made)
    assert done.exit_code == 0, done.exception
    assert "acme_630: 5 points, all 1 examples worked by hand come out right" in done.output
    made.write_text(whole.replace("value: 230.0", "value: 2300.0"), "utf-8")
    assert isinstance(_called("check", made).exception, ConfigError), "worked by hand and not what is decoded"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_chinese_list_is_read_as_spreadsheets_write_it(encoding: str, tmp_path: Path) -> None:
    first, second = read_list(_list(tmp_path, CHINESE, encoding)).points
    assert (first.name, first.address, first.type, first.scale, first.unit) == (
        "temperature",
        0,
        "s16",
        0.1,
        "°C",
    )
    assert (second.name, second.unit) == ("humidity", "%")


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators_are_read(separator: str, tmp_path: Path) -> None:
    assert len(read_list(_list(tmp_path, CHINESE.replace(",", separator))).points) == 2


def test_a_list_that_counts_from_one_is_moved(tmp_path: Path) -> None:
    made = tmp_path / "acme.yaml"
    assert (
        _called(
            "new", made, "--from", _list(tmp_path, "address,name\n1,first\n2,second\n"), "--one-based"
        ).exit_code
        == 0
    )
    assert "first: {address: 0," in made.read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,b\n1,2\n", "list.csv: no line names the columns address and name"),
        ('\x7fELF\x00\rbare\r\x01"', "no line names the columns"),
        ("address,name\nfour,x\n", "list.csv:2:A: 'four' is no register address; such as 16"),
        ("address,name\n70000,x\n", "'70000' is no register address"),
        ("address,name,type\n1,x,quaternion\n", "list.csv:2:C: type 'quaternion' is not known; u16, s16"),
        ("address,name,scale\n1,x,1/0\n", "list.csv:2:C: '1/0' is no scale"),
        ("address,name,scale\n1,x,nan\n", "list.csv:2:C: 'nan' is no scale"),
    ],
)
def test_a_line_that_cannot_be_understood_is_told(text: str, told: str, tmp_path: Path) -> None:
    done = _called("new", tmp_path / "acme.yaml", "--from", _list(tmp_path, text))
    assert isinstance(done.exception, UsageError | ConfigError)
    assert told in str(done.exception)
    assert not (tmp_path / "acme.yaml").exists()


def test_check_says_plainly_what_is_still_to_be_filled_in_and_what_is_wrong_besides(tmp_path: Path) -> None:
    made = tmp_path / "acme.yaml"
    _called("new", made, "--from", _list(tmp_path, CHINESE))
    both: dict[Language, tuple[str, str]] = {
        "en": ("nothing says yet how the model is recognised; take the # off one line", "worked by hand yet"),
        "zh": ("没有写明怎样识别该型号；去掉其下一行的 # 并改好", "没有手工计算的例子"),
    }
    for lang, words in both.items():
        problems = _problems(made)
        assert len(problems) == 2
        for problem, said in zip(problems, words, strict=True):
            assert said in spoken(problem, lang)
    text = made.read_text("utf-8")
    made.write_text(text.partition("# ")[0].partition("identity:")[0], "utf-8")
    assert ["is empty" in one for one in _problems(made)] == [True, True], "absent is as empty"
    made.write_text(text.replace('scale: 0.1, unit: "%"', "scale: 0.1, bit: 3"), "utf-8")
    assert len(_problems(made)) == 3, "what is wrong besides is told in the same run"


def test_nothing_is_overwritten_and_names_are_those_of_profiles(tmp_path: Path) -> None:
    source = _list(tmp_path, CHINESE)
    (tmp_path / "there.yaml").write_text("mine", "utf-8")
    assert "it is not overwritten" in str(_called("new", tmp_path / "there.yaml", "--from", source).exception)
    assert "no name for a profile" in str(_called("new", tmp_path / "Acme-1.yml", "--from", source).exception)
    assert (tmp_path / "there.yaml").read_text("utf-8") == "mine"


def test_every_shipped_profile_passes() -> None:
    for path in sorted((SHELF / "profiles").glob("*.yaml")):
        assert f"{load_profile(path).profile}: " in _called("check", path).output
