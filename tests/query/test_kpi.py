"""Figures of alarm management: worked by hand, against brute force, and where nothing is known."""

from __future__ import annotations

import math
from datetime import datetime
from pathlib import Path

import pytest
from support.alarm_history import AlarmHistory, alarm_history
from support.kpi_history import BERLIN, DAY, HOUR, MINUTE, OCTOBER, SHANGHAI, ask

from facilityd.model.alarm import ChangeKind
from facilityd.model.notice import Purpose
from facilityd.model.sample import NS
from facilityd.query.calendar_span import month_span
from facilityd.query.kpi_answer import KpiAnswer
from facilityd.query.kpi_tables import window_line
from facilityd.store.batch import Delivery


def values(answer: KpiAnswer, *names: str) -> list[float | None]:
    return [answer.figure(name).value for name in names]


def test_a_month_worked_by_hand(history: AlarmHistory) -> None:
    """40 alarms of one kind in a burst, 25 s apart, and 8 of another over the month; each seen by a person."""
    history.watched(*OCTOBER)
    burst = history.at("2026-10-02T10:00")
    for n in range(40):
        history.alarm(burst + n * 25 * NS, acked=60 + n, cleared=600)
    for n in range(8):
        history.alarm(OCTOBER[0] + n * 3 * DAY, "water", acked=600, cleared=50, priority="low")
    answer = ask(history)
    assert (answer.alarms, answer.first, answer.again, answer.untold) == (48, 48, 0, 0)
    assert values(answer, "alarms-per-day", "alarms-per-10min") == [
        pytest.approx(48 / 31),
        pytest.approx(48 / (31 * 144)),
    ]
    # 25 s apart, 24 lie within less than 10 min; of the clock's periods the first has 24, the second 16.
    assert values(answer, "worst-10min", "periods-over-10") == [24, pytest.approx(100 * 2 / (31 * 144))]
    assert values(answer, "hours-over-30") == [pytest.approx(100 / (31 * 24))]
    (flood,) = answer.floods
    # It ends when the fifth last is 10 min old: 35 × 25 s + 600 s.
    assert (flood.since, flood.until - flood.since) == (burst, (35 * 25 + 600) * NS)
    assert (flood.alarms, flood.most) == (40, 24)
    assert values(answer, "floods", "flood-longest", "flood-share") == [
        1,
        pytest.approx(1475 / 60),
        pytest.approx(100 * 1475 / (31 * 86_400)),
    ]
    assert values(answer, "chattering", "fleeting", "stale", "standing") == [1, 8, 0, 0]
    assert answer.figure("top-share").reason == "few-kinds", "of two kinds the ten most frequent are all"
    (shaking,) = answer.chattering
    assert (shaking.device, shaking.episodes, shaking.most) == ("fire", 1, 3)
    assert [(one.priority, one.alarms) for one in answer.priorities if one.alarms] == [
        ("low", 8),
        ("high", 40),
    ]
    assert answer.bad_actors[0].share == pytest.approx(100 * 40 / 48)
    times = sorted([600.0] * 8 + [60.0 + n for n in range(40)])
    assert values(answer, "acknowledge-median") == [pytest.approx((times[23] + times[24]) / 2 / 60)]
    assert values(answer, "acknowledge-p95") == [pytest.approx(times[math.ceil(0.95 * 48) - 1] / 60)]
    assert answer.figure("unanswered").value == 0
    assert answer.figure("worst-10min").verdict == "over"
    assert answer.figure("alarms-per-day").verdict == "good"
    assert answer.window.notes() == []


def test_an_empty_journal_knows_nothing_and_says_so_instead_of_zero(history: AlarmHistory) -> None:
    answer = ask(history)
    assert {figure.value for figure in answer.figures} == {None}
    assert {figure.verdict for figure in answer.figures} <= {"unknown", "none"}
    (note,) = answer.window.notes()
    assert "not zero" in note.en
    assert "未知" in note.zh
    assert answer.window.plain()["known_from"] is None


def test_a_window_in_the_future_has_not_begun(history: AlarmHistory) -> None:
    history.watched(*OCTOBER)
    history.alarm(history.at("2026-10-02T10:00"))
    answer = ask(history, month_span("2027-01", SHANGHAI), OCTOBER[1])
    assert {figure.value for figure in answer.figures} == {None}
    assert [note.en for note in answer.window.notes()] == ["This span has not begun: there is nothing of it"]
    assert answer.window.days == 0


def test_a_month_without_an_alarm_is_zero_where_it_was_watched(history: AlarmHistory) -> None:
    history.watched(*OCTOBER)
    answer = ask(history)
    assert values(answer, "alarms-per-day", "floods", "stale") == [0, 0, 0]
    assert answer.figure("acknowledge-median").reason == "none", (
        "nothing was acknowledged: that is no time of 0"
    )
    assert answer.figure("top-share").value is None


