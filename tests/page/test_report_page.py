"""The report as a browser lays it out: nothing is cut off, no word of two signs stands on two lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser
from support.alarm_history import alarm_history

from facilityd.app.builtin import all_devices
from facilityd.model.sample import NS
from facilityd.model.text import LANGUAGES, Language, Text
from facilityd.query.report_tables import report_page
from facilityd.report.html import html_page

HIDDEN = """() => [...document.querySelectorAll('.scroll')]
  .filter(box => box.scrollWidth > box.clientWidth + 1).map(box => box.parentElement.id)"""
BROKEN = """() => [...document.querySelectorAll('td.good,td.over,td.tolerable')]
  .filter(cell => cell.textContent.length <= 4 && cell.offsetHeight && !cell.closest('details'))
  .filter(cell => { const all = document.createRange(); all.selectNodeContents(cell);
                    return new Set([...all.getClientRects()].map(box => box.top)).size > 1; })
  .map(cell => cell.textContent)"""
DAY = 86_400 * NS


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_table_of_a_quarter_is_cut_off_and_no_verdict_broken(
    tmp_path: Path, browser: Browser, language: Language
) -> None:
    with alarm_history(tmp_path) as history:
        since, until = history.at("2026-07-01T00:00"), history.at("2026-10-01T00:00")
        history.watched(since, until)
        for day in range(0, 92, 3):
            history.alarm(since + day * DAY + 3600 * NS, acked=300, cleared=7000)
        with history.ask(until) as query:
            report = query.report(Text(zh="三季度", en="Q3"), since, until)
        page = html_page(report, report_page(report, all_devices(history.site), language), language)
    file = tmp_path / "report.html"
    file.write_text(page, encoding="utf-8")
    shown = browser.new_page(viewport={"width": 1000, "height": 1400})
    shown.goto(file.as_uri())
    assert shown.evaluate(HIDDEN) == []
    assert shown.evaluate(BROKEN) == []
    assert shown.evaluate("document.documentElement.scrollWidth") == 1000
    shown.set_viewport_size({"width": 390, "height": 800})
    assert shown.evaluate("document.documentElement.scrollWidth") == 390
    shown.close()
