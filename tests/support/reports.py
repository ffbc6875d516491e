"""A history to report on, and its report in every format."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from facilityd.app.builtin import all_devices
from facilityd.model.sample import NS
from facilityd.model.text import LANGUAGES, Text
from facilityd.query.calendar_span import month_span
from facilityd.query.report import SiteReport
from facilityd.query.report_tables import report_page
from facilityd.report.html import html_page
from facilityd.report.text_files import csv_text, markdown
from facilityd.report.workbook import workbook
from support.alarm_history import AlarmHistory

HOUR, DAY = 3600 * NS, 86_400 * NS
OCTOBER = month_span("2026-10", ZoneInfo("Asia/Shanghai"))
NAME = Text(zh="十月", en="October")


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
