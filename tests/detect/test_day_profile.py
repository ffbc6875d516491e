"""A load over the day: learned by time of day and kind of day, judged at that very time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support.rule_harness import MARK, Kind, rule, stream

from facilityd.app.calendar import SiteCalendar
from facilityd.app.ceremony import Ceremonies
from facilityd.detect.compile import compile_device
from facilityd.detect.context import RuleContext
from facilityd.detect.day_profile import fit_day_profile
from facilityd.detect.learned import FitRefused, LearnedDetector
from facilityd.model.baseline import Baseline, HealthyReading
from facilityd.model.sample import NS, Sample

ZONE = "Asia/Shanghai"
METER = stream("power", period=300.0)
PROFILE = {"kind": "day-profile", "signal": "power", "share": 0.1, "on_delay": "20min", "off_delay": "20min"}
MONDAY = datetime(2026, 6, 1, tzinfo=ZoneInfo(ZONE))
CALENDAR = SiteCalendar(Ceremonies(39.9, 116.4, 0), ZONE, "china")


def load(at: datetime) -> float:
    """An office: 200 W at night, 1,000 W from 8 to 18 on worked days, 300 W then on days of rest."""
    if not 8 <= at.hour < 18:
        return 200.0
    return 300.0 if at.weekday() >= 5 else 1000.0


def instants(start: datetime, days: float, minutes: int = 5) -> Iterator[datetime]:
    for step in range(int(days * 1440 / minutes)):
        yield start + timedelta(minutes=step * minutes)


def healthy(days: int = 21, start: datetime = MONDAY) -> list[HealthyReading]:
    rows = []
    for number, at in enumerate(instants(start, days)):
        local = CALENDAR.local(round(at.timestamp()) * NS)
        place = float(local.second * 48 // 86_400)
        value = load(at) * (1.0 + 0.01 * ((number * 7) % 5 - 2))
        steady = round(at.timestamp()) * NS
        rows.append(HealthyReading(steady, "", (value, float(local.day), place, float(local.rest))))
    return rows


def learned(rows: list[HealthyReading] | None = None, **more: Any) -> tuple[Any, LearnedDetector]:
    made_rule = rule({**PROFILE, **more}, respond="2h")
    kind = Kind({"load": made_rule}, units={"power": "W"})
    made = compile_device(kind, [METER], None, RuleContext(calendar=CALENDAR))
    detector = made.instances[0].detector
    assert isinstance(detector, LearnedDetector)
    data = fit_day_profile(made_rule.detect, healthy() if rows is None else rows)
    detector.set_baseline(Baseline("hoist", "load", 1, 0, 0, 0, "wang", data))
    return made.bindings[METER], detector


def verdicts(start: datetime, days: float, value: Any, **more: Any) -> list[tuple[str, str]]:
    """Return when the verdict changed, as (day and time, verdict)."""
    binding, detector = learned(**more)
    found: list[tuple[str, str]] = []
    for at in instants(start, days):
        steady = round(at.timestamp()) * NS
        binding.device_state.put(binding.signal_states, Sample(METER, steady, steady, (value(at),)))
        mark = MARK[detector.update(steady)]
        if not found or found[-1][1] != mark:
            found.append((f"{at:%a %H:%M}", mark))
    return found


def test_healthy_days_of_both_kinds_say_nothing() -> None:
    assert verdicts(MONDAY + timedelta(days=21), 8, load) == [("Mon 00:00", ".")]


def test_what_is_usual_at_another_hour_is_wrong_at_this_one() -> None:
    def left_on(at: datetime) -> float:
        return 1000.0 if at.day == 22 and at.hour in (20, 21) else load(at)

    said = verdicts(MONDAY + timedelta(days=21), 1, left_on)
    assert said == [("Mon 00:00", "."), ("Mon 20:20", "#"), ("Mon 22:20", ".")]


def test_a_workday_s_load_on_a_day_of_rest_is_wrong() -> None:
    saturday = MONDAY + timedelta(days=26)
    said = verdicts(saturday, 0.5, lambda at: 1000.0 if at.hour >= 8 else 200.0)
    assert said == [("Sat 00:00", "."), ("Sat 08:20", "#")]


def test_a_public_holiday_is_a_day_of_rest_and_a_worked_sunday_is_none() -> None:
    holiday = datetime(2026, 10, 1, 0, tzinfo=ZoneInfo(ZONE))  # a Thursday
    assert verdicts(holiday, 1, lambda at: 300.0 if 8 <= at.hour < 18 else 200.0) == [("Thu 00:00", ".")]
    assert ("Thu 08:20", "#") in verdicts(holiday, 1, load)
    assert not CALENDAR.local(
        round(datetime(2026, 10, 10, 9, tzinfo=ZoneInfo(ZONE)).timestamp()) * NS
    ).rest, "a Saturday that is worked"


def test_clocks_and_people_may_be_a_part_of_the_day_off() -> None:
    late = verdicts(MONDAY + timedelta(days=21), 1, lambda at: load(at - timedelta(minutes=25)))
    assert late == [("Mon 00:00", ".")]
    assert "#" in {mark for _, mark in verdicts(
        MONDAY + timedelta(days=21), 1, lambda at: load(at - timedelta(hours=2))
    )}  # fmt: skip


def test_one_side_alone_is_judged_where_the_rule_says_so() -> None:
    day = MONDAY + timedelta(days=21)
    assert verdicts(day, 1, lambda at: 2 * load(at), side="below") == [("Mon 00:00", ".")]
    assert verdicts(day, 1, lambda at: 0.5 * load(at), side="below")[1][1] == "#"


def test_an_hour_that_was_not_learned_is_unknown_and_so_is_a_kind_of_day() -> None:
    nights = [row for row in healthy() if row.values[2] < 16]
    said = verdicts(MONDAY + timedelta(days=21), 1, load, rows=nights)
    assert said == [("Mon 00:00", "."), ("Mon 08:00", "?")]
    worked = healthy(5)
    assert verdicts(MONDAY + timedelta(days=26), 1, load, rows=worked) == [("Sat 00:00", "?")]


def test_evidence_names_what_is_usual_at_this_hour() -> None:
    binding, detector = learned()
    for at in instants(MONDAY + timedelta(days=21, hours=9), 0.05):
        steady = round(at.timestamp()) * NS
        binding.device_state.put(binding.signal_states, Sample(METER, steady, steady, (700.0,)))
        detector.update(steady)
    told = detector.evidence(steady)
    assert (told.slug, told.numbers["value"]) == ("day-profile-below", 700.0)
    assert told.numbers["expected"] == pytest.approx(1000.0)
    assert told.numbers["low"] == pytest.approx(900.0)


def test_too_few_days_are_refused_and_hours_too_restless_are_not_learned() -> None:
    detect = rule(PROFILE, respond="2h").detect
    with pytest.raises(FitRefused) as refused:
        fit_day_profile(detect, healthy(2))
    assert (refused.value.slug, refused.value.numbers) == ("unfit-days", {"seen_n": 2, "needed_n": 3})
    wild = [
        row if row.values[2] >= 4 else HealthyReading(
            row.steady, "", (row.values[0] * (1 + 0.5 * (index % 3)), *row.values[1:])
        )
        for index, row in enumerate(healthy())
    ]  # fmt: skip
    data = fit_day_profile(detect, wild)
    assert data["worked"][0] is None
    assert data["worked"][10] is not None


def test_a_clock_that_was_put_forward_is_followed_at_once() -> None:
    binding, detector = learned(on_delay="0s", off_delay="0s")
    steady = round((MONDAY + timedelta(days=21, hours=6)).timestamp()) * NS
    try:
        for ahead_h, verdict in ((0, False), (3, True), (0, False)):
            CALENDAR.ahead = ahead_h * 3600 * NS
            steady += 60 * NS
            binding.device_state.put(binding.signal_states, Sample(METER, steady, steady, (200.0,)))
            assert detector.update(steady) is verdict, ahead_h
    finally:
        CALENDAR.ahead = 0


def test_rows_bear_the_time_on_site() -> None:
    made = compile_device(
        Kind({"load": rule(PROFILE, respond="2h")}, units={"power": "W"}),
        [METER],
        None,
        RuleContext(calendar=CALENDAR),
    )
    detector = made.instances[0].detector
    assert isinstance(detector, LearnedDetector)
    detector.record()
    steady = round((MONDAY + timedelta(hours=20, minutes=31)).timestamp()) * NS
    binding = made.bindings[METER]
    binding.device_state.put(binding.signal_states, Sample(METER, steady, steady, (5.0,)))
    detector.update(steady)
    assert detector.rows is not None
    assert [row.values for row in detector.rows] == [(5.0, float(MONDAY.toordinal()), 41.0, 0.0)]
