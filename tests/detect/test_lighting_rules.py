"""The learned lighting rules on a circuit's physics: what is missing, what is too much, and light that fades."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from devices.tables import families
from facilityd.app.calendar import SiteCalendar
from facilityd.app.ceremony import Ceremonies
from facilityd.detect import RuleEngine
from facilityd.detect.context import RuleContext
from facilityd.detect.fit import FITS
from facilityd.model.baseline import Baseline
from facilityd.model.finding import Finding
from facilityd.model.sample import NS, Sample, Stream
from simulators.physics import World
from simulators.square import Square

LIGHTING = families(None)["lighting"]
SIGNALS = ("commanded", "power", "level", "illuminance", "voltage")
CIRCUIT = Stream(
    "it", "lighting", "unit", "bus", SIGNALS, tuple(LIGHTING.signals[s].type for s in SIGNALS), 180 * NS
)
DUSK = int(datetime(2026, 6, 10, 18, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()) * NS
LEARNED = ("power-low", "power-high", "lumen-fall")


class Nights:
    """A circuit read every three minutes, from dusk on, with the rules watching."""

    def __init__(self, seed: int = 1) -> None:
        self.square = Square(
            {"weather": "weather", "it": "lighting"}, World(39.9, 116.4, "Asia/Shanghai", DUSK), seed
        )
        calendar = SiteCalendar(Ceremonies(39.9, 116.4, 180 * NS), "Asia/Shanghai")
        self.engine = RuleEngine({"lighting": LIGHTING}, [CIRCUIT], calendar.near, RuleContext(calendar))

    def hours(self, hours: float) -> Iterator[Finding]:
        for _ in range(round(hours * 20)):
            self.square.advance(180, step=60)
            values = self.square.models["it"].read()
            now = self.square.world.now
            yield from self.engine.evaluate([Sample(CIRCUIT, now, now, tuple(values[s] for s in SIGNALS))])

    def learn(self) -> None:
        """Two healthy nights, then the baselines."""
        learned = self.engine.learned("it")
        for rule in LEARNED:
            learned[rule].record()
        assert not [f for f in self.hours(48) if f.verdict]
        for rule in LEARNED:
            data = FITS["residual"](LIGHTING.rules[rule].detect, learned[rule].rows or [])
            self.engine.set_baseline("it", rule, Baseline("it", rule, 1, DUSK, DUSK, DUSK, "li", data))


@pytest.fixture(scope="module")
def data() -> dict[str, Baseline]:
    nights = Nights()
    nights.learn()
    learned = nights.engine.learned("it")
    return {rule: baseline for rule in LEARNED if (baseline := learned[rule].baseline)}


@pytest.mark.parametrize(
    ("fault", "magnitude", "rule"),
    [
        ("excess-power", 0.25, "power-high"),
        ("lamps-failed", 0.2, "power-low"),
        ("lamps-aged", 60_000.0, "lumen-fall"),
    ],
)
def test_each_fault_has_its_voice(fault: str, magnitude: float, rule: str, data: dict[str, Baseline]) -> None:
    nights = Nights(seed=7)
    for name, baseline in data.items():
        nights.engine.set_baseline("it", name, baseline)
    assert not [f for f in nights.hours(3) if f.verdict], "another seed, the same circuit"
    nights.square.models["it"].inject(fault, magnitude, ramp=0)
    wrong = [f for f in nights.hours(9) if f.verdict]
    assert {f.rule for f in wrong} == {rule}
    assert not wrong[0].evidence.cause


def test_midnight_dimming_is_no_trouble(data: dict[str, Baseline]) -> None:
    nights = Nights(seed=3)
    for name, baseline in data.items():
        nights.engine.set_baseline("it", name, baseline)
    assert not [f for f in nights.hours(72) if f.verdict]


def test_without_a_baseline_they_are_unknown_and_say_so() -> None:
    nights = Nights()
    told = {f.rule: f for f in nights.hours(4) if f.rule in LEARNED}
    assert {f.verdict for f in told.values()} <= {None}
    assert {f.evidence.slug for f in told.values()} <= {"unknown-unlearned"}
