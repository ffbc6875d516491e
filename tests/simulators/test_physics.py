"""The physics is simple, but it is physics."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from astral import Observer
from astral.sun import sun

from facilityd.config.load import load
from facilityd.errors import UsageError
from simulators.physics import MODELS, World
from simulators.physics.flagpole import Flagpole
from simulators.physics.fountain import Fountain
from simulators.physics.hoist import Hoist
from simulators.physics.lighting import Lighting
from simulators.physics.machine import HoistMachine
from simulators.square import Square, live

ZONE = ZoneInfo("Asia/Shanghai")
PLACE = (39.9055, 116.3976, "Asia/Shanghai")
NS = 1_000_000_000

TRAVEL_M = HoistMachine().travel


def _world(text: str = "2026-10-01T12:00") -> World:
    return World(*PLACE, int(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()) * NS)


def _run(hoist: Hoist, world: World, up: bool, step: float = 0.05) -> tuple[float, list[dict[str, object]]]:
    hoist.demand(up)
    seconds, rows = 0.0, []
    while seconds < 200 and (seconds < 1 or hoist.speed != 0 or abs(hoist.position - hoist.target) > 2e-3):
        world.advance(step)
        hoist.step(step, world)
        rows.append(hoist.read())
        seconds += step
    return seconds, rows


def test_a_hoist_run_takes_127_s_and_ends_on_its_limits() -> None:
    hoist, world = Hoist("hoist-1", 1), _world()
    up, rows = _run(hoist, world, True)
    assert up == pytest.approx(127.0, abs=1.0)
    assert hoist.position == pytest.approx(TRAVEL_M, abs=2e-3)
    assert rows[-1]["upper_limit"] is True
    assert rows[-1]["upper_overtravel"] is False
    down, rows = _run(hoist, world, False)
    assert down == pytest.approx(up, abs=0.5)
    assert rows[-1]["lower_limit"] is True


def test_the_brake_opens_before_anything_moves_and_closes_after() -> None:
    hoist, world = Hoist("hoist-1", 1), _world()
    _, rows = _run(hoist, world, True, step=0.02)
    for row in rows:
        if abs(float(str(row["output_frequency"]))) > 0:
            assert row["brake_open_command"] is True
            assert row["brake_open"] is True
    first_open = next(n for n, row in enumerate(rows) if row["brake_open"])
    assert 0.2 <= first_open * 0.02 <= 0.3
    for _ in range(20):
        world.advance(0.05)
        hoist.step(0.05, world)
    assert hoist.read()["brake_open"] is False


def test_a_brake_that_stays_closed_stalls_and_trips_the_drive() -> None:
    hoist, world = Hoist("hoist-1", 1), _world()
    hoist.fault("brake-stays-closed")
    hoist.demand(True)
    for _ in range(20):
        hoist.step(0.1, world)
    assert hoist.read()["brake_open"] is False
    assert hoist.read()["brake_open_command"] is True
    assert float(hoist.read()["motor_current"]) > 14
    for _ in range(20):
        hoist.step(0.1, world)
    row = hoist.read()
    assert (row["tripped"], row["trip_code"], hoist.position) == (True, 0x71A3, 0.0)


def test_the_flag_goes_up_at_sunrise_and_down_at_sunset() -> None:
    world = _world("2026-10-01T00:00")
    hoist = Hoist("hoist-1", 1)
    sunrise, sunset = world.ceremonies()
    for instant, goal in ((sunrise, TRAVEL_M), (sunset, 0.0)):
        world.now = instant - 2 * NS
        for _ in range(1400):
            world.advance(0.1)
            hoist.step(0.1, world)
        assert hoist.position == pytest.approx(goal, abs=2e-3)
    published = datetime(2026, 10, 1, 6, 10, tzinfo=ZONE).timestamp()
    assert sunrise / NS == pytest.approx(published, abs=180)


def test_affinity_laws_hold() -> None:
    pump, world = Fountain("fountain-1", 1), _world()
    rows = []
    pump.forced = True
    for _ in range(600):
        world.advance(0.1)
        pump.step(0.1, world)
        values = pump.read()
        rows.append((float(values["speed"]), values))
    slow, fast = min(rows[100:], key=lambda r: r[0]), max(rows[100:], key=lambda r: r[0])
    ratio = fast[0] / slow[0]
    assert ratio > 1.1
    assert float(fast[1]["flow"]) / float(slow[1]["flow"]) == pytest.approx(ratio, rel=1e-6)
    assert float(fast[1]["head"]) / float(slow[1]["head"]) == pytest.approx(ratio**2, rel=1e-6)
    assert float(fast[1]["power"]) / float(slow[1]["power"]) == pytest.approx(ratio**3, rel=0.03)


def test_a_clogged_strainer_takes_flow_and_power_at_the_same_speed() -> None:
    clean, clogged = Fountain("fountain-1", 1), Fountain("fountain-1", 1)
    clogged.fault("strainer-clogged", 0.4)
    for pump in (clean, clogged):
        world = _world()
        pump.forced = True
        for _ in range(300):
            world.advance(0.1)
            pump.step(0.1, world)
    before, after = clean.read(), clogged.read()
    assert after["speed"] == before["speed"]
    assert float(after["flow"]) == pytest.approx(0.6 * float(before["flow"]))
    assert float(after["power"]) < 0.85 * float(before["power"])
    assert float(after["inlet_pressure"]) < float(before["inlet_pressure"])


def test_light_follows_the_sun() -> None:
    day = datetime(2026, 10, 1, tzinfo=ZONE)
    times = sun(Observer(PLACE[0], PLACE[1]), date=day.date(), tzinfo=ZONE)
    lamp, world = Lighting("gate-base", 1), _world("2026-10-01T15:00")
    switched = None
    for _ in range(6 * 60):
        world.advance(60)
        lamp.step(60, world)
        if switched is None and lamp.read()["commanded"]:
            switched = world.now / NS
    assert switched is not None
    assert times["sunset"].timestamp() <= switched <= times["dusk"].timestamp() + 60
    assert float(lamp.read()["power"]) > 500


def test_energy_never_runs_backwards_and_matches_power() -> None:
    lamp, world = Lighting("gate-base", 1), _world()
    lamp.forced = True
    before = float(lamp.read()["energy"])
    for _ in range(3600):
        world.advance(1.0)
        lamp.step(1.0, world)
        assert float(lamp.read()["energy"]) >= before
    spent = float(lamp.read()["energy"]) - before
    assert spent == pytest.approx(lamp.rated / 1000, rel=0.02)


def _story(seed: int) -> list[dict[tuple[str, str], object]]:
    square = Square({"hoist-1": "hoist", "weather": "weather", "f": "fountain"}, _world(), seed)
    out = []
    for _ in range(20):
        square.advance(1.0)
        out.append(dict(square.signals()))
    return out


def test_one_seed_is_one_story_and_another_is_another() -> None:
    assert _story(1) == _story(1)
    assert _story(1) != _story(2)


def test_the_demo_square_leaves_no_bound_signal_unsimulated() -> None:
    site = load(Path("config/square"))
    square = Square({d.id: d.family.family for d in site.devices.values()}, _world())
    square.advance(0.1)
    known = square.signals()
    bound = {(d.id, s) for d in site.devices.values() for stream in d.streams for s in stream.signals}
    assert bound <= set(known)
    for device, signal in sorted(bound):
        limits = site.devices[device].family.signals[signal].range
        value = known[device, signal]
        assert value is not None
        assert limits is None or limits[0] <= value <= limits[1], (device, signal, value)


@pytest.mark.parametrize("family", MODELS)
def test_every_fault_by_name_and_no_other(family: str) -> None:
    model, world = MODELS[family]("x", 1), _world()
    for name in model.FAULTS:
        model.fault(name, 1.0)
        assert model.has(name) == 1.0
        model.step(0.1, world)
        model.read()
        model.fault(name, 0)
        assert not model.has(name)
    with pytest.raises(UsageError, match="cannot have fault"):
        model.fault("no-such")


def test_a_live_square_goes_on_from_where_it_is() -> None:
    """After a warm-up too: physics that waits until the clock has caught up stands still meanwhile."""
    square = Square({"weather": "weather"}, _world(), 1)
    square.advance(60.0, step=1.0)
    clock, begin = [5 * NS], square.world.now
    truth = live(square, lambda: clock[0])
    for seconds in (1, 3, 10):
        clock[0] = (5 + seconds) * NS
        assert ("weather", "temperature") in truth()
        assert square.world.now == begin + seconds * NS
        assert square.models["weather"].now == square.world.now


def test_no_basin_empties_from_one_second_to_the_next() -> None:
    pump, world, levels = Fountain("fountain-1", 1), _world(), []
    pump.fault("dry-running")
    for _ in range(300):
        levels.append(float(pump.read()["level"]))
        world.advance(20.0)
        pump.step(20.0, world)
    assert max(before - after for before, after in pairwise(levels)) < 0.1
    assert levels[-1] < 0.3
    pump.restore()
    for _ in range(300):
        levels.append(float(pump.read()["level"]))
        world.advance(20.0)
        pump.step(20.0, world)
    assert max(after - before for before, after in pairwise(levels)) < 0.1
    assert levels[-1] > 1.1


@pytest.mark.parametrize("kind", [Hoist, Flagpole])
def test_a_drive_that_tripped_of_a_fault_is_reset_with_it(kind: type[Hoist | Flagpole]) -> None:
    model, world = kind("one", 1), _world()
    model.now = world.now
    model.fault("brake-stays-closed")
    model.demand(*([True] if kind is Hoist else []))
    for _ in range(100):
        world.advance(0.2)
        model.advance(world)
    assert model.read()["tripped"]
    model.fault("brake-stays-closed", 0.0)
    assert model.read()["tripped"], "the fault is over, and the drive waits for its reset"
    model.restore()
    assert not model.read()["tripped"]
