"""Sensors that lie: nine ways, for any analogue signal, the same for the same seed, and never the truth behind."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from facilityd.errors import UsageError
from facilityd.model.sample import NS
from simulators.physics import World
from simulators.sensor_faults import SENSOR_FAULTS, SIZED, LyingSensors
from simulators.square import Square

START = 1_780_000_000 * NS
HOUR = 3600 * NS


def said(name: str, size: float | None, *true: float, every: int = HOUR) -> list[float]:
    """Return what a flow meter says of true values, an hour apart."""
    sensors = LyingSensors(seed=1)
    sensors.begin("pump.flow", name, size, START)
    out = []
    for n, value in enumerate(true):
        reading = sensors.spoil("pump", {"flow": value, "head": 2.0}, START + n * every)
        assert reading["head"] == (2.0 if "swapped" not in name else value)
        out.append(reading["flow"])
    return out  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("name", "size", "readings"),
    [
        ("stuck", None, [30, 30, 30]),
        ("offset", -4, [26, 28, 16]),
        ("drift", 2, [30, 34, 24]),
        ("gain", 0.5, [15, 16, 10]),
        ("range-end", 90, [90, 90, 90]),
        ("wrong-unit", None, [300, 320, 200]),
        ("swapped:head", None, [2, 2, 2]),
    ],
)
def test_each_lie(name: str, size: float | None, readings: list[float]) -> None:
    assert said(name, size, 30, 32, 20) == readings


def test_noise_and_spikes_are_the_same_for_the_same_seed() -> None:
    noisy = said("noise", 2.0, *[30.0] * 40)
    assert noisy == said("noise", 2.0, *[30.0] * 40)
    assert len(set(noisy)) == len(noisy)
    assert abs(sum(noisy) / len(noisy) - 30) < 1
    spiky = said("spikes", 9.0, *[30.0] * 100)
    assert set(spiky) == {30.0, 39.0}
    assert 5 <= spiky.count(39.0) <= 30


def test_every_lie_but_the_exchange_is_tried_above() -> None:
    assert {"stuck", "offset", "drift", "gain", "range-end", "wrong-unit", "noise", "spikes"} == set(
        SENSOR_FAULTS
    )


def test_it_ends_and_the_other_of_a_pair_with_it() -> None:
    sensors = LyingSensors(seed=1)
    sensors.begin("pump.flow", "swapped:head", None, START)
    assert sensors.partners("pump", frozenset({"flow"})) == {"flow", "head"}
    sensors.begin("pump.head", "none", None, START)
    assert sensors.spoil("pump", {"flow": 30.0, "head": 2.0}, START) == {"flow": 30.0, "head": 2.0}
    assert sensors.partners("pump", frozenset({"flow"})) == {"flow"}


def test_what_is_no_number_or_unknown_is_let_alone() -> None:
    sensors = LyingSensors(seed=1)
    sensors.begin("pump.flow", "offset", 5.0, START)
    assert sensors.spoil("pump", {"flow": None}, START) == {"flow": None}
    assert sensors.spoil("pump", {"flow": True}, START) == {"flow": True}
    assert sensors.spoil("other", {"flow": 1.0}, START) == {"flow": 1.0}


@pytest.mark.parametrize(
    ("name", "size"),
    [("melts", None), ("stuck", 3.0), ("swapped:", None), *((one, None) for one in sorted(SIZED))],
)
def test_what_cannot_be_is_refused(name: str, size: float | None) -> None:
    with pytest.raises(UsageError):
        LyingSensors(seed=1).begin("pump.flow", name, size, START)


@pytest.mark.parametrize(
    "read", [lambda s: s.signals(), lambda s: s.some({"fountain-1": frozenset({"level"})})]
)
def test_a_square_reads_the_lie_and_its_machine_does_not_feel_it(read: Callable[[Square], dict]) -> None:
    square = Square({"fountain-1": "fountain"}, World(39.9, 116.4, "Asia/Shanghai", START))
    true = read(square)["fountain-1", "level"]
    square.sensors.begin("fountain-1.level", "offset", 1.0, START)
    assert read(square)["fountain-1", "level"] == pytest.approx(true + 1.0)
    square.advance(60)
    square.sensors.begin("fountain-1.level", "none", None, START)
    assert read(square)["fountain-1", "level"] == pytest.approx(true, abs=0.01)
