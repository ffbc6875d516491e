"""Days on site, as rules know them: the sun, the clock on the wall, and whether a ceremony is near."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from facilityd.app.ceremony import Ceremonies
from facilityd.detect.context import WallTime
from facilityd.model.measure import duration
from facilityd.model.sample import NS
from facilityd.notify.working_days import is_workday

_SUN = re.compile(r"(sunrise|sunset)(?:([+-])(.+))?")


class SiteCalendar:
    """``ceremonies`` says when the sun rises and sets; ``timezone`` and ``holidays`` are the site's.

    Instants are steady ones; the wall clock was put forward by ``ahead`` ns since the steady one began.
    """

    def __init__(self, ceremonies: Ceremonies, timezone: str, holidays: str = "") -> None:
        self.ahead = 0
        self.adopt(ceremonies, timezone, holidays)

    def adopt(self, ceremonies: Ceremonies, timezone: str, holidays: str = "") -> None:
        """Go by another timetable from now on; users of this calendar need not know."""
        self._ceremonies, self._zone, self._holidays = ceremonies, ZoneInfo(timezone), holidays
        self._edges = lru_cache(maxsize=512)(self._compute)

    def next_edge(self, instant: int) -> int:
        """Return when ``near`` may next change its answer, in ns."""
        return self._ceremonies.next_edge(instant + self.ahead) - self.ahead

    def near(self, instant: int) -> bool:
        """Return whether a ceremony is near an instant in ns."""
        return self._ceremonies.near(instant + self.ahead)

    def edges(self, spec: str, instant: int) -> tuple[int, ...]:
        """Return the instants of ``sunrise``, ``sunset+18min`` or ``19:30`` on the days around."""
        # The wall clock's days begin at midnight on site: far west, 22:00 of yesterday is today in UTC.
        zone = UTC if _SUN.fullmatch(spec) else self._zone
        found = self._edges(spec, datetime.fromtimestamp((instant + self.ahead) / NS, zone).date())
        return tuple(at - self.ahead for at in found) if self.ahead else found

    def local(self, instant: int) -> WallTime:
        """Return the time on site at an instant in ns."""
        wall = datetime.fromtimestamp((instant + self.ahead) / NS, self._zone)
        second = wall.hour * 3600 + wall.minute * 60 + wall.second
        return WallTime(wall.toordinal(), second, not is_workday(wall.date(), self._holidays))

    def _compute(self, spec: str, day: date) -> tuple[int, ...]:
        found = _SUN.fullmatch(spec)
        days = [day + timedelta(days=shift) for shift in (-1, 0, 1)]
        if found is None:
            wall = time.fromisoformat(spec)
            return tuple(round(datetime.combine(d, wall, self._zone).timestamp()) * NS for d in days)
        name, sign, shift = found.groups()
        offset = duration(shift) * (-1 if sign == "-" else 1) if shift else 0
        return tuple(at + offset for at in self._ceremonies.instants(day, name))
