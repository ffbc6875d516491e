"""The report for the committee: its numbers against a recomputation from the journal, and hostile words."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.alarm_history import AlarmHistory, alarm_history
from support.query_sites import StoredSite
from support.reports import DAY, HOUR, NAME, OCTOBER, ask, pages

from facilityd.app.builtin import all_devices
from facilityd.model.finding import Evidence, Finding
from facilityd.model.intervals import common, length, union
from facilityd.model.readiness import Check, CheckedItem, ItemOutcome
from facilityd.model.sample import NS
from facilityd.model.task import TaskEvent, TaskEventKind
from facilityd.model.text import Language
from facilityd.query.calendar_span import month_span
from facilityd.query.report_ceremonies import due_ceremonies
from facilityd.query.report_tables import report_page
from facilityd.store.batch import FindingRecord
from facilityd.store.findings import FindingWrite
from facilityd.store.readiness import CheckWrite
from facilityd.store.tasks import TaskWrite


def timed(
    history: AlarmHistory, ended: int, took: float, *, off: bool = False, rule: str = "rise-time"
) -> None:
    evidence = Evidence(
        "sequence-late" if off else "sequence-kept", {"took_s": took}, "upper_limit", seen=ended
    )
    history.write(FindingWrite((FindingRecord(Finding("hoist-1", rule, off, ended, ended, evidence)),)))


def checked(history: AlarmHistory, ceremony: int, name: str, outcome: ItemOutcome, before: int = 600) -> None:
    item = next(iter(history.site.devices["hoist-1"].family.readiness))
    one = CheckedItem(item, outcome, {})
    history.write(
        CheckWrite((Check(ceremony, before * NS, "hoist-1", name, ceremony - before * NS, (one,)),))
    )


# --- against the journal, computed by other means ----------------------------------------------------------


def raw(history_or_story: Any, sql: str) -> list[Any]:
    with sqlite3.connect(f"file:{history_or_story.site.store.path}?mode=ro", uri=True) as db:
        return db.execute(sql).fetchall()


def test_the_numbers_of_a_story_are_those_of_its_journal(story: StoredSite) -> None:
    """Availability second by second, alarms and repairs by walking the rows once more, with no code of the report."""
    since, until = story.now - 3 * HOUR, story.now
    with story.ask() as query:
        report = query.report(NAME, since, until)
        begun = report.window.known_from
    changes = raw(story, "SELECT at, device, rule, occurrence, kind, priority, state FROM change ORDER BY id")
    raised = {(d, r, o): (at, p) for at, d, r, o, kind, p, _ in changes if kind == "raise"}
    ended = {}
    for at, d, r, o, kind, *_ in changes:
        if kind in ("clear", "latch"):
            ended.setdefault((d, r, o), at)
    blind = {
        (device.id, name)
        for device in story.site.devices.values()
        for name, rule in device.family.rules.items()
        if rule.detect.kind in ("silence", "unreadable")
    }
    for row in report.availability:
        if not row.device:
            continue
        down = unknown = observed = 0
        spans = [(k, at, ended.get(k, until), p) for k, (at, p) in raised.items() if k[0] == row.device]
        for second in range(begun // NS + 1, until // NS):
            at = second * NS
            held = [(k, p) for k, a, b, p in spans if a <= at < b]
            observed += 1
            if any(k[:2] in blind for k, _ in held):
                unknown += 1
            elif any(p in ("high", "critical") for _, p in held):
                down += 1
        assert row.observed == pytest.approx(observed, abs=2)
        assert row.down == pytest.approx(down, abs=3), row.device
        assert row.unknown == pytest.approx(unknown, abs=3), row.device
    told = Counter(
        (d, r) for at, d, r, _, kind, _, state in changes if kind == "raise" and state == "unacknowledged"
    )
    assert sum(row.alarms for row in report.kinds) == report.kpi.alarms == sum(told.values())
    assert sum(day.alarms.get("critical", 0) for day in report.days) == sum(
        raised[k][1] == "critical" for k in raised if told[k[:2]]
    )
    assert [one.at for one in report.ceremonies] == [
        at
        for (at,) in raw(story, "SELECT DISTINCT ceremony FROM readiness WHERE device = 'hoist-1' ORDER BY 1")
    ]
    (one,) = report.ceremonies
    runs = raw(story, "SELECT evidence FROM finding WHERE rule = 'rise-time' AND verdict IS NOT NULL")
    assert {json.loads(evidence)["numbers"]["took_s"] for (evidence,) in runs} == {one.took}
    last = raw(story, "SELECT ready FROM readiness WHERE before = 600000000000")
    assert (one.ready == "ready") == all(ready for (ready,) in last)


SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=8)


@given(SPANS, SPANS)
def test_spans_of_time_are_sets_of_instants(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    def instants(spans: list[tuple[int, int]]) -> set[int]:
        return {at for since, until in spans for at in range(since, until)}

    merged, others = union(one), union(other)
    assert instants(merged) == instants(one)
    assert length(merged) == len(instants(one))
    assert instants(common(merged, others)) == instants(one) & instants(other)


# --- ceremonies ------------------------------------------------------------------------------------------


def test_ceremonies_with_their_readiness_and_how_they_ran(history: AlarmHistory) -> None:
    hoist = history.site.devices["hoist-1"]
    history.watched(OCTOBER[0], OCTOBER[1])
    due = due_ceremonies(history.site, *OCTOBER)
    assert len(due) == 62
    checked(history, due[0].at, due[0].name, ItemOutcome.FAIL, 3600)
    checked(history, due[0].at, due[0].name, ItemOutcome.PASS)
    timed(history, due[0].at + 130 * NS, 122)
    checked(history, due[1].at, due[1].name, ItemOutcome.FAIL)
    timed(history, due[1].at + 150 * NS, 140, off=True, rule="lowering-time")
    checked(history, due[2].at, due[2].name, ItemOutcome.WAIVED)
    history.alarm(due[3].at - 600 * NS, "hoist-1", "drive-trip", cleared=300)
    history.away(due[5].at - HOUR, due[5].at + HOUR)
    history.alarm(due[6].at - HOUR, "hoist-1", "silent", cleared=7200)
    report = ask(history)
    rows = report.ceremonies
    assert [(row.ready, row.run, row.took) for row in rows[:8]] == [
        ("ready", "on-time", 122), ("not-ready", "off-time", 140), ("ready", "not-seen", None),
        ("unknown", "not-seen", None), ("unknown", "not-seen", None), ("unknown", "unknown", None),
        ("unknown", "unknown", None), ("unknown", "not-seen", None),
    ]  # fmt: skip
    assert (rows[1].against, rows[2].waived, rows[3].alarms) == (
        (next(iter(hoist.family.readiness.values())).name,),
        1,
        1,
    )
    page = report_page(report, all_devices(history.site), "en")
    assert (page.tiles[0].value, page.tiles[1].value) == ("1 / 60", "2 / 3")
    table = {one.id: one for one in page.tables}
    up = [cell.value for cell in table["ceremonies"].rows[0]][2:]
    down = [cell.value for cell in table["ceremonies"].rows[1]][2:]
    both = [a + b for a, b in zip(up, down, strict=True)]
    assert both == [62, 3, 2, 1, 1, 1, 1, 58, 2]


@pytest.mark.parametrize(
    ("language", "when", "what"),
    [("zh", " 至 ", "日出升旗、日落降旗"), ("en", " to ", "raising at sunrise, lowering at sunset")],
)
def test_a_hoist_that_stands_still_for_days_is_one_row(
    language: Language, when: str, what: str, history: AlarmHistory
) -> None:
    history.watched(OCTOBER[0], OCTOBER[1])
    due = due_ceremonies(history.site, *OCTOBER)
    for one in due:
        ill = due[10].at <= one.at < due[30].at
        checked(history, one.at, one.name, ItemOutcome.FAIL if ill else ItemOutcome.PASS)
        if not ill:
            timed(history, one.at + 130 * NS, 122)
    timed(history, due[20].at + 130 * NS, 122)
    report = ask(history)
    page = report_page(report, all_devices(history.site), language)
    odd = next(table for table in page.tables if table.id == "ceremony-exceptions")
    shown = report.window.shown
    first, ran, last = (row[0].shown for row in odd.rows)
    assert first.startswith(f"{shown(due[10].at)}{when}{shown(due[19].at)}")
    assert (ran, last.startswith(f"{shown(due[21].at)}{when}")) == (shown(due[20].at), True)
    assert [row[1].shown for row in odd.rows][::2] == [what, what]
    assert "10" in first
    assert "9" in last


def test_a_month_with_no_ceremony_says_so(tmp_path: Path) -> None:
    """A site beyond the polar circle: the sun does not rise in December."""
    span = month_span("2026-12", ZoneInfo("Asia/Shanghai"))
    with alarm_history(tmp_path, latitude=82.0) as history:
        history.watched(*span)
        report = ask(history, span)
        made = pages(history, report)
    assert report.ceremonies == ()
    assert "There was none." in made["en html"]
    assert "0 known of 0 due" in made["en md"]
    assert "期内没有。" in made["zh html"]


# --- where nothing is known --------------------------------------------------------------------------------


def test_an_empty_journal_makes_a_report_that_knows_nothing(history: AlarmHistory) -> None:
    report = ask(history)
    made = pages(history, report)
    assert {row.run for row in report.ceremonies} == {"unknown"}
    assert {row.share for row in report.availability} == {None}
    assert "not zero" in made["en html"]
    assert "0 alarms</p>" not in made["en html"]
    assert "There are no data." in made["en html"]
    assert "There was none." not in made["en html"]
    page = report_page(report, all_devices(history.site), "en")
    assert [tile.value for tile in page.tiles][:5] == [
        "unknown",
        "unknown",
        "unknown",
        "—",
        "unknown",
    ]
    assert json.loads(json.dumps(report.plain()))["kpi"]["figures"][0]["value"] is None


def test_a_report_of_the_future_has_no_ceremony_and_no_day_watched(history: AlarmHistory) -> None:
    history.watched(*OCTOBER)
    report = ask(history, month_span("2027-01", ZoneInfo("Asia/Shanghai")), OCTOBER[1])
    assert report.ceremonies == ()
    assert not any(day.watched for day in report.days)
    assert "has not begun" in pages(history, report)["en md"]


def test_the_report_of_a_month_that_is_over_does_not_change(history: AlarmHistory) -> None:
    history.watched(OCTOBER[0], OCTOBER[1] + 60 * DAY)
    history.alarm(OCTOBER[1] - HOUR, acked=7200, cleared=9000)
    opened = {"kind": "repair", "device": "fire", "rule": "active", "occurrence": 1}
    history.write(
        TaskWrite(
            [
                TaskEvent(1, OCTOBER[1] - HOUR, TaskEventKind.OPEN, details=opened),
                TaskEvent(1, OCTOBER[1] + HOUR, TaskEventKind.DONE, "anna"),
            ]
        )
    )
    then, later = ask(history), ask(history, now=OCTOBER[1] + 60 * DAY)
    changing = ("made_at", "hazards")
    known = [{k: v for k, v in one.plain().items() if k not in changing} for one in (then, later)]
    assert known[0] == known[1]
    assert (then.tasks.open, then.tasks.repairs["open"], then.tasks.repairs["done"]) == (1, 1, 0)


def test_a_month_over_a_change_of_the_clock_has_its_days_and_hours(tmp_path: Path) -> None:
    """In Berlin the last Sunday of October has 25 hours; an alarm in each is of that day."""
    zone = ZoneInfo("Europe/Berlin")
    span = month_span("2026-10", zone)
    with alarm_history(tmp_path, "Europe/Berlin") as history:
        history.watched(*span)
        first = history.at("2026-10-25T00:00")
        for hour in range(25):
            history.alarm(first + hour * HOUR, cleared=600)
        report = ask(history, span)
    days = {day.day.isoformat(): sum(day.alarms.values()) for day in report.days}
    assert (len(days), days["2026-10-25"], sum(days.values())) == (31, 25, 25)
    assert {row.observed for row in report.availability if row.device} == {745 * 3600}
