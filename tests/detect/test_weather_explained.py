"""What damp makes a cable leak is learned, so that rain is no leak and a leak in the rain is one."""

from __future__ import annotations

import math
import random

import pytest
from support.rule_harness import Kind, rule, sample, stream

from facilityd.detect import RuleEngine
from facilityd.detect.context import RuleContext
from facilityd.detect.fit import FITS
from facilityd.detect.learned import FitRefused
from facilityd.model.baseline import Baseline
from facilityd.model.charts import Residual
from facilityd.model.finding import Finding

WET = {"wet": {"when": {"signal": "rain", "above": 0.1}, "rise": "20min", "fall": "4h"}}
GROWN = {"kind": "residual", "signal": "leakage", "terms": ["1", "wet"], "lags": WET, "above": 0.003}
RISES = {"kind": "rate", "signal": "leakage", "above": 0.005, "per": "24h", "over": "6h", "on_delay": "30min"}
RULES = {
    "grown": rule(GROWN | {"on_delay": "30min"}, respond="1d"),
    "rises": rule(RISES | {"weather_of": "grown"}, respond="1d"),
}
UNITS = {"leakage": "A", "rain": "mm/h"}
STEP, DRY_A, DAMP_A = 120, 0.0012, 0.0022
BOTH = stream("leakage", "rain", unit="rcm", period=STEP)
ALONE = stream("leakage", unit="rcm", period=STEP)


class Cable:
    """A cable that leaks 1.2 mA and 2.2 mA more when soaked; it soaks in 15 min and dries in 5 h."""

    def __init__(self, *, rain_bound: bool = True) -> None:
        self.stream = BOTH if rain_bound else ALONE
        self.engine = RuleEngine({"hoist": Kind(RULES, {}, UNITS)}, [self.stream], None, RuleContext())
        self.at, self.wet, self.chance = 0, 0.0, random.Random(4)
        self.found: list[Finding] = []
        self.digits = 9
        """Of what it shows; with four a dry cable reads the same for hours."""

    def hours(self, hours: float, *, rain: bool = False, leak: float = 0.0, creep: float = 0.0) -> set[str]:
        """Let time pass; ``creep`` in A per day. Returns the rules that were found true in it."""
        new = []
        for n in range(int(hours * 3600 / STEP)):
            self.at += STEP
            goal, constant = (1.0, 900.0) if rain else (0.0, 5 * 3600.0)
            self.wet = goal + (self.wet - goal) * math.exp(-STEP / constant)
            grown = leak + creep * n * STEP / 86_400
            noise = self.chance.gauss(0, 0.00004) if self.digits > 4 else 0.0
            value = round(DRY_A + DAMP_A * self.wet + grown + noise, self.digits)
            values = (value, 5.0 if rain else 0.0) if self.stream is BOTH else (value,)
            new += self.engine.evaluate([sample(self.stream, self.at, *values)])
        self.found += new
        return {one.rule for one in new if one.verdict}

    def learn(self, *, rain: bool = True) -> None:
        """Learn from a day, with two showers or without."""
        detector = self.engine.learned("hoist")["grown"]
        detector.record()
        for wet in (False, rain, False, rain, False):
            self.hours(1.0 if wet else 7.0, rain=wet)
        data = FITS["residual"](Residual.model_validate(GROWN), detector.rows or [])
        self.engine.set_baseline("hoist", "grown", Baseline("hoist", "grown", 1, 0, 0, 0, "test", data))
        self.hours(12)


def test_rain_is_no_leak_once_damp_was_learned() -> None:
    cable = Cable()
    cable.learn()
    told = [cable.hours(3, rain=True), cable.hours(20), cable.hours(1, rain=True), cable.hours(20)]
    assert told == [set()] * 4


def test_without_what_was_learned_the_same_rain_looks_like_a_leak() -> None:
    cable = Cable()
    cable.hours(12)
    assert "rises" in cable.hours(3, rain=True), "danger first: until it is known what damp does here"


def test_a_leak_is_found_in_the_rain_too() -> None:
    cable = Cable()
    cable.learn()
    assert "grown" in cable.hours(3, rain=True, leak=0.004)


def test_a_creep_through_rain_and_sun_is_found() -> None:
    cable = Cable()
    cable.learn()
    assert "rises" in cable.hours(10, creep=0.009)


def test_where_it_never_rained_the_first_rain_is_unknown_and_hides_no_step() -> None:
    cable = Cable()
    cable.learn(rain=False)
    assert "grown" not in cable.hours(2, rain=True)
    newest = [one for one in cable.found if one.rule == "grown"][-1]
    assert newest.verdict is None
    assert newest.evidence.slug == "unknown-outside"


def test_without_rain_on_site_it_is_the_plain_rule() -> None:
    cable = Cable(rain_bound=False)
    detector = cable.engine.learned("hoist")["grown"]
    detector.record()
    cable.hours(3)
    data = FITS["residual"](Residual.model_validate(GROWN), detector.rows or [])
    assert data["coefficients"] == pytest.approx([DRY_A], rel=0.05)
    cable.engine.set_baseline("hoist", "grown", Baseline("hoist", "grown", 1, 0, 0, 0, "test", data))
    assert "grown" in cable.hours(2, leak=0.004)


def test_a_baseline_from_before_the_rain_was_bound_goes_on() -> None:
    cable = Cable()
    data = {"coefficients": [DRY_A], "sigma": 0.00004, "ranges": {}, "rows": 99}
    cable.engine.set_baseline("hoist", "grown", Baseline("hoist", "grown", 1, 0, 0, 0, "test", data))
    assert cable.hours(2) == set()
    assert "grown" in cable.hours(2, leak=0.004)


def test_a_restart_goes_on_soaked() -> None:
    cable = Cable()
    cable.learn()
    cable.hours(2, rain=True)
    kept = cable.engine.checkpoint()
    again = Cable()
    again.at, again.wet = cable.at, cable.wet
    again.engine.restore(kept)
    baseline = cable.engine.learned("hoist")["grown"].baseline
    again.engine.learned("hoist")["grown"].baseline = baseline
    again.engine.learned("hoist")["grown"].data = baseline.data if baseline else {}
    again.hours(0.2)
    [level] = again.engine.learned("hoist")["grown"].kind_checkpoint()
    assert level[0] > 0.9


def test_hours_of_the_same_reading_are_not_taken_for_hours_of_rain() -> None:
    taught, cable = Cable(), Cable()
    taught.learn()
    cable.engine.set_baseline("hoist", "grown", taught.engine.learned("hoist")["grown"].baseline)
    cable.digits = 4
    cable.hours(24)
    assert cable.hours(0.1, rain=True) == set()
    [level] = cable.engine.learned("hoist")["grown"].kind_checkpoint()
    assert level[0] == pytest.approx(1 - math.exp(-360 / 1200), abs=0.02)


def test_an_empty_history_is_refused() -> None:
    with pytest.raises(FitRefused):
        FITS["residual"](Residual.model_validate(GROWN), [])
