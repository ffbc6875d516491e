"""The weather family's direction, pressure and radiation: bound, simulated, and without a draw of chance."""

from __future__ import annotations

from devices.tables import families, profiles
from facilityd.model.sample import NS, Value
from simulators.physics.weather import Weather
from simulators.physics.world import World

NEW = ("wind_direction", "pressure", "global_radiation")


def _day() -> list[dict[str, Value | None]]:
    world, station = World(39.9, 116.4, "Asia/Shanghai", 20_000 * 86_400 * NS), Weather("station", 7)
    out = []
    for _ in range(24):
        world.advance(3600.0)
        station.advance(world)
        out.append(station.read())
    return out


def test_they_stay_within_what_the_family_says_is_possible() -> None:
    signals = families()["weather"].signals
    for seen in _day():
        for name in NEW:
            low, high = signals[name].range or (0.0, 0.0)
            assert low <= float(seen[name]) <= high, name  # type: ignore[arg-type]


def test_the_sun_shines_by_day_alone() -> None:
    radiation = [float(seen["global_radiation"]) for seen in _day()]  # type: ignore[arg-type]
    assert min(radiation) == 0.0
    assert max(radiation) > 100


def test_a_station_has_points_for_them() -> None:
    points = profiles()["vaisala_wxt530"].expanded
    assert set(NEW) <= set(points)
