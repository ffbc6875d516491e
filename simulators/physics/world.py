"""What all devices share: the instant, the sun and the weather."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from astral import Observer
from astral.sun import elevation, sun

NS = 1_000_000_000
MAINS_V = 230.0
MAINS_HZ = 50.0


@dataclass(slots=True)
class World:
    """``now`` in ns UTC; sun elevation in degrees; temperature °C; wind m/s; rain mm/h."""

    latitude: float
    longitude: float
    timezone: str
    now: int
    sun: float = 0.0
    temperature: float = 15.0
    wind: float = 2.0
    gust: float = 3.0
    rain: float = 0.0
    supply: float = MAINS_V
    _sun_at: int = -(10**18)
    _day: str = ""
    _times: tuple[int, int] = (0, 0)

    def advance(self, dt: float) -> None:
        """Move the clock on by ``dt`` s; the sun is looked up once a minute."""
        self.now += round(dt * NS)
        if self.now - self._sun_at >= 60 * NS:
            self._sun_at = self.now
            self.sun = float(elevation(self._observer(), self.utc()))

    def utc(self) -> datetime:
        """Return the instant."""
        return datetime.fromtimestamp(self.now / NS, UTC)

    def local_hour(self) -> float:
        """Return the time of day on site, in hours."""
        local = self.utc().astimezone(ZoneInfo(self.timezone))
        return local.hour + local.minute / 60 + local.second / 3600

    def ceremonies(self) -> tuple[int, int]:
        """Return today's sunrise and sunset on site, in ns UTC."""
        local = self.utc().astimezone(ZoneInfo(self.timezone))
        if self._day != str(local.date()):
            self._day = str(local.date())
            times = sun(self._observer(), date=local.date(), tzinfo=ZoneInfo(self.timezone))
            self._times = (
                int(times["sunrise"].timestamp()) * NS,
                int(times["sunset"].timestamp()) * NS,
            )
        return self._times

    def _observer(self) -> Observer:
        return Observer(self.latitude, self.longitude)
