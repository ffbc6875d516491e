"""What is wrong with a site's files is told in the language that is asked for, or that the site speaks."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from facilityd.cli.main import facilityd

GOOD = """\
site: {id: yard, name: {zh: 院子, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
links: {bus: {protocol: modbus-tcp, host: 127.0.0.1, port: 1502}}
units: {drive: {link: bus, profile: abb_acs380_acs580, device_id: 1, period: 30s}}
devices: {hoist-1: {family: hoist, name: {zh: 升降机, en: Hoist}, signals: {tripped: drive.tripped}}}
"""


def _check(folder: Path, text: str, *more: str) -> str:
    (folder / "site.yaml").write_text(text, encoding="utf-8")
    done = CliRunner().invoke(facilityd, ["check", str(folder), *more])
    return done.output.replace(f"{folder}/", "")


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ("profile: abb", "profile: abd", "没有型号表 'abd_acs380_acs580'；是否为 'abb_acs380_acs580'？"),
        ("device_id: 1", "device_id: one", "须为整数（写的是 'one'）"),
        ("device_id: 1", "device_id: 300", "须小于等于 255"),
        ("period: 30s", "period: 30", "时长写作数字加 ms、s、min、h 或 d，如 500ms"),
        ("period: 30s", "perod: 30s", "没有此项 'perod'；是否为 'period'？"),
        ("host: 127.0.0.1, ", "", "缺少 'host'"),
        ("host: 127.0.0.1", "host: 0.0.0.0", "表示任意地址或没有地址"),
        ("tripped: drive", "triped: drive", "设备类 hoist 没有信号 'triped'；是否为 'tripped'？"),
        ("drive.tripped", "drive.triped", "没有测点 'triped'"),
        ("drive.tripped", "driv.tripped", "没有单元 'driv'；是否为 'drive'？"),
        ("latitude: 39.9, longitude: 116.4", "latitude: 116.4, longitude: 39.9", "纬度与经度是否写反了？"),
        ("Asia/Shanghai", "Asia/Shanghia", "不是 IANA 时区，如 Asia/Shanghai；是否为 'Asia/Shanghai'？"),
        ("protocol: modbus-tcp", "protocol: modbus", "不能写 'modbus'"),
        ("links: {", "links：{", "全角 '：' 应为 ':' 加空格"),
        ("{zh: 院子, en: Yard}", "Yard", "请用两种语言写：{zh: …, en: …}"),
    ],
)
def test_a_mistake_is_told_in_chinese(tmp_path: Path, good: str, bad: str, said: str) -> None:
    assert good in GOOD
    shown = _check(tmp_path, GOOD.replace(good, bad), "--lang", "zh")
    assert said in shown, shown
    assert re.search(r"site.yaml:\d+:\d+：", shown)
    words = re.sub(r"'[^']*'|“[^”]*”|\{[^}]*\}|可用：[^；\n]*|[\w./-]+\.yaml\S*", "", shown)
    assert not re.search(r"\b(is|the|are|not|did|you|known|expected|found)\b", words), shown


def test_a_site_that_speaks_chinese_is_told_its_mistakes_so(tmp_path: Path) -> None:
    text = GOOD.replace("timezone: Asia", "language: zh, timezone: Asia").replace(
        "device_id: 1", "device_id: x"
    )
    assert "须为整数" in _check(tmp_path, text)
    assert "a whole number is expected" in _check(tmp_path, text, "--lang", "en")
    told = json.loads(_check(tmp_path, text, "--json").split("\n共")[0])["problems"]
    assert told[0]["what"].startswith("a whole number is expected")
    assert "须为整数" in told[0]["text"]["zh"]


def test_warnings_are_chinese_too(tmp_path: Path) -> None:
    shown = _check(tmp_path, GOOD + "sinks: {}\n", "--lang", "zh")
    assert "警告：没有接收人：任何报警都不会通知到人" in shown
    twice = GOOD.replace("links: {bus: {", "links: {spare: {protocol: modbus-tcp, host: 10.0.0.9}, bus: {")
    shown = _check(tmp_path, twice, "--lang", "zh")
    assert "警告：链路 'spare' 没有单元：那里不会读取任何数据；是否去掉？" in shown
