"""What happened: what belongs together is told once, with its evidence; what is not known is not zero."""

from __future__ import annotations

import io
import json
import re
import zipfile
from html.parser import HTMLParser

import pytest
from support.alarm_history import STATES, AlarmHistory
from support.query_sites import StoredSite
from support.timelines import DAY, EVENING, HOUR, MINUTE, asked

from facilityd.app.builtin import DAEMON, all_devices
from facilityd.errors import UsageError
from facilityd.model.alarm import Change, ChangeKind
from facilityd.model.finding import Evidence
from facilityd.model.marks import Marking, OperatorMark
from facilityd.model.sample import NS
from facilityd.model.task import TaskEvent, TaskEventKind
from facilityd.model.text import LANGUAGES
from facilityd.query.timeline import Timeline, TimelineQuery
from facilityd.query.timeline_entries import TimelineEntry
from facilityd.query.timeline_page import alarm_times, timeline_page
from facilityd.report.timeline import timeline_html
from facilityd.report.workbook import tables_workbook
from facilityd.store.batch import ChangeRecord
from facilityd.store.changes import ChangeWrite
from facilityd.store.marks import MarkWrite
from facilityd.store.tasks import TaskWrite


@pytest.fixture
def history(history: AlarmHistory) -> AlarmHistory:
    history.watched(history.at("2026-10-01T00:00"), history.at("2026-10-07T00:00"))
    return history


HOSTILE = "<script>alert(1)</script> =cmd|' /C calc'!A0 \x1b[31mred"


def changed(
    history: AlarmHistory, at: int, kind: ChangeKind, device: str = "fire", rule: str = "active", number: int = 1,
    *, cause: str = "", state: str = "", seen: int = 0, person: str = "", comment: str = "",
    details: dict[str, object] | None = None,
) -> None:  # fmt: skip
    """Write one change with its evidence."""
    numbers = {"value": True, "limit": True, "for_s": 0.0}
    evidence = Evidence("limit-is", numbers, "active", cause, seen) if kind in _BASED else None
    made = Change(at, device, rule, number, kind, evidence, person, comment, details or {})
    after = state or ("suppressed-by-design" if cause else STATES.get(kind, "normal"))
    history.write(ChangeWrite((ChangeRecord(made, state=after, condition="true", priority="high"),)))


_BASED = (ChangeKind.RAISE, ChangeKind.SUPPRESS)


def only(timeline: Timeline, kind: str = "incident") -> TimelineEntry:
    (found,) = timeline.of(kind)
    return found


def lines(entry: TimelineEntry) -> dict[str, str]:
    return {line.kind: line.text.en for line in entry.lines}


def test_a_cause_and_its_consequences_are_one_incident_with_what_came_first(history: AlarmHistory) -> None:
    at = history.at("2026-10-05T21:00")
    changed(history, at, ChangeKind.RAISE, "water")
    changed(history, at + 20 * NS, ChangeKind.RAISE)
    changed(history, at + 21 * NS, ChangeKind.SUPPRESS, "water", cause="fire/active")
    changed(history, at + 30 * NS, ChangeKind.RAISE, "hoist-1", "drive-trip", cause="water/active")
    changed(history, at + HOUR, ChangeKind.CLEAR)
    one = only(asked(history))
    assert [(alarm.device, alarm.times, alarm.lead) for alarm in one.alarms] == [
        ("fire", 1, True), ("water", 1, False), ("hoist-1", 1, False),
    ]  # fmt: skip
    assert (one.since, one.until, one.where.en) == (at, at + HOUR, "Fire panel")
    assert (one.told, one.suppressed) == (2, 1), "the water alarm had been told before its cause was found"
    assert lines(one)["first-out"].startswith("First out: Water sensor: ")
    assert lines(one)["first-out"].endswith("21:00:00")
    assert "hoist" in lines(one)["with-it"]
    assert lines(one)["evidence"]


def test_a_chain_of_causes_that_closes_on_itself_ends(history: AlarmHistory) -> None:
    at = history.at("2026-10-05T21:00")
    changed(history, at, ChangeKind.RAISE, "water", cause="fire/active")
    changed(history, at, ChangeKind.RAISE, "fire", cause="water/active")
    one = only(asked(history))
    assert [(alarm.device, alarm.lead) for alarm in one.alarms] == [("fire", True), ("water", False)]


