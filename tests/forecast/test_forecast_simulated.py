"""The forecast of the simulated world is about the weather that it is going to have."""

from __future__ import annotations

from datetime import datetime

import pytest

from devices.forecast.hours import read_hours
from devices.forecast.mapping import shipped_mappings
from facilityd.model.forecast import HOUR
from facilityd.model.sample import NS
from simulators.forecast import forecast_of
from simulators.physics.world import World
from simulators.square import Square

START = round(datetime.fromisoformat("2026-06-10T10:00+08:00").timestamp()) * NS


@pytest.mark.parametrize("storm", [0.0, 9.0])
def test_what_is_forecast_comes(storm: float) -> None:
    world = World(39.9, 116.4, "Asia/Shanghai", START)
    square = Square({"weather": "weather"}, world, seed=3)
    square.at(START + 60 * NS)
    if storm:
        square.fault("weather", "storm", storm)
    square.at(START + HOUR)
    issued, hours = read_hours(
        forecast_of(square, START + HOUR).encode(), "simulated", shipped_mappings()["facilityd"]
    )
    assert issued == START + HOUR
    assert len(hours) == 48
    gusts = []
    for hour in hours[:8]:
        square.at(hour.at)
        temperature, mean = (square.signals("weather")["weather", s] for s in ("temperature", "wind_mean"))
        assert hour.values["temperature"] == pytest.approx(temperature, abs=0.6)
        assert hour.values["wind"] == pytest.approx(mean, abs=0.8)
        gusts.append(hour.values["gust"])
    assert (max(gusts) > 10.8) is bool(storm)


def test_a_square_without_weather_forecasts_nothing() -> None:
    world = World(39.9, 116.4, "Asia/Shanghai", START)
    assert forecast_of(Square({"hoist-1": "hoist"}, world), START) == ""
