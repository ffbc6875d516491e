"""Reports to take away, and what *System* and a device say of accounts, queues, tasks and baselines."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import expect
from support.browser import NewPage, violations

from facilityd.web.page.report_routes import periods


def test_what_is_offered_is_the_present_and_what_was_before_over_new_year_too() -> None:
    assert periods(datetime(2026, 2, 3, tzinfo=UTC)) == [
        "2026-02",
        "2026-01",
        "2025-12",
        "2026-Q1",
        "2025-Q4",
    ]
    assert periods(datetime(2026, 12, 31, tzinfo=UTC)) == [
        "2026-12",
        "2026-11",
        "2026-10",
        "2026-Q4",
        "2026-Q3",
    ]


def test_the_crew_takes_a_report_away_as_a_page_and_as_a_workbook(open_page: NewPage) -> None:
    page = open_page("/tasks", user="bo", view="zh.light", size=(360, 740), accept_downloads=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert violations(page) == []
    for kind, proof in (("html", b'<html lang="zh'), ("xlsx", b"PK")):
        with page.expect_download() as download:
            page.click(f"a[href='/reports/2026-06.{kind}']")
        assert download.value.suggested_filename == f"report-2026-06.{kind}"
        content = Path(download.value.path()).read_bytes()
        assert proof in content[:300]
        if kind == "html":
            assert "二号喷泉" in content.decode()
        else:
            assert zipfile.ZipFile(io.BytesIO(content)).testzip() is None


def test_a_viewer_is_offered_none_and_refused_and_a_month_that_is_none_is_said(open_page: NewPage) -> None:
    page = open_page("/tasks", user="vi")
    assert page.locator("a[href^='/reports/']").count() == 0
    expect(page.locator("h1")).to_be_visible()
    refused = open_page("/reports/2026-06.html", user="vi")
    expect(refused.locator("main")).to_contain_text("crew")
    wrong = open_page("/reports/2026-13.html", user="bo")
    expect(wrong.locator("main")).to_contain_text("2026-13")


def test_system_says_the_figures_of_each_link_where_one_opens_them(open_page: NewPage) -> None:
    page = open_page("/system", user="eva")
    row = page.locator("li[data-state='link-hoist-bus']")
    expect(row.locator("details p")).to_be_hidden()
    row.locator("summary").click()
    expect(row).to_contain_text("Bus load")
    assert violations(page) == []


def test_a_device_says_its_baselines_and_its_open_tasks(open_page: NewPage) -> None:
    page = open_page("/device/fountain-2", user="vi")
    expect(page.locator("main")).to_contain_text("Baselines that were signed")
    assert violations(page) == []
