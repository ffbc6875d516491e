"""The axis of values: what reads alike stands there once."""

from __future__ import annotations

import re

from facilityd.web.page.chart_axes import SIZES, ChartAxes


def _texts(low: float, high: float, decimals: int) -> list[str]:
    axes = ChartAxes(0, 1, low, high, SIZES[0])
    drawn = "".join(axes.values(lambda value: f"{value:.{decimals}f}"))
    return re.findall(r">([^<]+)</text>", drawn)


def test_a_signal_that_stands_has_one_mark_at_its_value() -> None:
    assert _texts(99.6, 100.4, 0) == ["100"]
    assert _texts(6.96, 7.04, 1) == ["7.0"]


def test_marks_that_differ_are_all_there() -> None:
    assert _texts(0.0, 10.0, 0) == ["0", "2", "4", "6", "8", "10"]