def test_a_journal_that_is_younger_than_the_window_counts_only_the_days_that_it_knows(
    history: AlarmHistory,
) -> None:
    begun = history.at("2026-10-21T00:00")
    history.watched(begun, OCTOBER[1])
    for n in range(22):
        history.alarm(begun + n * HOUR, cleared=90)
    answer = ask(history)
    assert values(answer, "alarms-per-day") == [pytest.approx(2.0)]
    assert answer.figure("stale").n == 11
    (note,) = answer.window.notes()
    assert note.en == "The journal begins at 2026-10-21 00:00: what was before is not known"


def test_time_in_which_nobody_watched_is_named_and_not_counted(history: AlarmHistory) -> None:
    history.watched(OCTOBER[0], history.at("2026-10-30T00:00"))
    history.away(history.at("2026-10-10T00:00"), history.at("2026-10-14T00:00"))
    for n in range(25):
        history.alarm(history.at("2026-10-15T00:00") + n * HOUR, cleared=90)
    answer = ask(history)
    assert answer.window.days == pytest.approx(25.0), "31 less 4, and less the 2 after its last word"
    assert values(answer, "alarms-per-day") == [pytest.approx(1.0)]
    (note,) = answer.window.notes()
    assert note.en.startswith("Nobody watched for 6 d in all (2 times; the longest from 2026-10-10 00:00")
    assert [one["why"] for one in answer.window.plain()["away"]] == ["stopped", "stopped"]


def test_an_alarm_over_both_ends_of_a_window_is_stale_and_stands_and_was_not_raised_in_it(
    history: AlarmHistory,
) -> None:
    history.watched(history.at("2026-09-01T00:00"), history.at("2026-12-01T00:00"))
    history.alarm(history.at("2026-09-20T00:00"), acked=60, cleared=60 * 86_400)
    answer = ask(history, now=history.at("2026-12-01T00:00"))
    assert (answer.alarms, answer.answers) == (0, ())
    assert values(answer, "alarms-per-day", "stale", "standing") == [0, 1, 1]
    (one,) = answer.stale
    assert (one.since, one.until) == (history.at("2026-09-20T00:00"), None), "as it was at the window's end"
    later = month_span("2026-11", SHANGHAI)
    then = ask(history, later, history.at("2026-12-01T00:00"))
    assert values(then, "standing", "stale") == [0, 1]
    assert then.stale[0].until == history.at("2026-09-20T00:00") + 60 * DAY


def test_what_happens_after_a_window_does_not_change_it(history: AlarmHistory) -> None:
    history.watched(OCTOBER[0], history.at("2026-12-01T00:00"))
    history.alarm(OCTOBER[1] - HOUR, acked=2 * 3600, cleared=3 * 3600)
    then = ask(history)
    now = ask(history, now=history.at("2026-12-01T00:00"))
    assert values(then, "unanswered", "standing") == values(now, "unanswered", "standing") == [1, 1]


def test_what_is_suppressed_does_not_count_until_it_comes_before_people(history: AlarmHistory) -> None:
    history.watched(*OCTOBER)
    at = history.at("2026-10-05T08:00")
    history.alarm(at, "water", state="suppressed-by-design", cleared=30)
    history.change(at + HOUR, ChangeKind.RAISE, state="suppressed-by-design")
    history.change(at + HOUR, ChangeKind.ACKNOWLEDGE, state="suppressed-by-design")
    history.change(at + 2 * HOUR, ChangeKind.UNSUPPRESS)
    history.change(at + 3 * HOUR, ChangeKind.ACKNOWLEDGE)
    history.change(at + 4 * HOUR, ChangeKind.REALARM)
    history.change(at + 5 * HOUR, ChangeKind.LOSE)
    history.change(at + 6 * HOUR, ChangeKind.SHELVE)
    answer = ask(history)
    assert answer.alarms == 2, "no longer suppressed, and announced again"
    assert (answer.first, answer.again, answer.untold) == (1, 1, 1), "the other one came before nobody"
    assert values(answer, "fleeting", "standing", "shelved") == [0, 0, 1]
    assert values(answer, "acknowledge-median") == [60.0], "from when it came before people"


def test_a_percentage_of_too_few_is_not_told(history: AlarmHistory) -> None:
    history.watched(*OCTOBER)
    for n in range(29):
        history.alarm(OCTOBER[0] + n * DAY, acked=60, cleared=120)
    few = ask(history)
    history.alarm(OCTOBER[0] + 30 * DAY, acked=60, cleared=120)
    enough = ask(history)
    assert few.figure("top-share").shown("en") == "unknown: fewer than 30"
    assert {one.share for one in few.priorities} == {None}
    assert values(few, "acknowledge-p95") == [None]
    assert values(enough, "acknowledge-p95") == [1.0]
    assert max(one.share or 0 for one in enough.priorities) == 100.0


