"""Sunrise and sunset against published times of the square (docs/reference/devices.md §4.1)."""

from __future__ import annotations

from datetime import UTC, date, datetime

from facilityd.app.ceremony import Ceremonies
from facilityd.model.sample import NS

PLACE = (39.9055, 116.3976)
MINUTE = 60 * NS


def _instant(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * NS


def test_published_times_are_met_within_two_minutes() -> None:
    instants = Ceremonies(*PLACE, 0).instants(date(2023, 10, 1))
    for published in ("2023-10-01T06:10:00+08:00", "2023-10-01T17:57:00+08:00"):
        assert min(abs(at - _instant(published)) for at in instants) <= 2 * MINUTE


def test_near_is_the_window_around_and_nothing_else() -> None:
    ceremonies = Ceremonies(*PLACE, 10 * MINUTE)
    sunrise = _instant("2023-10-01T06:10:00+08:00")
    assert ceremonies.near(sunrise)
    assert ceremonies.near(sunrise - 8 * MINUTE)
    assert not ceremonies.near(sunrise - 13 * MINUTE)
    assert not ceremonies.near(sunrise + 13 * MINUTE)


def test_where_the_sun_does_not_rise_there_is_no_ceremony() -> None:
    polar = Ceremonies(78.2, 15.6, 10 * MINUTE)
    midwinter = int(datetime(2026, 12, 21, 12, tzinfo=UTC).timestamp()) * NS
    assert polar.instants(date(2026, 12, 21)) == ()
    assert not polar.near(midwinter)
