"""A pump that was learned on itself: each fault is told by its own rule, whatever else it moves."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from devices.tables import families
from facilityd.detect import RuleEngine
from facilityd.detect.fit import FITS
from facilityd.model.baseline import Baseline
from facilityd.model.finding import Finding
from facilityd.model.sample import NS, Sample, SignalType, Stream
from simulators.physics.fountain import Fountain
from simulators.physics.world import World
from simulators.square import Square

FAMILY = families(None)["fountain"]
KEPT = ("speed", "flow", "head", "power", "inlet_pressure", "commanded", "running", "vibration",
        "valve_commanded", "valve_open")  # fmt: skip
LEARNED = ("flow-low", "head-low", "head-high", "inlet-low", "power-low", "discharge-narrow", "pump-weak")
START, EVERY = 1_781_000_000 * NS, 30


@dataclass
class Show:
    """A simulated pump that plays on and on, read every 30 s."""

    square: Square
    pump: Fountain
    engine: RuleEngine
    source: Stream

    @classmethod
    def opens(cls, seed: int) -> Show:
        square = Square(
            {"weather": "weather", "pump": "fountain"}, World(39.9, 116.4, "Asia/Shanghai", START), seed
        )
        pump = square.models["pump"]
        assert isinstance(pump, Fountain)
        pump.forced = True
        types = tuple(FAMILY.signals[name].type for name in KEPT)
        source = Stream("pump", "fountain", "unit", "bus", KEPT, types, EVERY * NS)
        assert types[5] is SignalType.BOOL
        return cls(square, pump, RuleEngine({"fountain": FAMILY}, [source]), source)

    def minutes(self, many: float) -> list[Finding]:
        found = []
        for _ in range(round(many * 60 / EVERY)):
            self.square.advance(EVERY, step=5)
            now = self.square.world.now
            values = self.pump.read(frozenset(KEPT))
            found += self.engine.evaluate([Sample(self.source, now, now, tuple(values[n] for n in KEPT))])
            found += self.engine.tick(now, now)
        return found

    def learn(self) -> None:
        for name in LEARNED:
            self.engine.learned("pump")[name].record()
        self.minutes(75)
        for name in LEARNED:
            rule = FAMILY.rules[name].detect
            data = FITS["residual"](rule, self.engine.learned("pump")[name].rows or [])
            self.engine.set_baseline("pump", name, Baseline("pump", name, 1, 0, 0, 0, "Li", data))


def heard(found: list[Finding]) -> list[tuple[str, str]]:
    """Return what was told as a trouble of its own, with its place in the catalogue."""
    return [(FAMILY.rules[f.rule].fault, f.rule) for f in found if f.verdict and not f.evidence.cause]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_healthy_pump_is_never_wrong(seed: int) -> None:
    show = Show.opens(seed)
    show.learn()
    assert heard(show.minutes(120)) == []


@pytest.mark.parametrize(
    ("fault", "magnitude", "rule"),
    [
        ("dry-running", 1.0, ("F3", "running-dry")),
        ("strainer-clogged", 0.1, ("F4", "strainer-clogging")),
        ("strainer-clogged", 0.2, ("F4", "strainer-blocked")),  # the water all but boils behind it
        ("strainer-clogged", 0.35, ("F4", "strainer-blocked")),
        ("nozzle-clogged", 0.15, ("F5", "nozzle-clogging")),
        ("nozzle-clogged", 0.3, ("F5", "nozzle-clogging")),
        ("impeller-worn", 0.2, ("F7", "impeller-worn")),
        ("cavitation", 1.0, ("F11", "cavitation")),
        ("valve-stuck", 1.0, ("F15", "valve-stuck")),
    ],
)
def test_each_fault_speaks_with_one_voice(fault: str, magnitude: float, rule: tuple[str, str]) -> None:
    show = Show.opens(3)
    show.learn()
    show.pump.fault(fault, magnitude)
    assert heard(show.minutes(25)) == [rule]


def test_what_was_told_is_over_when_the_strainer_is_clean() -> None:
    show = Show.opens(3)
    show.learn()
    show.pump.fault("strainer-clogged", 0.1)
    show.minutes(15)
    show.pump.fault("strainer-clogged", 0.0)
    found = show.minutes(15)
    assert ("strainer-clogging", False) in {(f.rule, f.verdict) for f in found}
    assert heard(found) == []
