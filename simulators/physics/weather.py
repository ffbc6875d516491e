"""Weather that drives everything else: seasons, a day's warmth, gusty wind, showers.

The climate is that of its machine; on the demo square a continental city at 40° north, rounded (assumed).
Turbulence is an Ornstein-Uhlenbeck process, exact for any step.
"""

from __future__ import annotations

import math
import random
from typing import ClassVar

from facilityd.model.sample import NS, Value
from simulators.physics.base import Fault, Model, fault, towards
from simulators.physics.machine import WeatherMachine
from simulators.physics.world import World

COLDEST_DAY, WARMEST_HOUR = 15.0, 15.0
MOST_EDDY = 4.0
CORRELATION_S = 8.0  # of turbulence near the ground
GUST_WINDOW_S = 60.0
GUSTS = 2.5  # widths of turbulence that the strongest gust of an hour is above the mean
SHOWERS = {6: 0.3, 7: 0.4, 8: 0.35, 9: 0.2, 5: 0.15}  # share of days with rain, by month

AS_ON_THE_SQUARE = WeatherMachine()


class Weather(Model):
    """Writes what it makes into the world."""

    FAULTS: ClassVar[dict[str, Fault]] = {
        "storm": fault("H20", "大风", "a storm", "m/s added to the mean wind", 11.0, 300.0),
        "rain": fault("", "降雨", "rain", "mm/h", 8.0),
        "cold": fault("F21", "寒潮", "a cold spell", "K below what the season gives", 12.0, 3600.0),
        "wind-dead": fault("", "风传感器断线", "the wind sensor is cut off"),
        "wind-stuck": fault("", "风速计卡住", "the anemometer is stuck"),
        "wind": fault("F20", "风力四级以上", "a fresh wind", "m/s added to the mean wind", 4.5, 120.0),
    }

    def __init__(self, name: str, seed: int, machine: WeatherMachine = AS_ON_THE_SQUARE) -> None:
        super().__init__(name, seed)
        self.machine = machine
        self._seed = seed
        self._eddy, self._mean, self._gust = 0.0, self.machine.mean_wind, self.machine.mean_wind
        self._total, self._rain, self._temperature = 100.0 * self.chance.random(), 0.0, 15.0
        self._wind, self._humidity, self._wet = self.machine.mean_wind, 55.0, 0.0
        self._shown, self._hour = self.machine.mean_wind, 0.0
        self._days: dict[int, tuple[float, float, float, float]] = {}

    def longest_step(self, now: int, world: World) -> float:
        """Return 60 s."""
        return 60.0

    def step(self, dt: float, world: World) -> None:
        """Let ``dt`` seconds pass."""
        hour, day = world.local_hour(self.now), world.local_day(self.now)
        self._hour = hour
        breeze, begins, lasts, intensity = self._day(day, world)
        season = self._season(world)
        self._temperature = (
            season
            + self.machine.day_swing * math.cos(2 * math.pi * (hour - WARMEST_HOUR) / 24)
            - self.has("cold")
        )
        self._rain = max(self.has("rain"), intensity if begins <= hour < begins + lasts else 0.0)
        self._total += self._rain * dt / 3600.0
        self._wet = towards(
            self._wet, float(self._rain > 0), dt, self.machine.wetting if self._rain else self.machine.drying
        )
        self._humidity = 55.0 - 15.0 * math.cos(2 * math.pi * (hour - 4) / 24) + 20.0 * self._wet
        self._blow(
            dt,
            breeze
            * (self.machine.mean_wind + self.machine.day_wind * math.sin(2 * math.pi * (hour - 9) / 24)),
        )
        world.temperature, world.season, world.wet = self._temperature, season, self._wet
        world.wind, world.gust, world.rain = self._mean, self._gust, self._rain

    def _blow(self, dt: float, mean: float) -> None:
        self._mean = towards(self._mean, mean + self.has("storm") + self.has("wind"), dt, 120.0)
        keep, width = math.exp(-dt / CORRELATION_S), self.machine.gustiness * self._mean
        eddy = self._eddy * keep + self.noise(width) * math.sqrt(1 - keep * keep)
        self._eddy = max(-MOST_EDDY * width, min(MOST_EDDY * width, eddy))
        self._wind = max(0.0, self._mean + self._eddy)
        self._shown = self._shown if self.has("wind-stuck") else self._wind
        self._gust = max(self._wind, towards(self._gust, self._wind, dt, GUST_WINDOW_S))

    def foreseen(self, at: int, world: World) -> dict[str, float]:
        """Return what a forecast says of an instant (ns UTC): without turbulence, with what goes on now.

        In °C, m/s, mm and %.
        """
        machine, hour = self.machine, world.local_hour(at)
        breeze, begins, lasts, intensity = self._day(world.local_day(at), world)
        mean = breeze * (machine.mean_wind + machine.day_wind * math.sin(2 * math.pi * (hour - 9) / 24))
        mean += self.has("storm") + self.has("wind")
        warmth = machine.day_swing * math.cos(2 * math.pi * (hour - WARMEST_HOUR) / 24) - self.has("cold")
        rain = intensity if begins <= hour < begins + lasts else 0.0
        found = {
            "temperature": self._season(world, at) + warmth, "wind": mean,
            "gust": mean * (1 + GUSTS * machine.gustiness), "precipitation": rain,
            "probability": 90.0 if rain else 5.0,
        }  # fmt: skip
        return {name: round(value, 1) for name, value in found.items()}

    def _season(self, world: World, at: int | None = None) -> float:
        day = world.local_day(self.now if at is None else at) % 365.25
        return self.machine.year_mean - self.machine.year_swing * math.cos(
            2 * math.pi * (day - COLDEST_DAY) / 365.25
        )

    def _day(self, day: int, world: World) -> tuple[float, float, float, float]:
        """Return (how windy, shower's begin in h, its length in h, its mm/h) of a day, by seed."""
        found = self._days.get(day)
        if found is None:
            chance = random.Random(self._seed * 1_000_003 + day)
            month = world.utc(self.now).month
            wet = chance.random() < self.machine.showers * SHOWERS.get(month, 0.06)
            lasts = chance.uniform(0.4, 3.0) if wet else 0.0
            found = chance.uniform(0.7, 1.2), chance.uniform(0.0, 21.0), lasts, chance.uniform(1.0, 12.0)
            self._days = {day: found}
        return found

    def _sky(self) -> dict[str, Value]:
        """Return what nothing else hangs on, from the clock alone: no chance is drawn for it."""
        days = (self.now or 0) / (86_400 * NS)
        sun = math.sin(math.pi * (self._hour - 6.0) / 12.0)
        return {
            "wind_direction": (225.0 + 80.0 * math.sin(2 * math.pi * days / 3.1)) % 360.0,
            "pressure": 1013.0 + 9.0 * math.sin(2 * math.pi * days / 6.3) - 3.0 * self._wet,
            "global_radiation": max(0.0, 850.0 * sun * (1.0 - 0.8 * self._wet)),
        }

    def _all(self) -> dict[str, Value | None]:
        dead = self.has("wind-dead")
        return {
            "temperature": self._temperature,
            "humidity": max(5.0, min(100.0, self._humidity)),
            "wind": None if dead else self._shown,
            "wind_mean": None if dead else self._mean,
            "wind_gust": None if dead else self._gust,
            **self._sky(),
            "rain_total": self._total,
            "rain_intensity": self._rain,
        }
