"""Several signals together: what is learned, what is seen, who is named."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facilityd.detect.statistics import MOfN, quantile
from facilityd.detect.var_residuals import CALM, FEWEST, OVER_S, VarLimits, VarResidualChart, fit


def healthy(count: int, seed: int = 1) -> list[tuple[float, ...]]:
    """Flow follows speed; vibration is on its own."""
    chance = random.Random(seed)
    rows, speed = [], 50.0
    for _ in range(count):
        speed += 0.3 * (50.0 - speed) + chance.gauss(0, 0.5)
        rows.append((speed, 0.6 * speed + chance.gauss(0, 0.2), 2.0 + chance.gauss(0, 0.1)))
    return rows


LIMITS = fit([healthy(1200)])
VOTES = round(OVER_S)
"""Readings of one second each that decide."""


def run(chart: VarResidualChart, rows: list[tuple[float, ...]]) -> list[bool | None]:
    return [chart.step(row) for row in rows]


def test_healthy_readings_are_healthy_and_the_first_few_are_not_judged() -> None:
    said = run(VarResidualChart(LIMITS), healthy(3000, seed=2))
    assert said[: VOTES + 2] == [None] * (VOTES + 2)
    assert set(said[VOTES + 2 :]) == {False}


@pytest.mark.parametrize(("guilty", "change"), [(1, (0, -3, 0)), (2, (0, 0, 1.0)), (0, (6, 3.6, 0))])
def test_a_fault_is_seen_within_half_a_minute_and_names_its_signal(
    guilty: int, change: tuple[float, ...]
) -> None:
    chart = VarResidualChart(LIMITS)
    run(chart, healthy(100, seed=3))
    said = run(chart, [tuple(v + c for v, c in zip(row, change, strict=True)) for row in healthy(30, seed=4)])
    assert said[-1] is True
    assert chart.guilty == guilty
    low, high = chart.allowed(guilty)
    assert not low <= chart.trace.level.now[guilty] <= high


def test_it_is_over_when_most_of_the_deviation_is_gone_for_a_while() -> None:
    chart = VarResidualChart(LIMITS)
    run(chart, healthy(100, seed=3))
    run(chart, [(s, f - 10, v) for s, f, v in healthy(60, seed=4)])
    back = run(chart, healthy(3 * CALM * VOTES, seed=5))
    assert back[CALM * VOTES - 1] is True
    assert back[-1] is False


def test_limits_are_plain_json_and_a_restart_goes_on() -> None:
    again = VarLimits.from_dict(json.loads(json.dumps(LIMITS.as_dict())))
    assert again == LIMITS
    rows = [(s, f - 5, v) for s, f, v in healthy(60, seed=6)]
    assert run(VarResidualChart(again), rows) == run(VarResidualChart(LIMITS), rows)


@given(st.lists(st.tuples(*[st.floats(-1e9, 1e9)] * 3), max_size=60), st.integers(0, 60))
def test_nothing_that_comes_raises_or_shifts_what_was_learned(rows, gap) -> None:
    chart = VarResidualChart(LIMITS)
    before = json.dumps(LIMITS.as_dict())
    run(chart, rows[:gap])
    verdict = chart.verdict
    chart.forget()
    assert chart.verdict is verdict
    run(chart, rows[gap:])
    assert json.dumps(LIMITS.as_dict()) == before


@given(st.integers(0, 2**32))
def test_later_readings_change_no_earlier_verdict(seed: int) -> None:
    rows = healthy(40, seed)
    assert run(VarResidualChart(LIMITS), rows)[:25] == run(VarResidualChart(LIMITS), rows[:25])


def test_a_signal_that_never_moved_can_be_learned() -> None:
    limits = fit([[(5.0, 0.0, v) for _, _, v in healthy(300)]])
    assert set(run(VarResidualChart(limits), [(5.0, 0.0, v) for _, _, v in healthy(300, seed=7)][:200])) == {
        None,
        False,
    }


def test_a_break_in_what_was_learned_is_not_bridged() -> None:
    rows = healthy(1200)
    halves = fit([rows[:600], [(s + 0.0, f, v) for s, f, v in rows[600:]]])
    assert halves.mean == LIMITS.mean
    assert halves.weights != LIMITS.weights


def test_votes() -> None:
    votes = MOfN(2, 3)
    assert [votes.see(w) for w in (False, True, True, False, False, False)] == [
        None,
        None,
        True,
        True,
        False,
        False,
    ]


def test_a_quantile_lies_between_its_neighbours() -> None:
    assert quantile([3, 1, 2], 0.75) == 2.5


def test_a_machine_that_follows_its_own_past_is_predicted_by_just_that() -> None:
    """x(t) = 0.6 x(t-1) + noise: the ridge regression finds 0.6, and next to nothing for what is older."""
    chance, rows, x = random.Random(3), [], 0.0
    for _ in range(4000):
        x = 0.6 * x + chance.gauss(0, 1)
        rows.append((x,))
    ((newest, older, oldest, constant),) = fit([rows[:1500], rows[1500:]]).weights
    assert newest == pytest.approx(0.6, abs=0.05)
    assert abs(older) < 0.06
    assert abs(oldest) < 0.06
    assert abs(constant) < 0.05


def test_what_drifted_while_it_was_learned_has_more_room() -> None:
    rows = healthy(600)
    drifting = fit([[(s, f, v + 0.001 * i) for i, (s, f, v) in enumerate(rows)]])
    still = fit([rows])
    assert drifting.high[2] - drifting.middle[2] > still.high[2] - still.middle[2] + 0.1
    assert drifting.high[1] == still.high[1]


def seconds_until_wrong(over_s: float, pace_s: float) -> float:
    """Return after how many seconds of a fault that is read every ``pace_s`` it is told."""
    chart = VarResidualChart(LIMITS, over_s)
    for row in healthy(100, seed=3):
        chart.step(row, pace_s)
    for number, (speed, flow, vibration) in enumerate(healthy(400, seed=4), 1):
        if chart.step((speed, flow - 10, vibration), pace_s):
            return number * pace_s
    return float("inf")


@pytest.mark.parametrize("pace_s", [1.0, 2.0, 5.0])
def test_seconds_decide_however_often_it_is_read(pace_s: float) -> None:
    assert seconds_until_wrong(60.0, pace_s) == pytest.approx(0.8 * 60.0, abs=2 * pace_s)


def test_what_is_read_slowly_takes_some_readings_all_the_same() -> None:
    assert seconds_until_wrong(10.0, 60.0) == pytest.approx(0.8 * FEWEST * 60.0)
