"""Who is there: hours over midnight and over the change of the clock, holidays, rotas, substitutes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.notification_fixtures import person

from facilityd.model.people import (
    DAYS,
    DutyPlan,
    Hours,
    QuietHours,
    Rota,
    Shift,
    Substitution,
)
from facilityd.model.rule import Priority
from facilityd.model.sample import NS
from facilityd.notify.hours import ends_at
from facilityd.notify.roster import Roster
from facilityd.notify.rota_calendar import named

SHANGHAI, BERLIN, NEW_YORK = (
    ZoneInfo("Asia/Shanghai"),
    ZoneInfo("Europe/Berlin"),
    ZoneInfo("America/New_York"),
)
LI, WANG, CHIEF = person("li"), person("wang"), person("chief")
NIGHT = Hours(22 * 60, 7 * 60)


def at(text: str, zone: ZoneInfo = SHANGHAI) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC).timestamp()) * NS


def shown(instant: int | None, zone: ZoneInfo = SHANGHAI) -> str:
    return datetime.fromtimestamp(instant // NS, zone).strftime("%m-%d %H:%M") if instant else ""


@pytest.mark.parametrize(
    ("moment", "end"),
    [("2026-03-05T21:59", ""), ("2026-03-05T22:00", "03-06 07:00"), ("2026-03-06T03:00", "03-06 07:00"),
     ("2026-03-06T07:00", "")],
)  # fmt: skip
def test_quiet_hours_go_over_midnight(moment: str, end: str) -> None:
    assert shown(ends_at(NIGHT, at(moment), SHANGHAI, "")) == end


@pytest.mark.parametrize(
    ("evening", "hours"), [("2026-03-28T22:00", 8), ("2026-10-24T22:00", 10), ("2026-06-01T22:00", 9)]
)
def test_the_night_in_which_the_clock_changes_ends_at_seven_all_the_same(evening: str, hours: int) -> None:
    begin = at(evening, BERLIN)
    end = ends_at(NIGHT, begin, BERLIN, "")
    assert shown(end, BERLIN).endswith("07:00")
    assert end - begin == hours * 3600 * NS


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 366 * 24 * 4),
    st.integers(0, 95),
    st.integers(0, 95),
    st.sets(st.sampled_from(DAYS), min_size=1),
    st.sampled_from([SHANGHAI, BERLIN, NEW_YORK, ZoneInfo("Australia/Lord_Howe")]),
)
def test_hours_are_what_the_clock_on_the_wall_says(quarter, begin, until, days, zone) -> None:
    """Against a look at the wall clock alone, on every day of a year in zones that change it."""
    instant = at("2026-01-01T00:00", ZoneInfo("UTC")) + quarter * 900 * NS
    hours = Hours(begin * 15, until * 15, frozenset(days))
    wall = datetime.fromtimestamp(instant // NS, zone)
    before, now = wall.date() - timedelta(days=1), wall.hour * 60 + wall.minute
    today, yesterday = DAYS[wall.weekday()] in days, DAYS[before.weekday()] in days
    over_midnight = hours.until <= hours.begin
    within = today and hours.begin <= now and (over_midnight or now < hours.until)
    within |= yesterday and over_midnight and now < hours.until
    doubtful = wall.utcoffset() != datetime.fromtimestamp(instant // NS - 86400, zone).utcoffset()
    if not doubtful:  # on the day of a change an hour is there twice, or not at all
        assert (ends_at(hours, instant, zone, "") is not None) == within


def test_a_made_up_workday_and_a_holiday_of_china() -> None:
    hours = Hours(8 * 60, 18 * 60, frozenset({"workdays"}))
    assert ends_at(hours, at("2026-10-10T09:00"), SHANGHAI, "china"), "a Saturday that is worked"
    assert not ends_at(hours, at("2026-10-10T09:00"), SHANGHAI, "")
    assert not ends_at(hours, at("2026-10-01T09:00"), SHANGHAI, "china"), "National Day, a Thursday"
    assert ends_at(hours, at("2026-10-01T09:00"), SHANGHAI, "")


def test_a_year_that_is_not_published_yet_has_weekends() -> None:
    hours = Hours(8 * 60, 18 * 60, frozenset({"workdays"}))
    assert ends_at(hours, at("2031-03-03T09:00"), SHANGHAI, "china")
    assert not ends_at(hours, at("2031-03-02T09:00"), SHANGHAI, "china")


def test_quiet_hours_that_meet_are_one_night() -> None:
    weekend = QuietHours(Hours(0, 24 * 60, frozenset({"restdays"})))
    quiet = replace(LI, quiet=(QuietHours(NIGHT), weekend))
    roster = Roster([quiet], DutyPlan(), SHANGHAI)
    friday_evening = at("2026-03-06T23:00")
    assert shown(roster.quiet_until(quiet, friday_evening, Priority.HIGH)) == "03-09 07:00"
    assert roster.quiet_until(quiet, friday_evening, Priority.CRITICAL) == 0
    assert roster.quiet_until(quiet, at("2026-03-06T12:00"), Priority.LOW) == 0


DAY_SHIFT = Shift(Hours(8 * 60, 20 * 60), ("li",))
NIGHT_SHIFT = Shift(Hours(20 * 60, 8 * 60), ("wang",))


def rota(*shifts: Shift, calendar: str = "", people: str = "li wang") -> DutyPlan:
    return DutyPlan((Rota("crew", shifts, calendar, frozenset(people.split())),))


def there(plan: DutyPlan, moment: str, *scope: tuple[str, str]) -> list[str]:
    return [one.id for one in Roster([LI, WANG, CHIEF], plan, SHANGHAI).responsible(at(moment), scope)]


def test_a_rota_hands_over_and_who_is_on_none_is_always_there() -> None:
    plan = rota(DAY_SHIFT, NIGHT_SHIFT)
    assert there(plan, "2026-03-06T19:59") == ["li", "chief"]
    assert there(plan, "2026-03-06T20:00") == ["wang", "chief"]
    assert there(plan, "2026-03-07T07:59") == ["wang", "chief"]


def test_in_a_gap_everybody_on_the_rota_is_told_and_the_gap_is_known_before() -> None:
    plan = rota(DAY_SHIFT)
    assert there(plan, "2026-03-06T23:00") == ["li", "wang", "chief"]
    gaps = Roster([LI, WANG], plan, SHANGHAI).gaps(at("2026-03-06T12:00"), 7)
    assert [(name, shown(when)) for name, when in gaps] == [("crew", "03-06 20:00")]
    assert Roster([LI, WANG], rota(DAY_SHIFT, NIGHT_SHIFT), SHANGHAI).gaps(at("2026-03-06T12:00"), 7) == []


def test_a_gap_is_known_by_its_first_minute_however_short() -> None:
    """Looked at once an hour it began up to an hour late, and one of less than an hour was not seen."""
    late = Shift(Hours(20 * 60 + 10, 8 * 60), ("wang",))
    gaps = Roster([LI, WANG], rota(DAY_SHIFT, late), SHANGHAI).gaps(at("2026-03-06T12:52"), 7)
    assert [(name, shown(when)) for name, when in gaps] == [("crew", "03-06 20:00")]


def test_turns_of_a_week() -> None:
    turns = Shift(Hours(0, 24 * 60), ("li", "wang"), 7, date(2026, 3, 2))
    days = {day: there(rota(turns), f"2026-03-{day:02}T12:00")[0] for day in (2, 8, 9, 15, 16)}
    assert days == {2: "li", 8: "li", 9: "wang", 15: "wang", 16: "li"}


def test_a_substitute_stands_in_for_some_days_and_never_for_themselves_in_a_ring() -> None:
    away = Substitution("li", "chief", date(2026, 3, 6), date(2026, 3, 8))
    plan = replace(rota(DAY_SHIFT, NIGHT_SHIFT), substitutions=(away,))
    assert there(plan, "2026-03-06T12:00") == ["chief"]
    assert there(plan, "2026-03-08T12:00") == ["li", "chief"]
    ring = (away, Substitution("chief", "li", date(2026, 3, 6), date(2026, 3, 8)))
    assert there(replace(plan, substitutions=ring), "2026-03-06T12:00")


CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//test//EN
BEGIN:VEVENT
UID:1
DTSTART;TZID=Asia/Shanghai:20260302T200000
DTEND;TZID=Asia/Shanghai:20260303T080000
RRULE:FREQ=WEEKLY;BYDAY=MO,TU
EXDATE;TZID=Asia/Shanghai:20260309T200000
SUMMARY:li师傅, Wang
END:VEVENT
BEGIN:VEVENT
UID:2
DTSTART;VALUE=DATE:20260309
DTEND;VALUE=DATE:20260310
SUMMARY:chief
END:VEVENT
END:VCALENDAR
"""


