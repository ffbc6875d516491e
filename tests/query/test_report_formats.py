"""The report as HTML, Markdown, CSV and workbook: the same numbers everywhere, and hostile words."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner
from support.alarm_history import AlarmHistory
from support.reports import DAY, HOUR, OCTOBER, ask, pages

from facilityd.app.builtin import all_devices
from facilityd.cli.main import facilityd
from facilityd.errors import UsageError
from facilityd.model.spreadsheet import harmless
from facilityd.model.task import TaskEvent, TaskEventKind
from facilityd.model.text import LANGUAGES
from facilityd.query.report import SiteReport
from facilityd.query.report_table import ReportCell
from facilityd.query.report_tables import report_page
from facilityd.report.text_files import csv_text
from facilityd.report.workbook import number_format, workbook
from facilityd.store.tasks import TaskWrite

HOSTILE = "=cmd|' /C calc'!A0 <script>alert(1)</script> \x1b[31mred\x1b[0m | x\n@SUM(1)"


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
