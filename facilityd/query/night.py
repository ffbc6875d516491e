"""Nights and days of a site, as people ask for them: last night, the night of a day, the same before."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from datetime import time as clock_time
from zoneinfo import ZoneInfo

from facilityd.config.site import Site
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.sample import NS
from facilityd.notify.hours import local_date, midnight
from facilityd.query.report_ceremonies import due_ceremonies

AROUND = 3600 * NS
"""A night begins so long (ns) before the flag is lowered, and ends so long after it is raised."""
EVENING, MORNING = clock_time(18), clock_time(8)
"""A night where the sun does not set."""
_SHORTEST = 12 * 3600 * NS
"""Such a night, ns, on a day that the site's clock left out."""
WEEK = 7
DAYS = date(1971, 1, 1), date(2261, 12, 31)
"""The first and the last day that instants in ns reach, with what is looked at around them."""


def night_span(site: Site, day: date) -> tuple[int, int]:
    """Return the night that begins on a day of the site: since and until, ns UTC, around both ceremonies."""
    zone = ZoneInfo(site.timezone)
    noon = _instant(day, clock_time(12), zone)
    due = due_ceremonies(site, noon, _instant(day + timedelta(days=1), clock_time(12), zone))
    morning = _instant(day + timedelta(days=1), MORNING, zone)
    down = next((one.at for one in due if one.name == "sunset"), None)
    up = next((one.at for one in reversed(due) if one.name == "sunrise" and down and one.at > down), None)
    # Where the sun does not set, or the site's clock is far off it, the clock decides.
    if down and up:
        return down - AROUND, up + AROUND
    return min(_instant(day, EVENING, zone), morning - _SHORTEST), morning


def last_night(site: Site, now: int) -> date:
    """Return the day on whose evening the last night began: yesterday's, however early it is."""
    return local_date(now, ZoneInfo(site.timezone)) - timedelta(days=1)


def read_day(text: str) -> date:
    """Return the day that is meant by ``2026-06-09``, within ``DAYS``. Raises UsageError."""
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        day = date.min
    if not DAYS[0] <= day <= DAYS[1]:
        raise UsageError(Wording("ask.no-day", text=text[:40]), hint=Wording("ask.day-form"))
    return day


def days_earlier(at: int, days: int, zone: str) -> int:
    """Return the same time of day so many days before on the site's clock, ns UTC."""
    here = ZoneInfo(zone)
    when = datetime.fromtimestamp(at // NS, here).replace(tzinfo=None) - timedelta(days=days)
    return round(when.replace(tzinfo=here).timestamp()) * NS + at % NS


def whole_days(since: int, until: int) -> int:
    """Return over how many days a span (ns) reaches, at least one."""
    return max(1, -(-(until - since) // (86_400 * NS)))


def week_span(zone: str, now: int) -> tuple[int, int]:
    """Return the last seven days up to now, ns UTC: the week before ends where it begins."""
    return days_earlier(now, WEEK, zone), now


def last_week(zone: str, now: int) -> tuple[int, int]:
    """Return the last whole week of the site, Monday to Sunday, ns UTC."""
    here = ZoneInfo(zone)
    today = local_date(now, here)
    monday = today - timedelta(days=today.weekday())
    return midnight(monday - timedelta(days=WEEK), here), midnight(monday, here)


def _instant(day: date, time: clock_time, zone: ZoneInfo) -> int:
    return round(datetime.combine(day, time, zone).timestamp()) * NS