def test_what_came_and_went_is_one_incident_until_it_stayed_away_for_long(history: AlarmHistory) -> None:
    first = history.at("2026-10-05T20:10")
    for n in range(5):
        history.alarm(first + n * 10 * MINUTE, acked=30, cleared=120)
    history.alarm(history.at("2026-10-06T06:30"), cleared=60)
    evening, morning = asked(history).of("incident")
    assert (evening.times, evening.told, morning.times) == (5, 5, 1)
    assert lines(evening)["times"] == "Came 5 times, last at 20:50, 10 min in all"
    assert lines(evening)["acknowledge"].endswith("acknowledged by anna")
    assert (evening.unacknowledged, morning.unacknowledged) == (False, True)


def test_the_same_rule_on_several_devices_at_once_is_one_incident(history: AlarmHistory) -> None:
    at = history.at("2026-10-05T22:00")
    history.alarm(at, "fire", cleared=600)
    history.alarm(at + 40 * NS, "water", cleared=600)
    history.alarm(at + 2 * HOUR, "water", cleared=600)
    both = only(asked(history, until="2026-10-05T23:30"))
    assert both.devices == ("fire", "water")
    assert both.where.zh == "火灾报警、水浸"


def test_what_stood_from_before_and_was_let_be_is_told_apart(history: AlarmHistory) -> None:
    changed(history, history.at("2026-10-02T08:00"), ChangeKind.RAISE, "water")
    changed(history, history.at("2026-10-03T08:00"), ChangeKind.RAISE)
    changed(history, history.at("2026-10-05T21:30"), ChangeKind.ACKNOWLEDGE, person="bo", comment=HOSTILE)
    found = asked(history)
    assert only(found, "standing").devices == ("water",)
    acted = only(found)
    assert (acted.until, acted.since) == (None, history.at("2026-10-03T08:00"))
    assert "by bo: <script>" in lines(acted)["acknowledge"]
    assert {one.id: one.value for one in found.figures()}["standing"] == 2


def test_what_happened_before_and_after_the_span_is_not_in_it(history: AlarmHistory) -> None:
    history.alarm(history.at("2026-10-05T19:00"), acked=60, cleared=120)
    history.alarm(history.at("2026-10-05T21:00"), "water", acked=60, cleared=20 * 3600)
    history.alarm(history.at("2026-10-06T09:00"), cleared=120)
    one = only(asked(history))
    assert (one.devices, one.until) == (("water",), None), "at the end of the night it stood"


def test_an_alarm_that_nobody_was_told_of_says_why(history: AlarmHistory) -> None:
    changed(history, history.at("2026-10-05T21:00"), ChangeKind.RAISE, state="shelved")
    one = only(asked(history))
    assert (one.told, one.suppressed, lines(one)["untold"]) == (0, 1, "Told to nobody (shelved)")


def test_tasks_of_an_alarm_stand_with_it_and_others_alone(history: AlarmHistory) -> None:
    at = history.at("2026-10-05T21:00")
    history.alarm(at, cleared=7200)
    steps = [
        (1, TaskEventKind.OPEN, {"kind": "repair", "device": "fire", "rule": "active"}),
        (1, TaskEventKind.TAKE, {}), (1, TaskEventKind.DONE, {}),
        (2, TaskEventKind.OPEN, {"kind": "inspection", "device": "water", "inspection": "yearly"}),
    ]  # fmt: skip
    events = [TaskEvent(n, at + k * MINUTE, kind, "bo", "", more) for k, (n, kind, more) in enumerate(steps)]
    history.write(TaskWrite(events))
    found = asked(history)
    assert [line.text.en for line in only(found).lines if line.kind == "task"] == [
        "21:01 task 1 taken by bo", "21:02 task 1 said to be done by bo",
    ]  # fmt: skip
    assert only(found, "task").devices == ("water",)


def test_maintenance_is_told_once_however_many_alarms_it_holds(history: AlarmHistory) -> None:
    at, about = history.at("2026-10-05T21:00"), {"state": "maintenance", "command": "c1", "until": 0}
    for rule in ("active", "silent", "unseen"):
        changed(history, at, ChangeKind.STATE_BEGINS, "fire", rule, 0, person="bo", details=about)
        changed(history, at + HOUR, ChangeKind.STATE_OVER, "fire", rule, 0)
    held = only(asked(history), "held")
    assert (held.since, held.until, held.what.en) == (at, at + HOUR, "in maintenance by bo")


