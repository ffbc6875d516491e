"""Parts of a day on the site's clock, across midnight and over the change of its offset."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from facilityd.model.people import ALL, DAYS, RESTDAYS, WORKDAYS, Hours
from facilityd.model.sample import NS
from facilityd.notify.working_days import is_workday

_DAY = 24 * 60


def local_date(at: int, zone: ZoneInfo) -> date:
    """Return the site's date at an instant (ns UTC)."""
    return datetime.fromtimestamp(at // NS, zone).date()


def midnight(day: date, zone: ZoneInfo) -> int:
    """Return the instant (ns UTC) at which a day of the site begins."""
    return _instant(day, 0, zone)


def applies(hours: Hours, day: date, holidays: str) -> bool:
    """Return whether hours begin on a day."""
    kind = WORKDAYS if is_workday(day, holidays) else RESTDAYS
    return not hours.days.isdisjoint((ALL, kind, DAYS[day.weekday()]))


def span(hours: Hours, day: date, zone: ZoneInfo) -> tuple[int, int]:
    """Return the beginning and the end (ns UTC) of hours that begin on a day.

    Both are what the clock on the wall shows: over a change of the clock the span is longer or shorter.
    """
    ends_next = hours.until <= hours.begin
    return _instant(day, hours.begin, zone), _instant(day + timedelta(days=ends_next), hours.until, zone)


def _instant(day: date, minute: int, zone: ZoneInfo) -> int:
    day += timedelta(days=minute // _DAY)
    wall = datetime.combine(day, time(minute % _DAY // 60, minute % 60), zone)
    # By way of UTC: a time that the clock jumps over becomes the one after the jump.
    return int(wall.astimezone(UTC).timestamp()) * NS


def spans_at(hours: Hours, at: int, zone: ZoneInfo, holidays: str) -> Iterator[tuple[date, int]]:
    """Yield the day on which hours began and the instant at which they end, where ``at`` is within them."""
    today = local_date(at, zone)
    for day in (today - timedelta(days=1), today):
        if applies(hours, day, holidays):
            begin, until = span(hours, day, zone)
            if begin <= at < until:
                yield day, until


def ends_at(hours: Hours, at: int, zone: ZoneInfo, holidays: str) -> int | None:
    """Return when hours end that an instant is within (ns UTC), None where it is in none of them."""
    return max((until for _, until in spans_at(hours, at, zone, holidays)), default=None)
