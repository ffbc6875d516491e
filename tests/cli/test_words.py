"""What is read on site is Chinese throughout, and a verdict says what it does not cover."""

from __future__ import annotations

import re
import time
from pathlib import Path

from click.testing import CliRunner

from facilityd.app.builtin import all_devices
from facilityd.cli.main import facilityd
from facilityd.cli.words import show_priority, show_quality
from facilityd.config.load import load
from facilityd.model.quality import Reason
from facilityd.model.rule import Priority
from facilityd.model.sample import NS, Sample, void
from facilityd.store.journal import Journal
from facilityd.store.samples import SampleWrite

HOIST = """\
site: {id: yard, name: {zh: 院子, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
store: {path: journal.db}
links: {bus: {protocol: modbus-tcp, host: 127.0.0.1, port: 1}}
units: {drive: {link: bus, profile: abb_acs380_acs580, device_id: 1, period: 30s}}
devices: {hoist-1: {family: hoist, name: {zh: 升降机, en: Hoist}, signals: {tripped: drive.tripped}}}
"""


def test_every_reason_and_priority_has_chinese_words() -> None:
    shown = [show_quality(str(reason), "zh") for reason in Reason]
    shown += [show_quality(quality, "zh") for quality in ("good", "old", "never seen")]
    shown += [show_priority(priority.name.lower(), "zh") for priority in Priority]
    assert [words for words in shown if not re.search("[\u4e00-\u9fff]", words)] == []
    assert show_quality("link-down, unknown-code-7", "zh") == "链路中断；未知代码 7"
    assert show_quality("link-down, exception-0B", "en") == (
        "the link is down; the unit behind the gateway does not answer (0B)"
    )
    assert show_quality("good", "en") == "good"
    assert [str(one) for one in Reason if "-" in show_quality(str(one), "en")] == [], "a code is no word"


def test_a_status_in_chinese_and_the_verdict_on_a_hoist_with_one_signal(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(HOIST, encoding="utf-8")
    site = load(tmp_path)
    stream, at = all_devices(site)["hoist-1"].streams[0], time.time_ns() - 90 * NS
    with Journal.open(Path(site.store.path), max_bytes=2**26, max_age=10**18, site="yard") as journal:
        journal.commit([SampleWrite([Sample(stream, at - NS, at - NS, (False,))])])
        journal.commit([SampleWrite([void(stream, at, at, Reason.LINK_DOWN)])])
    status = CliRunner().invoke(facilityd, ["status", str(tmp_path), "--lang", "zh"]).stdout
    assert "链路中断" in status
    assert "link-down" not in status
    assert re.match(r"监测程序未运行.*（1 分钟 3\d 秒前）", status), status
    verdict = CliRunner().invoke(facilityd, ["ready", str(tmp_path)]).stdout.splitlines()[-1]
    assert re.match(
        r"not known to be ready \(\d+ of 15 items were not checked: not fitted or not learned\)", verdict
    )
    verdict = CliRunner().invoke(facilityd, ["ready", str(tmp_path), "--lang", "zh"]).stdout.splitlines()[-1]
    assert re.match(r"不能确认具备条件（共 15 项，其中 \d+ 项未装或未学习，未作检查）", verdict)
