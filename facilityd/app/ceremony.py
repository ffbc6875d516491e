"""When the ceremonies are: sunrise and sunset at the site (astral, after NOAA's formulae)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from astral import LocationInfo
from astral.sun import sun

from facilityd.model.sample import NS

DAY = 86400 * NS


class Ceremonies:
    """Sunrise and sunset instants. Coordinates in degrees, ``window`` in ns each way."""

    def __init__(self, latitude: float, longitude: float, window: int) -> None:
        self._observer = LocationInfo("", "", "UTC", latitude, longitude).observer
        self._window = window
        self._day: date | None = None
        self._instants: tuple[int, ...] = ()

    def instants(self, day: date, *names: str) -> tuple[int, ...]:
        """Return sunrise and sunset (or those named), ns UTC, around a UTC day; none in polar night."""
        out = []
        for shift in (-1, 0, 1):
            try:
                found = sun(self._observer, date=day + timedelta(days=shift), tzinfo=UTC)
            except ValueError:
                continue
            out += [int(found[name].timestamp()) * NS for name in names or ("sunrise", "sunset")]
        return tuple(sorted(out))

    def next_edge(self, instant: int) -> int:
        """Return when ``near`` may next change its answer, in ns."""
        edges = (at + side for at in self._around(instant) for side in (-self._window, self._window + 1))
        return min((edge for edge in edges if edge > instant), default=instant + DAY)

    def near(self, instant: int) -> bool:
        """Return whether an instant in ns lies within the window of a ceremony."""
        return any(abs(instant - at) <= self._window for at in self._around(instant))

    def _around(self, instant: int) -> tuple[int, ...]:
        day = datetime.fromtimestamp(instant / NS, UTC).date()
        if day != self._day:
            self._day, self._instants = day, self.instants(day)
        return self._instants
