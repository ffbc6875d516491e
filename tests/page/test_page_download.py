"""What *History* shows, taken away: by a click in a browser, in the reader's language, within bounds."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from playwright.sync_api import Page, expect
from support.browser import NewPage, WatchedSite

from facilityd.web.page import download_routes

SHARED = "/history?s=fountain-2.leakage&s=weather.wind_mean&since=2026-06-10T04:20&until=2026-06-10T04:45"
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
TITLE = "{http://www.w3.org/2000/svg}title"


def _taken(page: Page, ending: str) -> tuple[str, bytes]:
    with page.expect_download() as download:
        page.click(f"#file-{ending}")
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def _rows(workbook: bytes) -> list[list[str]]:
    with zipfile.ZipFile(io.BytesIO(workbook)) as file:
        strings = [
            one.text or "" for one in ET.fromstring(file.read("xl/sharedStrings.xml")).iter(f"{SHEET}t")
        ]
        sheet = ET.fromstring(file.read("xl/worksheets/sheet1.xml"))
    return [
        [
            strings[int(cell[0].text or "")] if cell.get("t") == "s" else cell[0].text or ""
            for cell in row
            if len(cell)
        ]
        for row in sheet.iter(f"{SHEET}row")
    ]


def test_csv_has_every_value_in_the_readers_language(open_page: NewPage, square: WatchedSite) -> None:
    page = open_page(SHARED, user="vi", view="zh.light")
    name, content = _taken(page, "csv")
    assert name == "history-2026-06-10-0420-to-2026-06-10-0445.csv"
    head, *rows = csv.reader(io.StringIO(content.decode("utf-8-sig")))
    assert head[:4] == ["时间", "设备", "信号", "数值"]
    api = "/devices/{}/signals/{}/history?since=2026-06-10T04:20&until=2026-06-10T04:45"
    stored = [
        len(square.signed_in("vi").api(api.format(*one))["series"]["points"])
        for one in (("fountain-2", "leakage"), ("weather", "wind_mean"))
    ]
    assert len([row for row in rows if row[3]]) == sum(stored)
    assert len({row[1] for row in rows}) == 2


def test_a_workbook_has_every_value_or_what_is_drawn(
    open_page: NewPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page(SHARED)
    name, content = _taken(page, "xlsx")
    assert name.endswith("-0445.xlsx")
    head, *rows = _rows(content)
    assert head[3:] == ["Value", "Unit", "Quality"]
    assert len({row[1] for row in rows}) == 2
    monkeypatch.setattr(download_routes, "MOST_ROWS", len(rows) // 2)
    head, *fewer = _rows(_taken(page, "xlsx")[1])
    assert head[3:] == ["Mean", "Unit", "Least", "Greatest", "Count", "Bad"]
    assert fewer


def test_the_drawing_has_both_signals_and_the_alarm(open_page: NewPage) -> None:
    name, content = _taken(open_page(SHARED), "svg")
    assert name.endswith("-0445.svg")
    tree = ET.fromstring(content)
    texts = ["".join(one.itertext()) for one in tree.iter()]
    assert any("Residual current (mA)" in one for one in texts)
    assert any("2026-06-10 04:20" in one for one in texts)
    assert any("leak" in (one.text or "").lower() for one in tree.iter(TITLE))


@pytest.mark.parametrize("ending", ["csv", "xlsx", "svg"])
def test_who_has_not_signed_in_takes_nothing_away(square: WatchedSite, ending: str) -> None:
    answer = square.peer.get(f"/history/file.{ending}?s=weather.wind_mean&since=10min")
    assert answer.status == 303
    assert answer.headers["location"].startswith("/sign-in?")


@pytest.mark.parametrize("ending", ["csv", "xlsx", "svg"])
def test_a_signal_that_there_is_not_is_told_as_a_page(open_page: NewPage, ending: str) -> None:
    page = open_page(f"/history/file.{ending}?s=weather.nothing&since=10min")
    expect(page.locator("[role=alert].lead")).to_contain_text("nothing")
