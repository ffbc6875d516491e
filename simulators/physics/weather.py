"""Weather that drives everything else: a day's warmth, gusty wind, showers. Figures assumed."""

from __future__ import annotations

import math
from typing import ClassVar

from facilityd.model.sample import Value
from facilityd.model.text import Text
from simulators.physics.base import Fault, Model, towards
from simulators.physics.world import World

YEAR_MEAN_C, YEAR_SWING_C, DAY_SWING_C = 13.0, 15.0, 5.0
COLDEST_DAY, WARMEST_HOUR = 15.0, 15.0
MEAN_WIND, GUSTINESS = 2.4, 0.28
CORRELATION_S = 8.0  # of turbulence near the ground
GUST_WINDOW_S = 60.0


class Weather(Model):
    """Writes what it makes into the world."""

    FAULTS: ClassVar[dict[str, Fault]] = {
        "storm": Fault("H20", Text(zh="m/s added to the mean wind", en="m/s added to the mean wind")),
        "rain": Fault("", Text(zh="mm/h", en="mm/h")),
        "cold": Fault("F21", Text(zh="K below what the season gives", en="K below what the season gives")),
    }

    def __init__(self, name: str, seed: int) -> None:
        super().__init__(name, seed)
        self._eddy, self._mean, self._gust = 0.0, MEAN_WIND, MEAN_WIND
        self._total, self._rain, self._temperature = 100.0 * self.chance.random(), 0.0, 15.0
        self._wind = MEAN_WIND

    def step(self, dt: float, world: World) -> None:
        """Let ``dt`` seconds pass."""
        self._temperature = self._season(world) - self.has("cold")
        mean = (
            MEAN_WIND
            + 1.2 * math.sin(2 * math.pi * (world.local_hour(self.now) - 9) / 24)
            + self.has("storm")
        )
        self._mean = towards(self._mean, mean, dt, 120.0)
        keep = math.exp(-dt / CORRELATION_S)
        self._eddy = self._eddy * keep + self.noise(GUSTINESS * self._mean) * math.sqrt(1 - keep * keep)
        self._wind = max(0.0, self._mean + self._eddy)
        self._gust = max(self._wind, towards(self._gust, self._wind, dt, GUST_WINDOW_S))
        self._rain = self.has("rain")
        self._total += self._rain * dt / 3600.0
        world.temperature, world.wind, world.gust, world.rain = (
            self._temperature,
            self._mean,
            self._gust,
            self._rain,
        )

    def _season(self, world: World) -> float:
        day = world.utc(self.now).timetuple().tm_yday
        season = -YEAR_SWING_C * math.cos(2 * math.pi * (day - COLDEST_DAY) / 365.25)
        hour = DAY_SWING_C * math.cos(2 * math.pi * (world.local_hour(self.now) - WARMEST_HOUR) / 24)
        return YEAR_MEAN_C + season + hour

    def read(self) -> dict[str, Value]:
        """Return the true value of each signal."""
        return {
            "temperature": self._temperature,
            "humidity": 55.0,
            "wind": self._wind,
            "wind_mean": self._mean,
            "wind_gust": self._gust,
            "rain_total": self._total,
            "rain_intensity": self._rain,
        }
