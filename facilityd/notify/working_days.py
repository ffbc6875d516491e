"""Workdays and rest days, public holidays and the weekends that are worked in their place included."""

from __future__ import annotations

import logging
from datetime import date
from functools import lru_cache

log = logging.getLogger(__name__)
_WEEKEND = 5
CHINA = "china"


@lru_cache(maxsize=1000)
def is_workday(day: date, holidays: str) -> bool:
    """Return whether a day is worked; ``holidays`` names the calendar of public holidays, "" for none."""
    if holidays != CHINA:
        return day.weekday() < _WEEKEND
    import chinese_calendar  # noqa: PLC0415 - a table of twenty years that few sites need

    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:  # the State Council publishes a year in the autumn before it
        _say_unknown(day.year)
        return day.weekday() < _WEEKEND


@lru_cache(maxsize=16)
def _say_unknown(year: int) -> None:
    log.warning("the public holidays of %d are not known here yet: weekends are taken for rest days", year)


def holidays_known(day: date, holidays: str) -> bool:
    """Return whether the calendar of public holidays reaches to a day."""
    if holidays != CHINA:
        return True
    import chinese_calendar  # noqa: PLC0415 - see above

    try:
        chinese_calendar.is_workday(day)
    except NotImplementedError:
        return False
    return True
