"""Published times take the place of the sun's on their dates, and on no other."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from facilityd.app.calendar import SiteCalendar
from facilityd.app.ceremony import Ceremonies, Ceremony
from facilityd.config.timetable import CeremonyTimetable, read_timetable
from facilityd.model.sample import NS

BEIJING = (39.9055, 116.3976)
ZONE = "Asia/Shanghai"
MINUTE = 60 * NS
TOLD = "date,sunrise,sunset\n2023-10-01,06:30,18:20\n"


def _instant(text: str) -> int:
    return int(datetime.fromisoformat(text + "+08:00").timestamp()) * NS


def _read(folder: Path, text: str, encoding: str = "utf-8") -> tuple[CeremonyTimetable, list[str]]:
    file = folder / "times.csv"
    file.write_text(text, encoding=encoding)
    timetable, problems = read_timetable(file, ZoneInfo(ZONE))
    return timetable, [str(one).removeprefix(str(file)) for one in problems]


def _ceremonies(folder: Path, text: str = TOLD, window: int = 0) -> Ceremonies:
    return Ceremonies(*BEIJING, window, _read(folder, text)[0].days, ZONE)


def test_a_published_date_is_taken_and_its_neighbours_are_computed(tmp_path: Path) -> None:
    ceremonies = _ceremonies(tmp_path)
    sunrise = ceremonies.following(_instant("2023-10-01T00:30:00"))
    assert sunrise == Ceremony(_instant("2023-10-01T06:30:00"), "sunrise", published=True)
    sunset = ceremonies.following(sunrise.at)
    assert sunset == Ceremony(_instant("2023-10-01T18:20:00"), "sunset", published=True)
    tomorrow = ceremonies.following(sunset.at)
    assert tomorrow is not None
    assert (tomorrow.name, tomorrow.published) == ("sunrise", False)
    assert abs(tomorrow.at - _instant("2023-10-02T06:11:00")) <= 2 * MINUTE


def test_the_window_moves_with_the_published_time(tmp_path: Path) -> None:
    ceremonies = _ceremonies(tmp_path, window=3 * MINUTE)
    assert ceremonies.near(_instant("2023-10-01T06:30:00"))
    assert not ceremonies.near(_instant("2023-10-01T06:10:00")), "where the sun alone would have it"
    before = _instant("2023-10-01T05:00:00")
    assert ceremonies.next_edge(before) == _instant("2023-10-01T06:27:00")


def test_rules_see_the_published_sunset(tmp_path: Path) -> None:
    calendar = SiteCalendar(_ceremonies(tmp_path), ZONE)
    edges = calendar.edges("sunset+10min", _instant("2023-10-01T12:00:00"))
    assert _instant("2023-10-01T18:30:00") in edges
    assert len(edges) == 3, "one a day: the computed one of that day is gone"


def test_where_the_sun_does_not_rise_a_published_time_still_counts(tmp_path: Path) -> None:
    days = _read(tmp_path, "date,sunrise,sunset\n2026-12-21,10:00,14:00\n")[0].days
    polar = Ceremonies(78.2, 15.6, 0, days, ZONE)
    midnight = int(datetime(2026, 12, 20, 20, tzinfo=UTC).timestamp()) * NS
    assert polar.following(midnight) == Ceremony(days[date(2026, 12, 21)].sunrise, "sunrise", published=True)
    assert polar.following(days[date(2026, 12, 21)].sunset) is None


def test_only_a_time_more_than_three_minutes_from_the_sun_is_a_slip(tmp_path: Path) -> None:
    text = "date,sunrise,sunset\n2023-10-01,06:10,17:57\n2023-10-02,06:11,16:55\n"
    found = list(_ceremonies(tmp_path, text).deviations())
    assert [(one.day, one.name, one.line) for one in found] == [(date(2023, 10, 2), "sunset", 3)]
    assert -63 * MINUTE < found[0].off < -57 * MINUTE


def test_a_file_as_a_spreadsheet_saves_it_is_read(tmp_path: Path) -> None:
    timetable, problems = _read(
        tmp_path, 'date,sunrise,sunset\r\n"2023-10-01", 6:10 ,17:57\r\n,,\r\n', "utf-8-sig"
    )
    assert problems == []
    assert timetable.days[date(2023, 10, 1)].sunrise == _instant("2023-10-01T06:10:00")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("2023-10-32,06:10,17:57", ":2:1: '2023-10-32' is not a date"),
        ("2023-10-01,6.10,17:57", ":2:12: '6.10' is not a local time"),
        ("2023-10-01,06:10, 25:57", ":2:19: '25:57' is not a local time"),
        ("2023-10-01,06:10", ":2:1: 2 columns instead of 3"),
        ("2023-10-01,17:57,06:10", ":2:12: the sunrise is not before the sunset"),
    ],
)
def test_a_bad_line_is_told_where_it_is_and_the_rest_is_read(tmp_path: Path, line: str, told: str) -> None:
    timetable, problems = _read(tmp_path, f"date,sunrise,sunset\n{line}\n2023-10-05,06:14,17:50\n")
    assert len(problems) == 1
    assert problems[0].startswith(told)
    assert list(timetable.days) == [date(2023, 10, 5)]


def test_a_date_twice_a_wrong_head_and_a_file_that_is_not_text_are_told(tmp_path: Path) -> None:
    assert _read(tmp_path, TOLD + "2023-10-01,06:31,18:20\n")[1] == [
        ":3:1: 2023-10-01 stands twice; first in line 2"
    ]
    assert _read(tmp_path, "日期,日出,日落\n")[1] == [":1:1: the first line is not date,sunrise,sunset"]
    assert _read(tmp_path, "日期\n", "gbk")[1] == [":1:1: is not UTF-8 at byte 0"]
