"""Evidence is never a column of single words: where it would be, a row becomes lines that have names."""

from __future__ import annotations

import pytest

from facilityd.cli import alarms, demo, notices, ready, status
from facilityd.cli.output import table
from facilityd.cli.text_table import Column
from facilityd.model.text import Language

WHY = (
    "cannot be judged yet: the brake opens slowly (not judged since facilityd last started) / it closes slowly"
    * 3
)
ROWS = {
    "ready": (ready.COLUMNS, ("hoist-1", "The brake keeps its times", "UNKNOWN", WHY, "Measure the lining and the air gap")),
    "notices": (notices.COLUMNS, (
        "2026-06-10 22:14:00", "engineer", "engineer-1-webhook",
        "[CRIT] National flag hoist: brake slow, UNANSWERED", "accepted", "12", "the server cannot be reached",
    )),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_row_is_a_tower(name: str, width: int) -> None:
    columns, row = ROWS[name]
    lines = table("", columns, [row], language="en").laid_out(width)
    text = sum(len(str(cell)) for cell in row)
    assert len(lines) <= 4 + 2 * text // width, [line.plain for line in lines]
    assert max(line.cell_len for line in lines) <= width


LIVE: dict[str, tuple[tuple[Column, ...], dict[Language, tuple[str, ...]]]] = {
    "status": (status.DEVICE_COLUMNS, {
        "zh": ("fountain-12", "十二号喷泉", "水下设备漏电，仍在运行", "运行 否，转速 1450 rpm，功率 12.35 kW，扬程 0.85 bar", "3 分钟", "良好", "fountain-gateway"),
        "en": ("fountain-12", "Fountain 12", "underwater equipment leaks", "Running no, Speed 1450 rpm, Power 12.35 kW, Head 0.85 bar", "3 min", "good", "fountain-gateway"),
    }),
    "signals": (status.SIGNAL_COLUMNS, {
        "zh": ("直流母线电压", "560.5 V", "3 秒", "2 秒", "良好", "pole-drive", "pole-bus"),
        "en": ("DC link voltage", "560.5 V", "3 s", "2 s", "good", "pole-drive", "pole-bus"),
    }),
    "demo": (demo.ALARM_COLUMNS, {
        "zh": ("紧急", "fountain-2", "未确认", "水下设备漏电", "停运该组并断电挂牌，疏散水边人员，不得带电检修"),
        "en": ("critical", "fountain-2", "unacknowledged", "Underwater equipment leaks to earth", "Stop and lock out the group, keep people away from the water"),
    }),
    "alarms": (alarms.COLUMNS, {
        "zh": ("紧急", "未确认", "hoist-1", "emergency-stop", "2026-06-10 22:14:00", "急停回路断开", "值班负责人到现场查明原因后亲自复位"),
        "en": ("critical", "unacknowledged", "hoist-1", "emergency-stop", "2026-06-10 22:14:00", "The emergency-stop chain is open", "The duty officer finds the reason on site and resets it"),
    }),
    "ready": (ready.COLUMNS, {
        "zh": ("hoist-1", "制动器动作时间正常", "未知", "制动器打开过慢：监测程序本次启动以来尚未判断", "测量闸瓦厚度与间隙，记录后报值班负责人"),
        "en": ("hoist-1", "The brake keeps its times", "UNKNOWN", WHY[:100], "Measure the lining and the air gap"),
    }),
    "notices": (notices.COLUMNS, {
        "zh": ("2026-06-10 22:14:00", "engineer", "engineer-1-webhook", "【紧急】国旗升降机：制动器打开过慢，无人确认", "已接收", "12", "连接不上服务器"),
        "en": ROWS["notices"][1],
    }),
}  # fmt: skip


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("width", [40, 80])
@pytest.mark.parametrize("name", LIVE)
def test_a_live_view_cuts_no_essential_cell(name: str, width: int, language: Language) -> None:
    columns, rows = LIVE[name]
    lines = table("", columns, [rows[language]], language=language, lines=30).laid_out(width)
    assert max(line.cell_len for line in lines) <= width
    shown = "".join(line.plain for line in lines)
    for column, cell in zip(columns, rows[language], strict=True):
        words = cell.split() if language == "en" else list(cell)
        assert column.gives or all(word in shown for word in words), (column, cell, shown)


def test_rows_that_have_no_room_in_a_live_view_are_counted() -> None:
    columns, rows = LIVE["demo"]
    lines = table("", columns, [rows["en"]] * 9, lines=12).laid_out(40)
    assert len(lines) <= 12
    assert sum("fountain-2" in line.plain for line in lines) == 2
    assert lines[-1].plain == "… and 7 more"