@pytest.mark.parametrize(
    ("moment", "people"),
    [("2026-03-03T03:00", ["li", "wang"]), ("2026-03-10T23:00", ["li", "wang"]),
     ("2026-03-09T12:00", ["chief"]), ("2026-03-09T23:00", ["chief"])],
)  # fmt: skip
def test_a_calendar_file_with_repeated_events_and_one_left_out(moment: str, people: list[str]) -> None:
    assert there(rota(calendar=CALENDAR, people="li wang chief"), moment) == people


def test_names_in_a_summary() -> None:
    names = {"li": "li", "李师傅": "li", "wang": "wang"}
    assert named("李师傅、Wang", names) == {"li", "wang"}
    assert named("nobody", names) == frozenset()


def test_a_calendar_that_no_longer_reads_tells_everybody(caplog: pytest.LogCaptureFixture) -> None:
    assert there(rota(calendar="no calendar", people="li wang"), "2026-03-09T12:00") == [
        "li",
        "wang",
        "chief",
    ]
    assert "cannot be read" in caplog.text


def test_people_answer_for_families_and_devices() -> None:
    hoists = replace(LI, families=frozenset({"hoist"}))
    fountain = replace(WANG, devices=frozenset({"fountain-1"}))
    roster = Roster([hoists, fountain, CHIEF], DutyPlan(), SHANGHAI)

    def who(*scope: tuple[str, str]) -> list[str]:
        return [one.id for one in roster.responsible(at("2026-03-09T12:00"), scope)]

    assert who(("hoist-1", "hoist")) == ["li", "chief"]
    assert who(("fountain-1", "fountain")) == ["wang", "chief"]
    assert who(("hoist-1", "hoist"), ("fountain-1", "fountain")) == ["li", "wang", "chief"], "a link's"
    assert who() == ["li", "wang", "chief"], "of the daemon itself"
    alone = Roster([hoists, fountain], DutyPlan(), SHANGHAI)
    assert [one.id for one in alone.responsible(at("2026-03-09T12:00"), [("gate", "lighting")])] == [
        "li",
        "wang",
    ]
