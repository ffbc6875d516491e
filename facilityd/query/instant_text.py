"""Instants and spans as people type them, at a terminal or in a URL."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta
from datetime import time as clock_time
from typing import Self
from zoneinfo import ZoneInfo

from facilityd.config.site import Site
from facilityd.errors import UsageError
from facilityd.model.measure import duration
from facilityd.model.message import Wording
from facilityd.model.sample import NS
from facilityd.query.instants import show_second

WEEK = 7 * 86_400 * NS
EARLIEST, LATEST = 0, 2**63 - 1
_DAYS = {"today": 0, "yesterday": 1, "今天": 0, "昨天": 1}
_DATED = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d(:\d\d){1,2})?", re.ASCII)
_HOUR = re.compile(r"\d{1,2}:\d\d(:\d\d)?")


class LocalTime(int):
    """A time without a zone, as typed; what it means is known once the site's zone is (``at_site``)."""

    text: str

    def __new__(cls, text: str) -> Self:
        """Return one; its number means nothing yet."""
        made = super().__new__(cls, 0)
        made.text = text
        return made


class CalendarMonth(int):
    """A month of the site's calendar as the width of a bucket; as a number it is 30 days, ns."""

    def __new__(cls) -> Self:
        """Return one."""
        return super().__new__(cls, 30 * 86_400 * NS)


MONTHS = frozenset({"month", "1mo", "月"})


def bucket_width(text: str) -> int:
    """Return ns of the width of a bucket: a span, or 'month'. Raises ValueError."""
    return CalendarMonth() if text.strip() in MONTHS else span(text.strip())


def at_site(moment: int, zone: str) -> int:
    """Return the instant, ns UTC, that a person on site means. Raises UsageError where there is none.

    Where the clock is put back, an hour comes twice: the first is meant.
    """
    if not isinstance(moment, LocalTime):
        return moment
    here = ZoneInfo(zone)
    now, text = datetime.now(here), moment.text
    if text in _DAYS:
        day = now.date() - timedelta(days=_DAYS[text])
        when = datetime.combine(day, clock_time(), here)
    elif _HOUR.fullmatch(text):
        when = datetime.combine(now.date(), clock_time.fromisoformat(text.zfill(5)), here)
        if when > now:  # 21:30 in the morning is last night's
            when = datetime.combine(now.date() - timedelta(days=1), when.time(), here)
    else:
        when = datetime.fromisoformat(text).replace(tzinfo=here)
    return _bounded(when)


def between(site: Site, since: int, until: int | None) -> tuple[int, int]:
    """Return a span of time in ns UTC, to now if ``until`` is not given. Raises UsageError."""
    first = at_site(since, site.timezone)
    last = time.time_ns() if until is None else at_site(until, site.timezone)
    if first >= last:
        shown = {"first": show_second(first, site.timezone), "last": show_second(last, site.timezone)}
        hint = Wording("ask.times-site-own")
        raise UsageError(Wording("ask.since-not-before-until", **shown), hint=hint)
    return first, last


def _bounded(when: datetime) -> int:
    """Return ns UTC. Raises UsageError for a year that no journal holds."""
    try:
        instant = int(when.timestamp()) * NS
    except (OverflowError, ValueError, OSError):
        instant = -1
    if not EARLIEST <= instant <= LATEST:
        raise UsageError(Wording("ask.no-time-that-can-stored", when=when), hint=Wording("ask.give-one-from"))
    return instant


def parse_instant(text: str) -> int:
    """Return ns UTC of '1h' (that long ago), '2026-11-23T06:10', '21:30', 'yesterday'.

    A time without a zone is a ``LocalTime``. Raises ValueError for what is none, UsageError for a day or an
    hour that the calendar has not, and for a year that no journal holds.
    """
    try:
        return max(EARLIEST, time.time_ns() - span(text))
    except ValueError:
        pass
    if text in _DAYS:
        return LocalTime(text)
    if _HOUR.fullmatch(text):
        clock_time.fromisoformat(text.zfill(5))
        return LocalTime(text)
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        if _DATED.fullmatch(text):  # it is written well: 2026-02-29
            raise UsageError(Wording("ask.no-such-time", text=text)) from None
        raise
    return _bounded(when) if when.tzinfo else LocalTime(text)


def span(text: str) -> int:
    """Return ns of a span, weeks too. Raises ValueError."""
    found = re.fullmatch(r"(\d{1,4})\s*w", text)
    if found:
        return int(found[1]) * WEEK
    return duration(text)
