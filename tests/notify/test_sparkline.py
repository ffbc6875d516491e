"""A line of blocks: it leaves gaps blank, keeps its scale, and says it in both languages."""

from __future__ import annotations

from devices.tables import families
from facilityd.model.sample import NS
from facilityd.notify.sparkline import draw, spark

TENSION = families(None)["hoist"].signals["tension"]


def test_a_gap_is_blank() -> None:
    sparkline = spark({0: 1.0, 10 * NS: 8.0, 30 * NS: None}, 0, 600 * NS)
    assert sparkline[:4] == "▁█  "
    assert len(sparkline) == 60


def test_it_is_said_with_its_scale() -> None:
    sparkline = draw(TENSION, {n * 60 * NS: 400.0 + n for n in range(20)}, 0, 1200 * NS, 20)
    assert sparkline is not None
    assert sparkline.line == "▁▁▂▂▂▃▃▄▄▄▅▅▅▆▆▇▇▇██"
    assert sparkline.text("en") == f"The 20 min before: {sparkline.line} 400 N to 419 N"
    assert sparkline.text("zh") == f"此前 20 分钟：{sparkline.line} 400 N 至 419 N"


def test_nothing_known_is_not_drawn() -> None:
    assert draw(TENSION, {0: None}, 0, 600 * NS) is None
