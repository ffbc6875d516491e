"""Foreign machines: drawn alike for a seed, other than the demo square's, seen by sensors that are not perfect."""

from __future__ import annotations

import random
from statistics import mean

import pytest

from facilityd.model.sample import NS
from simulators.machines import FOLDER, SeenSignal, draw, table
from simulators.physics import MODELS, World
from simulators.physics.fountain import Fountain
from simulators.physics.hoist import Hoist
from simulators.physics.machine import MACHINES, FountainMachine
from simulators.square import Square

NOON = 1_780_286_400 * NS  # 2026-06-01 12:00 on the square: a show
DEVICES = {f: f for f in MACHINES}


def world() -> World:
    return World(39.9, 116.4, "Asia/Shanghai", NOON)


def test_every_family_with_a_machine_has_kinds_with_sources() -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(MACHINES)
    counts = {}
    for family in MACHINES:
        known = table(family)
        assert known is not None
        assert known.family == family
        assert all(len(source) > 20 for source in known.sources.values())
        counts[family] = len(known.kinds)
    assert counts == {"fountain": 5, "hoist": 3, "flagpole": 2, "lighting": 4, "weather": 3}


def test_what_a_kind_names_are_figures_of_the_machine_and_ranges_that_rise() -> None:
    for family, machine in MACHINES.items():
        known = table(family)
        assert known is not None
        for figures in known.kinds.values():
            machine(**{name: span[0] if isinstance(span, tuple) else span for name, span in figures.items()})
            assert all(span[0] <= span[1] for span in figures.values() if isinstance(span, tuple))


def test_the_same_seed_draws_the_same_and_another_another() -> None:
    assert draw(DEVICES, 1) == draw(DEVICES, 1)
    kinds = {tuple(one.kind for one in draw(DEVICES, seed).values()) for seed in range(8)}
    assert len(kinds) > 4
    assert draw({"door": "contact"}, 1) == {}


def test_every_pump_that_can_be_drawn_runs_at_its_point() -> None:
    for seed in range(10):
        drawn = draw({"pump": "fountain"}, seed)["pump"].machine
        assert isinstance(drawn, FountainMachine)
        pump = Fountain("pump", 1, drawn)
        square = world()
        pump.now = NOON
        for _ in range(30):
            square.advance(10)
            pump.advance(square)
        read = pump.read()
        share = float(read["speed"] or 0) / drawn.rated_rpm
        assert share > 0.7
        assert float(read["flow"] or 0) == pytest.approx(drawn.rated_flow * share, rel=0.05)
        assert float(read["head"] or 0) == pytest.approx(
            (drawn.rated_head - drawn.suction) * share**2, rel=0.08
        )


def test_a_hoist_of_another_length_arrives_in_its_own_time() -> None:
    drawn = draw({"hoist": "hoist"}, 3)["hoist"].machine
    hoist, square = Hoist("hoist", 1, drawn), world()  # type: ignore[arg-type]
    hoist.now = NOON
    hoist.demand(up=True)
    square.advance(drawn.run + 10)  # type: ignore[union-attr]
    hoist.advance(square)
    assert hoist.position == pytest.approx(drawn.travel, abs=0.01)  # type: ignore[union-attr]


def sensor(**how: float) -> SeenSignal:
    return SeenSignal(
        **(dict.fromkeys(("gain", "offset", "noise", "share", "step", "lag", "drift"), 0.0) | how)
    )


def test_a_sensor_is_off_rounds_trembles_lags_and_drifts() -> None:
    chance = random.Random(1)
    assert sensor(gain=0.02, offset=1.0).say(100.0, 0, chance) == pytest.approx(103.0)
    assert sensor(step=0.5).say(10.3, 0, chance) == 10.5
    trembling = [sensor(noise=0.5).say(10.0, 0, chance) for _ in range(400)]
    assert mean(trembling) == pytest.approx(10.0, abs=0.1)
    assert max(trembling) > 11.0
    late = sensor(lag=10.0)
    assert late.say(0.0, 0, chance) == 0.0
    assert 6.0 < late.say(10.0, 10 * NS, chance) < 6.5, "1 - 1/e after one time constant"
    assert late.say(10.0, 600 * NS, chance) == pytest.approx(10.0)
    drifting = sensor(drift=0.1)
    drifting.say(1.0, 0, chance)
    assert drifting.say(1.0, 10 * 86_400 * NS, chance) == pytest.approx(2.0)


def test_what_is_off_reads_nought_and_switches_are_seen_as_they_are() -> None:
    foreign = draw({"pump": "fountain"}, 2)
    square = Square({"pump": "fountain"}, World(39.9, 116.4, "Asia/Shanghai", NOON + 7200 * NS), 1, foreign)
    square.advance(30, step=10)
    read = square.signals()
    assert read["pump", "speed"] == 0
    assert read["pump", "flow"] == 0
    assert isinstance(read["pump", "running"], bool)
    again = Square({"pump": "fountain"}, World(39.9, 116.4, "Asia/Shanghai", NOON + 7200 * NS), 1)
    again.advance(30, step=10)
    assert again.signals()["pump", "level"] != read["pump", "level"]


def test_without_a_foreign_machine_nothing_is_drawn() -> None:
    for family, model in MODELS.items():
        made = model(family, 1)
        if family in MACHINES:
            assert made.machine == MACHINES[family](), family  # type: ignore[attr-defined]
