"""The drawing itself: round marks, gaps stay open, extremes survive, hostile words stay text."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.family import Signal
from facilityd.model.sample import NS
from facilityd.model.text import Text
from facilityd.query.history import DataGap, HistoryAnswer, HistoryBucket, HistoryQuery
from facilityd.web.page.chart import ChartFlag, ChartShade, SignalChart, runs_of
from facilityd.web.page.chart_axes import bucket_of, time_marks, value_marks

MIN = 60 * NS
T0 = 1_790_000_040 * NS
ZONE = "Asia/Shanghai"


def _answer(values: list[float | None], gaps: tuple[tuple[int, int], ...] = ()) -> HistoryAnswer:
    buckets = tuple(
        HistoryBucket(T0 + n * MIN, value is not None, value, None if value is None else value - 1,
                      None if value is None else value + 1, 0)
        for n, value in enumerate(values)
    )  # fmt: skip
    query = HistoryQuery("d", "s", T0, T0 + len(values) * MIN, MIN)
    known = tuple(DataGap(T0 + a * MIN, T0 + b * MIN, None, None, ZONE) for a, b in gaps)
    return HistoryAnswer(query, Signal(name=Text(zh="信号", en="s")), ZONE, (), buckets, known)


def test_nothing_is_drawn_across_a_gap() -> None:
    runs = runs_of(_answer([1.0, 2.0, None, None, 3.0], ((2, 4),)))
    assert [[one.mean for one in run] for run in runs] == [[1.0, 2.0], [3.0]]


def test_a_slow_signal_hangs_together_where_nothing_is_missing() -> None:
    (run,) = runs_of(_answer([1.0, None, None, 2.0, None, None, 3.0]))
    assert len(run) == 3


def test_an_extreme_between_two_means_is_within_the_drawing() -> None:
    low, high = SignalChart(_answer([5.0, 500.0, 5.0]), "label", str).extent()
    assert low < 4.0
    assert high > 501.0


def test_the_span_before_lies_under_this_one_at_the_same_time_of_day() -> None:
    before = _answer([1.0, 2.0, 3.0])
    moved = replace(before, query=replace(before.query, since=T0 - 60 * MIN, until=T0 - 57 * MIN))
    shifted = replace(moved, buckets=tuple(replace(one, at=one.at - 60 * MIN) for one in before.buckets))
    chart = SignalChart(_answer([1.0, 2.0, 3.0]), "label", str, before=shifted)
    drawn = re.search(r'class="earlier" d="M([\d.]+) [\d.]+L([\d.]+)', chart.svg())
    assert float(drawn[1]) == 68.0, "it begins where this one does"
    assert float(drawn[2]) > 300.0
    assert chart.earlier(1) == 2.0
    assert chart.earlier(7) is None


def test_a_shade_reaches_from_edge_to_edge() -> None:
    shades = (ChartShade(T0 - MIN, T0 + 9 * MIN, "night", "<night>"),)
    drawn = SignalChart(_answer([1.0, 2.0]), "label", str, shades=shades).svg()
    assert 'class="shade night" x="68.0" y="12" width="884.0"' in drawn
    assert "<night>" not in drawn


def test_words_of_a_site_stay_text() -> None:
    evil = '"><script>alert(1)</script>'
    chart = SignalChart(_answer([1.0, 2.0]), evil, lambda _: evil, (ChartFlag(T0 + MIN, "high", evil),))
    assert "<script" not in chart.svg()


@given(st.floats(-1e9, 1e9), st.floats(1e-4, 1e4))
def test_marks_are_few_round_and_within(low: float, share: float) -> None:
    width = max(abs(low), 1.0) * share
    marks = value_marks(low, low + width)
    assert len(marks) <= 7
    assert all(low - width * 1e-6 <= one <= low + width * (1 + 1e-6) for one in marks)


@pytest.mark.parametrize(("hours", "pattern"), [(0.02, "%H:%M:%S"), (1, "%H:%M"), (24 * 30, "%m-%d")])
def test_marks_of_time_are_round_on_the_sites_clock(hours: float, pattern: str) -> None:
    marks = time_marks(T0, T0 + round(hours * 3600) * NS, ZoneInfo(ZONE), 7)
    assert 1 <= len(marks) <= 8
    assert all(len(text) == len(pattern.replace("%H", "00").replace("%M", "00").replace("%S", "00")
                                .replace("%m", "00").replace("%d", "00")) for _, text in marks)  # fmt: skip


@given(st.integers(60, 4 * 365 * 86_400))
def test_columns_are_few_and_of_a_width_that_people_count_in(seconds: int) -> None:
    width = bucket_of(T0, T0 + seconds * NS)
    assert seconds * NS / width <= 320
    assert width % NS == 0


@pytest.mark.parametrize(("days", "pattern"), [(60, r"\d\d-\d\d"), (400, r"\d{4}-\d\d"), (3650, r"\d{4}-01")])
@pytest.mark.parametrize("most", [7, 3])
def test_marks_of_long_times_are_few_and_name_their_year(days: int, pattern: str, most: int) -> None:
    marks = time_marks(T0, T0 + days * 86_400 * NS, ZoneInfo(ZONE), most)
    assert 1 <= len(marks) <= most + 1
    if days > 60:
        assert all(re.fullmatch(pattern, text) for _, text in marks)


def test_marks_of_a_day_on_which_the_clock_jumps_are_those_of_the_clock() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    for day, hours in (("2026-03-29", 23), ("2026-10-25", 25)):
        since = round(datetime.fromisoformat(day).replace(tzinfo=berlin).timestamp()) * NS
        marks = time_marks(since, since + 7 * 3600 * NS, berlin, 7)
        texts = [text for _, text in marks]
        assert len(set(texts)) == len(texts), hours
        assert len({at for at, _ in marks}) == len(marks)
        assert ("02:00" in texts) == (hours == 25), "there is no such time where it jumps forward"
