"""The report for the committee: its numbers against a recomputation from the journal, and hostile words."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
import zipfile
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from statistics import median
from typing import Any
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from support.alarm_history import AlarmHistory, alarm_history
from support.query_sites import StoredSite

from facilityd.app.builtin import all_devices
from facilityd.cli.main import facilityd
from facilityd.errors import UsageError
from facilityd.model.alarm import ChangeKind
from facilityd.model.finding import Evidence, Finding
from facilityd.model.intervals import common, length, union, without
from facilityd.model.readiness import Check, CheckedItem, ItemOutcome
from facilityd.model.sample import NS
from facilityd.model.spreadsheet import harmless
from facilityd.model.task import TaskEvent, TaskEventKind
from facilityd.model.text import LANGUAGES, Text
from facilityd.query.calendar_span import month_span
from facilityd.query.report import SiteReport
from facilityd.query.report_ceremonies import due_ceremonies
from facilityd.query.report_table import ReportCell
from facilityd.query.report_tables import report_page
from facilityd.report.html import html_page
from facilityd.report.text_files import csv_text, markdown
from facilityd.report.workbook import number_format, workbook
from facilityd.store.batch import FindingRecord
from facilityd.store.findings import FindingWrite
from facilityd.store.readiness import CheckWrite
from facilityd.store.tasks import TaskWrite

HOUR, DAY = 3600 * NS, 86_400 * NS
OCTOBER = month_span("2026-10", ZoneInfo("Asia/Shanghai"))
NAME = Text(zh="十月", en="October")
HOSTILE = "=cmd|' /C calc'!A0 <script>alert(1)</script> \x1b[31mred\x1b[0m | x\n@SUM(1)"


@pytest.fixture
def history(tmp_path: Path) -> Iterator[AlarmHistory]:
    with alarm_history(tmp_path) as made:
        yield made


def ask(history: AlarmHistory, span: tuple[int, int] = OCTOBER, now: int = 0) -> SiteReport:
    with history.ask(now or span[1]) as query:
        return query.report(NAME, *span)


def pages(history: AlarmHistory, report: SiteReport) -> dict[str, Any]:
    """Return everything that can be written, by language and kind."""
    found: dict[str, Any] = {}
    for language in LANGUAGES:
        page = report_page(report, all_devices(history.site), language)
        found[f"{language} html"] = html_page(report, page, language)
        found[f"{language} md"] = markdown(page)
        found[f"{language} csv"] = csv_text(page)
        found[f"{language} xlsx"] = workbook(report, page)
    return found


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


_SPANS = st.sets(st.integers(0, 20))

# --- tasks, availability ---------------------------------------------------------------------------------


def test_tasks_are_counted_by_what_happened_within_the_window(history: AlarmHistory) -> None:
    history.watched(*OCTOBER)
    at, opened = OCTOBER[0] + DAY, {"kind": "repair", "device": "fire", "rule": "active", "occurrence": 1}
    before = OCTOBER[0] - DAY
    events = [
        TaskEvent(1, before, TaskEventKind.OPEN, details=opened),
        TaskEvent(1, at, TaskEventKind.TAKE, "anna"),
        TaskEvent(1, at + HOUR, TaskEventKind.DONE, "anna"),
        TaskEvent(1, at + 2 * HOUR, TaskEventKind.REOPEN),
        TaskEvent(1, at + 3 * HOUR, TaskEventKind.DONE, "anna"),
        TaskEvent(1, at + 4 * HOUR, TaskEventKind.VERIFY),
        TaskEvent(2, before, TaskEventKind.OPEN, details=opened | {"rule": "silent"}),
    ]
    history.write(TaskWrite(events))
    tasks = ask(history).tasks
    assert tasks.repairs == {
        "open": 0, "take": 1, "done": 2, "verify": 1, "reopen": 1, "overdue": 0, "cancel": 0,
    }  # fmt: skip
    assert (tasks.open, [row.task.id for row in tasks.touched]) == (1, [1])
    assert (tasks.work, tasks.worked) == (3 * 3600.0, 1)


def test_availability_is_of_the_time_that_is_known(history: AlarmHistory) -> None:
    history.watched(*OCTOBER)
    history.away(OCTOBER[0] + 20 * DAY, OCTOBER[0] + 21 * DAY)
    history.alarm(OCTOBER[0] - HOUR, acked=60, cleared=3600 + 86_400, priority="critical")
    history.alarm(OCTOBER[0] + 2 * DAY, "fire", "silent", cleared=2 * 86_400)
    history.alarm(OCTOBER[0] + 3 * DAY, "fire", "unseen", cleared=2 * 86_400, priority="critical")
    history.alarm(OCTOBER[0] + 6 * DAY, cleared=86_400, state="shelved")
    history.alarm(OCTOBER[0] + 8 * DAY, "water", cleared=86_400, priority="low")
    report = ask(history)
    rows = {row.device: row for row in report.availability}
    fire, water = rows["fire"], rows["water"]
    # Down: a day that began before, and one that was shelved; blind: silence and a signal unseen, 3 days in all.
    assert (fire.observed, fire.down, fire.unknown) == (30 * 86_400, 2 * 86_400, 3 * 86_400)
    assert fire.share == pytest.approx(100 * 25 / 27)
    assert (fire.faults, fire.longest) == (1, 86_400)
    assert (water.share, water.down) == (100.0, 0)
    together = next(row for row in report.availability if row.family == "contact" and not row.device)
    assert together.share == pytest.approx(100 * (25 + 30) / (27 + 30))


@given(_SPANS, _SPANS)
def test_spans_without_others_are_what_is_left(one: set[int], other: set[int]) -> None:
    def spans(of: set[int]) -> list[tuple[int, int]]:
        return union((n, n + 1) for n in of)

    assert without(spans(one), spans(other)) == spans(one - other)


def test_maintenance_is_no_time_down_and_its_alarms_are_no_faults(history: AlarmHistory) -> None:
    history.watched(*OCTOBER)
    begin, end = OCTOBER[0] + 2 * DAY, OCTOBER[0] + 4 * DAY
    for rule in ("active", "silent"):
        history.change(begin, ChangeKind.STATE_BEGINS, "fire", rule, state="suppressed-by-design")
    history.alarm(begin + HOUR, cleared=86_400, state="suppressed-by-design")
    history.alarm(end - 6 * HOUR, cleared=12 * 3600, priority="critical", state="suppressed-by-design")
    for rule in ("active", "silent"):
        history.change(end, ChangeKind.STATE_OVER, "fire", rule, state="normal")
    history.change(OCTOBER[1] - DAY, ChangeKind.STATE_BEGINS, "water", state="suppressed-by-design")
    rows = {row.device: row for row in ask(history).availability}
    fire, water = rows["fire"], rows["water"]
    # Six hours after the maintenance the repair did not hold: those count, and are no fault of their own.
    assert (fire.planned, fire.down, fire.faults, fire.longest) == (2 * 86_400, 6 * 3600, 0, 6 * 3600)
    assert fire.share == pytest.approx(100 * (29 - 0.25) / 29)
    assert (water.planned, water.share) == (86_400, 100.0), "one that still goes on"
    together = next(row for row in ask(history).availability if row.family == "contact" and not row.device)
    assert together.planned == 3 * 86_400


def test_repairs_are_timed_from_when_people_were_told(history: AlarmHistory) -> None:
    history.watched(*OCTOBER)
    for n, cleared in enumerate((100, 200, 900)):
        history.alarm(OCTOBER[0] + n * DAY, acked=50, cleared=cleared)
    history.alarm(OCTOBER[1] - HOUR)
    report = ask(history)
    (one,) = report.repairs
    assert (one.priority, one.alarms, one.over, one.median, one.longest) == (
        "high",
        4,
        3,
        median([100, 200, 900]),
        900,
    )
    assert one.p95 is None, "of three there is none"
    (kind,) = report.kinds
    assert (kind.alarms, kind.devices, kind.acknowledge, kind.repair) == (4, 1, 50, 200)


# --- files -----------------------------------------------------------------------------------------------


class _Seen(HTMLParser):
    """Which elements a page has, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: Counter[str] = Counter()
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements[tag] += 1
        assert not any(name.startswith("on") or name in ("src", "href") for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def _cells(book: bytes) -> Iterator[tuple[str, str]]:
    """Yield the type and text of every cell, read from the file's XML by hand."""
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(io.BytesIO(book)) as file:
        strings = ["".join(one.itertext()) for one in ET.fromstring(file.read("xl/sharedStrings.xml"))]
        for name in file.namelist():
            if name.startswith("xl/worksheets/sheet"):
                root = ET.fromstring(file.read(name))
                assert not list(root.iter(f"{space}f")), "no formula"
                for cell in root.iter(f"{space}c"):
                    value = cell.findtext(f"{space}v") or ""
                    kind = cell.get("t", "n")
                    yield kind, strings[int(value)] if kind == "s" else value


def hostile(history: AlarmHistory) -> SiteReport:
    history.watched(*OCTOBER)
    opened = {"kind": "repair", "device": "gone<b>", "rule": "=x", "occurrence": 1}
    events = [
        TaskEvent(1, OCTOBER[0] + DAY, TaskEventKind.OPEN, details=opened),
        TaskEvent(1, OCTOBER[0] + DAY, TaskEventKind.TAKE, "=anna"),
        TaskEvent(1, OCTOBER[0] + DAY, TaskEventKind.NOTE, "", HOSTILE),
    ]
    history.write(TaskWrite(events))
    history.alarm(OCTOBER[0] + DAY, "+dev", "-rule", cleared=100)
    return ask(history)


def test_hostile_words_are_only_words_in_every_format(history: AlarmHistory) -> None:
    made = pages(history, hostile(history))
    for language in LANGUAGES:
        seen = _Seen()
        seen.feed(made[f"{language} html"])
        assert seen.elements["script"] == seen.elements["b"] - 6 == 0, "six tiles"
        assert "<script>alert(1)</script>" in "".join(seen.text)
        rows = list(csv.reader(io.StringIO(made[f"{language} csv"].removeprefix("\ufeff"))))
        cells = [cell for row in rows for cell in row]
        assert any("calc" in cell for cell in cells)
        assert not [cell for cell in cells if re.match(r"\s*[=+@]|\s*-\D", cell)]
        stored = list(_cells(made[f"{language} xlsx"]))
        assert ("s", "=anna") in stored, "a text, as it was written"
        assert any(kind == "s" and "calc" in text for kind, text in stored)
        assert "<script>" not in made[f"{language} md"]
        for text in (made[f"{language} {kind}"] for kind in ("html", "md", "csv")):
            assert "\x1b" not in text


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@x", "\t=1", " =1", "＝1", "＋1", "－1", "＠a", "\r=1"]
)
def test_what_a_spreadsheet_takes_for_a_formula_is_marked_as_text(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "—", "12", "a=1", "国旗", "1-2"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


def test_both_languages_and_all_formats_have_the_same_numbers(history: AlarmHistory) -> None:
    history.watched(*OCTOBER)
    for n in range(40):
        history.alarm(OCTOBER[0] + n * 7 * HOUR, acked=100 + n, cleared=400)
        history.notice(OCTOBER[0] + n * 7 * HOUR)
    report = ask(history)
    english, chinese = (report_page(report, all_devices(history.site), language) for language in ("en", "zh"))
    assert [one.id for one in english.tables] == [one.id for one in chinese.tables]
    for one, other in zip(english.tables, chinese.tables, strict=True):
        values = [[[cell.value for cell in row] for row in table.rows] for table in (one, other)]
        assert values[0] == values[1]
        assert one.title != other.title
        assert {len(one.columns), len(other.columns)} >= {*map(len, one.rows)}
    stored = {float(value) for kind, value in _cells(workbook(report, english)) if kind == "n" and value}
    numbers = {
        float(cell.value)
        for table in english.tables
        for row in table.rows
        for cell in row
        if cell.value is not None and number_format(cell)
    }
    assert {round(one, 9) for one in stored} == {round(one, 9) for one in numbers}
    rows = list(csv.reader(io.StringIO(csv_text(english).removeprefix("\ufeff"))))
    assert str(report.kpi.figure("acknowledge-median").value) in {cell for row in rows for cell in row}


@pytest.mark.parametrize(
    ("shown", "value", "pattern"),
    [
        ("12", 12, "0"), ("79.58 %", 79.581872, '0.00" %"'), ("1.7 min", 1.6667, '0.0" min"'),
        ("1.7 分钟", 1.6667, '0.0" 分钟"'), ("2 d 2 h", 180_000.0, None), ("2 min", 120.0, None),
        ("0 s", 0.0, '0" s"'), ("—", None, None), ("12", None, None), ("-3", -3, "0"), ('1 "', 1, None),
    ],
)  # fmt: skip
def test_a_number_is_shown_in_a_workbook_as_it_is_elsewhere(
    shown: str, value: float | None, pattern: str
) -> None:
    assert number_format(ReportCell(shown, value)) == pattern


# --- the command -----------------------------------------------------------------------------------------


def run(history: AlarmHistory, *words: str) -> Any:
    return CliRunner().invoke(facilityd, ["report", str(Path(history.site.source)), *words])


def test_the_command_writes_what_the_files_ending_says(history: AlarmHistory, tmp_path: Path) -> None:
    history.watched(*OCTOBER)
    history.alarm(OCTOBER[0] + DAY, acked=100, cleared=400)
    history.store()
    begins = {"a.html": b"<!doctype html>", "b.md": b"# ", "c.csv": b"\xef\xbb\xbf", "d.xlsx": b"PK"}
    for name, begin in begins.items():
        done = run(history, "--month", "2026-10", "--lang", "zh", "-o", str(tmp_path / name))
        assert done.exit_code == 0, done.output
        assert (tmp_path / name).read_bytes().startswith(begin)
        assert "已写入" in done.output
    shown = run(history, "--month", "2026-10", "--lang", "en")
    assert "Yard: operation report, 2026-10" in shown.output
    assert "场院设备运行报告：2026 年 10 月" in (tmp_path / "a.html").read_text("utf-8")
    quarter = run(history, "--quarter", "2026-q4", "--lang", "zh", "--md")
    assert "# 场院设备运行报告：2026 年第 4 季度" in quarter.output
    plain = json.loads(run(history, "--month", "2026-10", "--json").stdout)
    assert (plain["kpi"]["alarms"], len(plain["ceremonies"]), len(plain["days"])) == (1, 62, 31)
    assert plain["ceremonies"][0]["where"].keys() == {"zh", "en"}


def test_a_report_of_many_years_is_refused(history: AlarmHistory) -> None:
    history.store()
    assert isinstance(run(history, "--since", "2020-01-01").exception, UsageError)


@pytest.mark.parametrize(
    "words",
    [
        ("--html", "--md"),
        ("--xlsx",),
        ("-o", "report.pdf"),
        ("--json", "--csv"),
        ("-o", "/nowhere/at/all.html"),
    ],
)
def test_what_cannot_be_written_is_refused_in_words(history: AlarmHistory, words: tuple[str, ...]) -> None:
    history.watched(*OCTOBER)
    history.store()
    done = run(history, "--month", "2026-10", *words)
    assert isinstance(done.exception, UsageError)


def test_an_empty_sheet_says_that_there_was_nothing_and_spans_stand_under_numbers(
    history: AlarmHistory,
) -> None:
    history.watched(*OCTOBER)
    history.alarm(OCTOBER[0] + DAY, cleared=7000)
    made = pages(history, ask(history))
    for language, nothing in (("zh", "期内没有。"), ("en", "There was none.")):
        texts = [text for kind, text in _cells(made[f"{language} xlsx"]) if kind == "s"]
        assert nothing in texts
    with zipfile.ZipFile(io.BytesIO(made["en xlsx"])) as book:
        space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
        styles = list(ET.fromstring(book.read("xl/styles.xml")).find(f"{space}cellXfs"))  # type: ignore[arg-type]
        right = [
            n for n, style in enumerate(styles)
            if (how := style.find(f"{space}alignment")) is not None and how.get("horizontal") == "right"
        ]  # fmt: skip
        strings = ["".join(one.itertext()) for one in ET.fromstring(book.read("xl/sharedStrings.xml"))]
        shown = {
            strings[int(cell.findtext(f"{space}v") or 0)]
            for name in book.namelist() if name.startswith("xl/worksheets/sheet")
            for cell in ET.fromstring(book.read(name)).iter(f"{space}c")
            if cell.get("t") == "s" and int(cell.get("s", "0")) in right
        }  # fmt: skip
    assert "1 h 56 min" in shown, shown
