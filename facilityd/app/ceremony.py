"""When the ceremonies are: sunrise and sunset as published, else computed (astral, after NOAA's formulae)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from astral import LocationInfo
from astral.sun import sunrise, sunset

from facilityd.config.timetable import PublishedTimes
from facilityd.model.sample import NS

if TYPE_CHECKING:
    from facilityd.config.site import Site

DAY = 86400 * NS
NAMES = ("sunrise", "sunset")
TOLERANCE = 180 * NS
"""Published times are rounded to minutes and made for a horizon of their own; more than this is a slip."""


@dataclass(frozen=True, slots=True, order=True)
class Ceremony:
    """One sunrise or sunset; ``at`` in ns UTC; ``published`` or else computed."""

    at: int
    name: str
    published: bool


@dataclass(frozen=True, slots=True)
class Deviation:
    """A published time too far from the computed one; ``off`` in ns, positive is later than the sun."""

    day: date
    name: str
    off: int
    line: int


class Ceremonies:
    """Sunrise and sunset instants. Coordinates in degrees, ``window`` in ns each way.

    ``published`` by local date takes the place of what is computed; ``timezone`` says what is local.
    """

    def __init__(
        self,
        latitude: float,
        longitude: float,
        window: int,
        published: Mapping[date, PublishedTimes] | None = None,
        timezone: str = "UTC",
    ) -> None:
        self._observer = LocationInfo("", "", "UTC", latitude, longitude).observer
        self._window, self._published, self._zone = window, published or {}, ZoneInfo(timezone)
        self._day: date | None = None
        # Asked at every beat, and the sun takes its time.
        self._all = lru_cache(maxsize=16)(self._find)
        self._instants: tuple[int, ...] = ()

    @classmethod
    def of(cls, site: Site) -> Ceremonies:
        """Return the ceremonies of a site, with its timetable if it has one."""
        days = site.timetable.days if site.timetable else None
        return cls(site.latitude, site.longitude, site.ceremony, days, site.timezone)

    def instants(self, day: date, *names: str) -> tuple[int, ...]:
        """Return sunrise and sunset (or those named), ns UTC, around a UTC day; none in polar night."""
        return tuple(one.at for one in self._all(day) if one.name in (names or NAMES))

    def following(self, instant: int) -> Ceremony | None:
        """Return the next ceremony after an instant in ns, None if there is none within a day or two."""
        day = datetime.fromtimestamp(instant / NS, UTC).date()
        return next((one for one in self._all(day) if one.at > instant), None)

    def of_day(self, day: date) -> tuple[Ceremony, ...]:
        """Return the ceremonies around a UTC day, those of the days beside it too."""
        return tuple(self._all(day))

    def next_edge(self, instant: int) -> int:
        """Return when ``near`` may next change its answer, in ns."""
        edges = (at + side for at in self._context(instant) for side in (-self._window, self._window + 1))
        return min((edge for edge in edges if edge > instant), default=instant + DAY)

    def near(self, instant: int) -> bool:
        """Return whether an instant in ns lies within the window of a ceremony."""
        return any(abs(instant - at) <= self._window for at in self._context(instant))

    def off(self, told: Ceremony) -> int:
        """Return how much later than the sun a ceremony is, in ns; 0 for a computed one."""
        if not told.published:
            return 0
        day = datetime.fromtimestamp(told.at / NS, UTC).date()
        context = [one for shift in (-1, 0, 1) for one in self._computed(day + timedelta(days=shift))]
        return min((told.at - one.at for one in context if one.name == told.name), key=abs, default=0)

    def deviations(self) -> Iterator[Deviation]:
        """Yield each published time that is more than ``TOLERANCE`` from the sun's."""
        for day, told in sorted(self._published.items()):
            for name, at in zip(NAMES, (told.sunrise, told.sunset), strict=True):
                off = self.off(Ceremony(at, name, published=True))
                if abs(off) > TOLERANCE:
                    yield Deviation(day, name, off, told.line)

    def _find(self, day: date) -> list[Ceremony]:
        days = [day + timedelta(days=shift) for shift in (-1, 0, 1)]
        computed = (one for each in days for one in self._computed(each))
        out = [one for one in computed if self._local(one.at) not in self._published]
        # A local date may be one more or one less than the UTC date of its sunrise.
        for shift in (-2, -1, 0, 1, 2) if self._published else ():
            if told := self._published.get(day + timedelta(days=shift)):
                out += [Ceremony(told.sunrise, "sunrise", True), Ceremony(told.sunset, "sunset", True)]
        return sorted(out)

    def _computed(self, day: date) -> list[Ceremony]:
        found = []
        for name, when in zip(NAMES, (sunrise, sunset), strict=True):
            # One by one: in white nights there is no dusk, and yet the sun rises and sets.
            with suppress(ValueError):
                at = int(when(self._observer, date=day, tzinfo=UTC).timestamp()) * NS
                found.append(Ceremony(at, name, published=False))
        return found

    def _local(self, instant: int) -> date:
        return datetime.fromtimestamp(instant / NS, self._zone).date()

    def _context(self, instant: int) -> tuple[int, ...]:
        day = datetime.fromtimestamp(instant / NS, UTC).date()
        if day != self._day:
            self._day, self._instants = day, self.instants(day)
        return self._instants
