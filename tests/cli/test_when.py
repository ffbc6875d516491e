"""Times that people type are the site's own, wherever the computer's clock stands."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fuzz import fuzzed

from facilityd.cli.when import DurationParam, InstantParam, at_site
from facilityd.errors import UsageError
from facilityd.model.sample import NS

SHANGHAI = "Asia/Shanghai"


@pytest.fixture(autouse=True, params=["UTC", "America/New_York"])
def _host(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def instant(text: str, zone: str = SHANGHAI) -> int:
    return at_site(InstantParam().convert(text, None, None), zone)


def utc(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp()) * NS  # type: ignore[misc]


def test_a_time_without_a_zone_is_the_sites() -> None:
    assert instant("2026-11-23T06:10") == utc(2026, 11, 22, 22, 10)
    assert instant("2026-11-23") == utc(2026, 11, 22, 16)
    assert instant("2026-11-23T06:10", "Europe/Berlin") == utc(2026, 11, 23, 5, 10)


def test_a_time_with_a_zone_is_what_it_says() -> None:
    assert instant("2026-11-23T06:10+02:00") == utc(2026, 11, 23, 4, 10)
    assert instant("2026-11-23T06:10Z") == utc(2026, 11, 23, 6, 10)


@pytest.mark.parametrize("text", ["21:30", "06:10", "0:00", "23:59:59"])
def test_an_hour_is_the_last_one_on_site(text: str) -> None:
    now, found = time.time_ns(), instant(text)
    assert now - 86_400 * NS < found <= now
    shown = datetime.fromtimestamp(found // NS, ZoneInfo(SHANGHAI))
    assert f"{shown:%H:%M:%S}".startswith(text.zfill(5))


def test_yesterday_begins_at_the_sites_midnight() -> None:
    shown = datetime.fromtimestamp(instant("yesterday") // NS, ZoneInfo(SHANGHAI))
    today = datetime.now(ZoneInfo(SHANGHAI)).date()
    assert (today - shown.date()).days == 1
    assert (shown.hour, shown.minute) == (0, 0)


@pytest.mark.parametrize(
    ("text", "seconds"), [("10min", 600), ("1h", 3600), ("1w", 604_800), ("2d", 172_800)]
)
def test_a_span_counts_back_from_now(text: str, seconds: int) -> None:
    assert abs(time.time_ns() - instant(text) - seconds * NS) < 60 * NS
    assert DurationParam().convert(text, None, None) == seconds * NS


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01",
        "9999-12-31",
        "99999999999999999999d",
        "25:00",
        "soon",
        "",
        "-1h",
        "2026-13-01",
        "1e9d",
        "١h",
    ],
)
def test_what_is_no_time_is_a_usage_error(text: str) -> None:
    with pytest.raises((click.BadParameter, UsageError)):
        instant(text)


@pytest.mark.parametrize("text", ["0s", "0d", "-1h", "99999999999999999999d", "", "1 fortnight"])
def test_what_is_no_span_is_a_usage_error(text: str) -> None:
    with pytest.raises(click.BadParameter):
        DurationParam().convert(text, None, None)


def test_minutes_may_be_written_short_for_months_are_no_span() -> None:
    assert DurationParam().convert("10m", None, None) == DurationParam().convert("10min", None, None)


@given(st.text(max_size=30) | st.from_regex(r"[0-9T:+Zdhms.w -]{0,25}", fullmatch=True))
@fuzzed
def test_any_text_is_an_instant_that_can_be_stored_or_a_usage_error(text: str) -> None:
    try:
        found = instant(text)
    except (click.BadParameter, UsageError):
        return
    assert 0 <= found < 2**63
