"""Nights and days of the timeline, and its command."""

from __future__ import annotations

import json
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.alarm_history import AlarmHistory, alarm_history
from support.query_sites import StoredSite
from support.timelines import DAY, HOUR

from facilityd.app.builtin import all_devices
from facilityd.cli.main import facilityd
from facilityd.cli.timeline_lines import print_timeline
from facilityd.errors import UsageError
from facilityd.query.history import HistoryQuery, bucket_grid
from facilityd.query.night import days_earlier, last_week, night_span, read_day, week_span, whole_days
from facilityd.query.timeline import TimelineQuery


@pytest.fixture
def history(history: AlarmHistory) -> AlarmHistory:
    history.watched(history.at("2026-10-01T00:00"), history.at("2026-10-07T00:00"))
    return history


# --- nights ----------------------------------------------------------------------------------------


def test_a_night_holds_both_ceremonies(history: AlarmHistory) -> None:
    since, until = night_span(history.site, date(2026, 10, 5))
    assert history.at("2026-10-05T16:30") < since < history.at("2026-10-05T17:00")
    assert history.at("2026-10-06T07:00") < until < history.at("2026-10-06T07:30")


def test_where_the_sun_does_not_set_a_night_is_by_the_clock(tmp_path: Path) -> None:
    with alarm_history(tmp_path, "Europe/Oslo", latitude=78.2) as history:
        since, until = night_span(history.site, date(2026, 6, 20))
        assert (since, until) == (history.at("2026-06-20T18:00"), history.at("2026-06-21T08:00"))


@pytest.mark.parametrize("zone", ["America/Havana", "Pacific/Apia", "Europe/Dublin", "Australia/Lord_Howe"])
def test_a_night_has_a_length_however_far_the_clock_is_off_the_sun(tmp_path: Path, zone: str) -> None:
    """The square is in Beijing; in Apia the 30th of December 2011 did not happen."""
    with alarm_history(tmp_path, zone) as history:
        for day in (date(2026, 3, 8), date(2026, 10, 31), date(2011, 12, 29), date(2011, 12, 30)):
            since, until = night_span(history.site, day)
            assert 4 * HOUR < until - since < 40 * HOUR, day


def test_a_day_that_was_left_out_has_no_bucket(tmp_path: Path) -> None:
    with alarm_history(tmp_path, "Pacific/Apia") as history:
        for width in (DAY, 6 * HOUR, 7 * DAY):
            asked = HistoryQuery("fire", "active", history.at("2011-12-25"), history.at("2012-01-09"), width)
            grid = list(bucket_grid(history.site, asked))
            assert all(since < until and width > 0 for since, until, width in grid)
            assert all(one[1] == other[0] for one, other in pairwise(grid))


def test_days_before_are_those_of_the_sites_clock(tmp_path: Path) -> None:
    with alarm_history(tmp_path, "Europe/Berlin") as history:
        monday = history.at("2026-03-30T20:00")
        assert days_earlier(monday, 2, "Europe/Berlin") == history.at("2026-03-28T20:00")
        assert monday - history.at("2026-03-28T20:00") == 47 * HOUR, "the clock was put forward between"
        assert week_span("Europe/Berlin", monday) == (history.at("2026-03-23T20:00"), monday)
        assert whole_days(*week_span("Europe/Berlin", monday)) == 7, "the span before it ends where it begins"
        week = last_week("Europe/Berlin", history.at("2026-03-31T10:00"))
        assert week == (history.at("2026-03-23T00:00"), history.at("2026-03-30T00:00"))
        assert week[1] - week[0] == 167 * HOUR
    assert (whole_days(0, DAY), whole_days(0, DAY + 1), whole_days(0, HOUR)) == (1, 2, 1)
    for text in ("2026-13-40", "0001-01-01", "1969-12-31", "9999-12-31", "soon"):
        with pytest.raises(UsageError, match="no day"):
            read_day(text)


# --- the command -----------------------------------------------------------------------------------


def test_the_command_tells_a_night(history: AlarmHistory, tmp_path: Path) -> None:
    history.alarm(history.at("2026-10-05T21:00"), acked=60, cleared=600)
    history.store()
    site, call = str(tmp_path), CliRunner().invoke
    night = ["timeline", site, "--night", "2026-10-05", "--compare"]
    text = call(facilityd, [*night, "--lang", "zh"]).output
    assert "21:00–21:10" in text
    assert "火灾报警" in text
    told = call(facilityd, [*night, "--json", "--lang", "en"])
    assert "NOT RESPONDING" in told.stderr, "that nobody watches is said in every form"
    data = json.loads(told.stdout)
    assert data["before"]["figures"]["incidents"] == 0
    assert [one["kind"] for one in data["entries"] if one["alarms"]] == ["incident"]
    for name in ("night.html", "night.xlsx"):
        done = call(facilityd, [*night, "-o", str(tmp_path / name)])
        assert (done.exit_code, (tmp_path / name).stat().st_size > 1000) == (0, True), done.output


@pytest.mark.parametrize(
    "wrong",
    [["--week", "--last-night"], ["--night", "soon"], ["--xlsx"], ["-o", "night.pdf"], ["--html", "--json"],
     ["--since", "2020-01-01"]],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(history: AlarmHistory, tmp_path: Path, wrong: list[str]) -> None:
    history.store()
    done = CliRunner().invoke(facilityd, ["timeline", str(tmp_path), *wrong])
    assert isinstance(done.exception, UsageError)


def test_over_days_what_devices_did_as_always_is_counted_and_listed_on_demand(
    story: StoredSite, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("time.time_ns", lambda: story.now)
    devices = all_devices(story.site)
    with story.ask() as query:
        week = query.timeline(TimelineQuery(story.now - 7 * DAY, story.now))
        night = query.timeline(TimelineQuery(story.now - 2 * HOUR, story.now))
    runs = len(week.of("run"))
    assert runs == len(night.of("run")) > 0
    for shown, everything, hidden in ((week, False, True), (week, True, False), (night, False, False)):
        print_timeline(shown, None, devices, "en", "", everything=everything)
        text = capsys.readouterr().out
        assert (f"{runs} runs as always are not listed" in text) == hidden
