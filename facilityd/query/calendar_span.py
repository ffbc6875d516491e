"""Months and quarters on the site's clock, as people name them."""

from __future__ import annotations

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.sample import NS
from facilityd.model.text import Text
from facilityd.query.report_table import report_sentence
from facilityd.query.words import both

_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_QUARTER = re.compile(r"(\d{4})-[Qq]([1-4])", re.ASCII)
_FIRST, _LAST = 1971, 2260
"""Years whose instants fit where they are kept."""
_YEAR = 12


def month_span(text: str, zone: ZoneInfo) -> tuple[int, int]:
    """Return since and until (ns UTC) of a month such as ``2026-10``. Raises UsageError."""
    found = _MONTH.fullmatch(text.strip())
    if not found or not 1 <= int(found[2]) <= _YEAR:
        raise UsageError(Wording("ask.no-month", text=text), hint=Wording("ask.month-form"))
    return _span(int(found[1]), int(found[2]), 1, zone)


def quarter_span(text: str, zone: ZoneInfo) -> tuple[int, int]:
    """Return since and until (ns UTC) of a quarter such as ``2026-Q4``. Raises UsageError."""
    found = _QUARTER.fullmatch(text.strip())
    if not found:
        raise UsageError(Wording("ask.no-quarter", text=text), hint=Wording("ask.quarter-form"))
    return _span(int(found[1]), 3 * int(found[2]) - 2, 3, zone)


def period_name(month: str, quarter: str, shown: tuple[str, str]) -> Text:
    """Return what a period is called: a month or a quarter that was read already, else from when to when."""
    if month:
        year, number = month.strip().split("-")
        return both(lambda language: report_sentence("month", language, year=year, number=int(number)))
    if quarter:
        year, number = quarter.strip().split("-")
        return both(lambda language: report_sentence("quarter", language, year=year, number=number[1:]))
    since, until = shown
    return both(lambda language: report_sentence("span", language, since=since, until=until))


def _span(year: int, month: int, months: int, zone: ZoneInfo) -> tuple[int, int]:
    if not _FIRST <= year <= _LAST:
        when = date(max(1, year), month, 1)
        raise UsageError(Wording("ask.no-time-that-can-stored", when=when), hint=Wording("ask.give-one-from"))
    after = month - 1 + months
    first = datetime(year, month, 1, tzinfo=zone)
    last = datetime(year + after // _YEAR, after % _YEAR + 1, 1, tzinfo=zone)
    return int(first.timestamp()) * NS, int(last.timestamp()) * NS
