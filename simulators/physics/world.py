"""What all devices share: the instant, the sun, the mains and the weather."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from astral import Observer
from astral.sun import elevation, sunrise, sunset

NS = 1_000_000_000
MAINS_V = 230.0
MAINS_HZ = 50.0
_MINUTE, _QUARTER, _DAY = 60 * NS, 900 * NS, 86400 * NS


@dataclass(slots=True)
class World:
    """``now`` in ns UTC; sun elevation in degrees; temperature °C; wind m/s; rain mm/h.

    ``wet``: how soaked surfaces are, 0-1; ``season``: the day's mean temperature, °C.

    Models that catch up in several steps ask for the sun and the hour of their own instant.
    """

    latitude: float
    longitude: float
    timezone: str
    now: int
    sun: float = 0.0
    temperature: float = 15.0
    wind: float = 2.0
    gust: float = 3.0
    rain: float = 0.0
    wet: float = 0.0
    season: float = 13.0
    supply: float = MAINS_V
    _zone: ZoneInfo = field(init=False)
    _offsets: dict[int, int] = field(default_factory=dict)
    _suns: dict[int, float] = field(default_factory=dict)
    _times: dict[int, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._zone = ZoneInfo(self.timezone)
        self.sun = self.elevation()

    def advance(self, dt: float) -> None:
        """Move the clock on by ``dt`` s."""
        self.to(self.now + round(dt * NS))

    def to(self, instant: int) -> None:
        """Move the clock to an instant in ns UTC; the sun is looked up once a minute."""
        self.now = instant
        self.sun = self.elevation()

    def utc(self, at: int | None = None) -> datetime:
        """Return an instant (none: the present) in UTC."""
        return datetime.fromtimestamp((self.now if at is None else at) / NS, UTC)

    def local_hour(self, at: int | None = None) -> float:
        """Return the time of day on site, in hours."""
        at = self.now if at is None else at
        return ((at + self._offset(at)) % _DAY) / (3600 * NS)

    def local_day(self, at: int | None = None) -> int:
        """Return the day on site, counted from 1970-01-01."""
        at = self.now if at is None else at
        return (at + self._offset(at)) // _DAY

    def elevation(self, at: int | None = None) -> float:
        """Return the sun's elevation in degrees, to the minute (astral, after NOAA's formulae)."""
        minute = (self.now if at is None else at) // _MINUTE
        found = self._suns.get(minute)
        if found is None:
            if len(self._suns) > 5000:
                self._suns.clear()
            found = self._suns[minute] = float(elevation(self._observer(), self.utc(minute * _MINUTE)))
        return found

    def ceremonies(self, at: int | None = None) -> tuple[int, int]:
        """Return sunrise and sunset of the day on site, in ns UTC."""
        day = self.local_day(at)
        if day not in self._times:
            today = datetime.fromtimestamp(day * 86400, UTC).date()
            self._times[day] = (self._sun(sunrise, today, 6), self._sun(sunset, today, 18))
        return self._times[day]

    def _sun(self, when: Callable[..., datetime], day: date, hour: int) -> int:
        """Return when the sun rises or sets, ns UTC; where it does not, the flag moves by the clock."""
        try:
            at = when(self._observer(), date=day, tzinfo=self._zone)
        except ValueError:
            at = datetime(day.year, day.month, day.day, hour, tzinfo=self._zone)
        return int(at.timestamp()) * NS

    def _offset(self, at: int) -> int:
        """Return the zone's offset in ns; zones change it on quarter hours only."""
        quarter = at // _QUARTER
        found = self._offsets.get(quarter)
        if found is None:
            if len(self._offsets) > 5000:
                self._offsets.clear()
            local = self.utc(quarter * _QUARTER).astimezone(self._zone)
            shift = local.utcoffset()
            found = self._offsets[quarter] = int(shift.total_seconds()) * NS if shift else 0
        return found

    def _observer(self) -> Observer:
        return Observer(self.latitude, self.longitude)