def test_the_ten_most_frequent_are_a_share_of_more_kinds(history: AlarmHistory) -> None:
    history.watched(*OCTOBER)
    for n in range(40):
        history.alarm(OCTOBER[0] + n * HOUR, rule=f"rule-{min(n, 20)}", cleared=600)
    answer = ask(history)
    assert values(answer, "top-share") == [pytest.approx(100 * (20 + 9) / 40)]
    assert answer.bad_actors[0].share == 50.0
    assert len(answer.bad_actors) == 10


# --- people ---------------------------------------------------------------------------------------------


def test_notices_are_counted_by_person_and_only_those_that_left(history: AlarmHistory) -> None:
    history.watched(*OCTOBER)
    noon = history.at("2026-10-05T12:00")
    for n in range(6):
        history.notice(noon + n * MINUTE)
    history.notice(noon, state=Delivery.REJECTED)
    history.notice(noon, state=Delivery.DIGESTED)
    history.notice(noon, purpose=Purpose.TEST)
    history.notice(history.at("2026-10-06T03:00"), "gone")
    answer = ask(history)
    people = {one.person: one for one in answer.people}
    assert list(people) == ["anna", "gone", "bo"], "who has most comes first; who left the site is there too"
    anna, bo = people["anna"], people["bo"]
    assert (anna.notices, anna.worst_10min, anna.at_night, anna.undelivered) == (6, 6, 0, 1)
    assert (bo.notices, bo.per_day) == (0, 0)
    assert anna.name.zh == "安娜"
    assert people["gone"].at_night == 1
    assert values(answer, "pushes-per-day", "pushes-worst-10min") == [pytest.approx(6 / 31), 6]
    assert answer.figure("pushes-worst-10min").verdict == "over"


@pytest.mark.parametrize(
    ("month", "day", "hours", "offsets"),
    [
        ("2026-10", "2026-10-25", 745, ("+02:00", "+01:00")),
        ("2026-03", "2026-03-29", 743, ("+01:00", "+02:00")),
    ],
)
def test_a_night_and_a_month_over_a_change_of_the_clock(
    tmp_path: Path, month: str, day: str, hours: int, offsets: tuple[str, str]
) -> None:
    """The hour that comes twice is one night's, the one that does not come is nobody's."""
    span = month_span(month, BERLIN)
    assert span[1] - span[0] == hours * HOUR
    with alarm_history(tmp_path, "Europe/Berlin") as history:
        history.watched(*span)
        change = datetime.fromisoformat(f"{day}T01:00+00:00").timestamp()
        for at in (f"{day}T00:30{offsets[0]}", f"{day}T05:59{offsets[1]}"):
            history.notice(round(datetime.fromisoformat(at).timestamp()) * NS)
        history.notice(round((change - 60) * NS))
        history.notice(round((change + 60) * NS))
        history.notice(round(datetime.fromisoformat(f"{day}T06:00{offsets[1]}").timestamp()) * NS)
        answer = ask(history, span)
    (anna,) = (one for one in answer.people if one.person == "anna")
    assert (anna.at_night, anna.worst_night) == (4, 4)
    assert answer.figure("pushes-at-night").n == 32, "31 evenings, and the night that ends on the first"
    assert answer.figure("hours-over-30").n == hours
    assert answer.window.days == pytest.approx(hours / 24)
    assert answer.figure("stale").n == 31


def test_notices_that_are_no_longer_kept_are_unknown(tmp_path: Path) -> None:
    with alarm_history(tmp_path, keep="10d") as history:
        history.watched(*OCTOBER)
        history.notice(OCTOBER[1] - HOUR)
        answer = ask(history)
    assert [note.en for note in answer.window.notes()] == [
        "Notices are kept from 2026-10-22 00:00 on: those before are not known"
    ]
    assert values(answer, "pushes-per-day") == [pytest.approx(0.1)]
    assert values(answer, "alarms-per-day") == [0]


def test_of_less_than_a_day_no_day_is_foretold(history: AlarmHistory) -> None:
    """Eleven alarms of eleven minutes were 1467.6 a day, and over the limit."""
    since = OCTOBER[0]
    history.watched(since, since + DAY)
    history.alarm(since + HOUR, cleared=90)
    short = ask(history, (since, since + DAY - MINUTE), since + DAY)
    assert [short.figure(one).reason for one in ("alarms-per-day", "alarms-per-10min")] == ["too-short"] * 2
    assert "watched for 23 h 59 min;" in window_line(short, "en")
    assert "有记录 23 小时 59 分钟；" in window_line(short, "zh")
    assert values(short, "worst-10min") == [1]
    assert values(ask(history, (since, since + DAY), since + DAY), "alarms-per-day") == [1]