def test_marks_and_times_nobody_watched_are_in_it_and_the_daemons_own_alarm_takes_them(
    history: AlarmHistory,
) -> None:
    at = history.at("2026-10-05T22:00")
    history.away(at, at + 10 * MINUTE)
    mark = OperatorMark(0, at, "fire", Marking.INCIDENT, at, at + HOUR, "H7", "smoke", "anna")
    history.write(MarkWrite([mark]))
    found = asked(history)
    assert only(found, "downtime").until == at + 10 * MINUTE
    assert only(found, "mark").what.en == "incident H7 by anna: smoke"
    history.alarm(at + 11 * MINUTE, DAEMON, "stood-still", cleared=60)
    found = asked(history)
    assert found.of("downtime") == []
    assert {one.id: one.value for one in found.figures()}["not_watched"] == 600


def test_of_one_device_there_is_also_what_explains_it(history: AlarmHistory) -> None:
    at = history.at("2026-10-05T22:00")
    history.alarm(at, "link-io", "down", cleared=60)
    history.alarm(at + HOUR, "water", cleared=60)
    history.alarm(at + 2 * HOUR, "fire", cleared=60)
    found = asked(history, EVENING, "2026-10-06T08:00", "fire").of("incident")
    assert [one.devices for one in found] == [("link-io",), ("fire",)]
    with history.ask(at) as query, pytest.raises(UsageError, match="no device"):
        query.timeline(TimelineQuery(at, at + HOUR, ("fier",)))


def test_the_span_before_stands_beside_it_and_unknown_is_not_zero(history: AlarmHistory) -> None:
    at = history.at("2026-10-05T21:00")
    for n, device in ((0, "fire"), (1, "fire"), (0, "water")):
        history.alarm(at + n * HOUR, device, acked=60, cleared=120)
    history.alarm(at - DAY, "hoist-1", "drive-trip", acked=60, cleared=120)
    history.alarm(at - DAY, "water", acked=60, cleared=120)
    devices = all_devices(history.site)
    now, before = asked(history), asked(history, "2026-10-04T20:00", "2026-10-05T08:00")
    found = {(row.device, row.rule): (row.now, row.before) for row in alarm_times(now, before, devices)}
    assert found == {("fire", "active"): (2, 0), ("hoist-1", "drive-trip"): (0, 1)}
    early = asked(history, "2026-09-01T20:00", "2026-09-02T08:00")
    assert {one.value for one in early.figures()} == {None}
    assert alarm_times(now, early, devices) == [], "of a time of which nothing is known nothing is new"
    shown = timeline_page(now, early, devices, "en").tables[0]
    assert [row[2].shown for row in shown.rows] == ["—"] * 8
    assert "unknown" in shown.note


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_people_wrote_is_text_in_every_format(history: AlarmHistory, language: str) -> None:
    changed(history, history.at("2026-10-05T21:00"), ChangeKind.RAISE)
    changed(history, history.at("2026-10-05T21:30"), ChangeKind.ACKNOWLEDGE, person=HOSTILE, comment=HOSTILE)
    found = asked(history)
    page = timeline_page(found, found, all_devices(history.site), language)  # type: ignore[arg-type]
    text = timeline_html(found, page, language)  # type: ignore[arg-type]
    assert "<script" not in text
    assert "\x1b" not in text
    HTMLParser().feed(text)
    assert re.findall(r'"(?:https?:)?//', text.replace('xmlns="http://www.w3.org/2000/svg"', "")) == []
    with zipfile.ZipFile(io.BytesIO(tables_workbook(page, 0))) as book:
        sheets = [book.read(name).decode() for name in book.namelist() if "sheets/sheet" in name]
    assert len(sheets) == 4
    assert not any("<f>" in sheet for sheet in sheets)


def test_the_story_of_a_morning_is_told_in_one_screen_in_both_languages(story: StoredSite) -> None:
    with story.ask() as query:
        found = query.timeline(TimelineQuery(story.now - 2 * HOUR, story.now))
    assert len(found.of("ceremony")) == 1
    names = {one.devices[0]: one for one in found.of("incident")}
    assert {"fountain-2", "hoist-1"} <= names.keys()
    assert "mA" in lines(names["fountain-2"])["evidence"]
    plain = found.plain()
    assert json.loads(json.dumps(plain))["entries"][0]["what"].keys() == {"zh", "en"}
