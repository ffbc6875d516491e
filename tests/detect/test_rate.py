"""How fast something moves: a leaking basin, a cable that gets wet; waves on the water are no leak."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rule_harness import MARK, Kind, bad, rule, sample, stream

from facilityd.detect.compile import compile_device
from facilityd.detect.rate import PARTS, RateDetector
from facilityd.model.sample import NS
from facilityd.notify.evidence_text import EvidenceFormatter

BASIN = stream("level", unit="basin", period=60.0)
FALLS = {"kind": "rate", "signal": "level", "below": -0.1, "per": "1h", "over": "48min"}
UNITS = {"level": "m"}


class Basin:
    """A basin read once a minute."""

    def __init__(self, **more: Any) -> None:
        device_rules = compile_device(Kind({"falls": rule(FALLS | more)}, units=UNITS), [BASIN], None)
        self.binding, self.minute = device_rules.bindings[BASIN], 0
        detector = device_rules.instances[0].detector
        assert isinstance(detector, RateDetector)
        self.detector = detector

    def read(self, level: float | None) -> str:
        second = 60 * self.minute
        one = bad(BASIN, second) if level is None else sample(BASIN, second, level)
        self.binding.device_state.put(self.binding.signal_states, one)
        self.minute += 1
        return MARK[self.detector.update(second * NS)]

    def hours(self, many: float, level: float, per_hour: float) -> str:
        """Return the verdicts while the level moves evenly."""
        return "".join(self.read(level + per_hour * k / 60.0) for k in range(round(60 * many)))


def test_it_says_nothing_before_half_of_the_window_is_seen() -> None:
    basin = Basin()
    verdicts = basin.hours(2, 1.2, 0.0)
    unseen = len(verdicts) - len(verdicts.lstrip("?"))
    assert 24 <= unseen <= 30
    assert set(verdicts[unseen:]) == {"."}


@pytest.mark.parametrize(("per_hour", "last"), [(-0.25, "#"), (-0.05, "."), (0.25, ".")])
def test_a_basin_that_loses_water(per_hour: float, last: str) -> None:
    basin = Basin()
    assert basin.hours(2, 1.2, per_hour)[-1] == last


def test_half_of_the_window_is_judged_by_the_step_that_the_whole_allows() -> None:
    """0.13 m/h for half an hour is 0.065 m; the limit allows 0.08 m in its window."""
    assert set(Basin().hours(0.5, 1.2, -0.13)) <= {"?", "."}
    assert Basin().hours(0.5, 1.2, -0.3)[-1] == "#", "a step that is too big already is told at once"
    assert Basin().hours(1, 1.2, -0.13)[-1] == "#"


def test_waves_and_single_readings_are_no_leak() -> None:
    basin = Basin()
    verdicts = [basin.read(1.2 + 0.05 * math.sin(k) - (0.6 if k % 37 == 0 else 0.0)) for k in range(240)]
    assert "#" not in verdicts


def test_it_is_over_when_the_level_stands_again() -> None:
    basin = Basin()
    assert basin.hours(2, 1.2, -0.25)[-1] == "#"
    verdicts = basin.hours(2, 0.7, 0.0)
    assert verdicts[-1] == "."
    assert "?" not in verdicts


def test_what_fell_and_was_filled_up_falls_no_more() -> None:
    """The fit over the window still slopes behind a fall that is over."""
    basin = Basin()
    assert basin.hours(2, 1.2, -0.25)[-1] == "#"
    filled = basin.hours(0.5, 1.2, 0.0)
    assert "#" not in filled[6:], filled
    assert "?" not in filled


def test_a_long_silence_forgets_the_window() -> None:
    basin = Basin()
    basin.hours(2, 1.2, -0.25)
    basin.minute += 600
    assert basin.read(1.2) in "?."
    assert len(basin.detector.kind_checkpoint()["points"]) <= PARTS


@pytest.mark.parametrize("language", ["zh", "en"])
def test_it_says_how_fast_and_how_fast_it_may(language: Any) -> None:
    basin = Basin()
    basin.hours(2, 1.2, -0.25)
    said = EvidenceFormatter({}, language).evidence(basin.detector.evidence(120 * 60 * NS))
    assert "falls by 0.25 m per hour, at most 0.1 m" in said or "每小时下降 0.25 m，应不超过 0.1 m" in said


@given(st.integers(1, 140), st.lists(st.sampled_from([-0.25, 0.0]), min_size=140, max_size=140))
def test_a_restart_at_any_moment_changes_nothing(at: int, steps: list[float]) -> None:
    through, first = Basin(), Basin()
    level, after = 1.2, None
    for k, step in enumerate(steps):
        level += step / 60.0
        expected = through.read(level)
        if k < at:
            first.read(level)
            continue
        if after is None:
            after = Basin()
            after.detector.restore(json.loads(json.dumps(first.detector.checkpoint())))
            after.minute = k
            standing = first.detector.delay.verdict
            if standing is not None:
                after.detector.resume(standing)
        assert after.read(level) == expected


@given(st.lists(st.booleans(), min_size=150, max_size=150))
def test_lost_readings_never_make_a_leak(lost: list[bool]) -> None:
    basin = Basin()
    assert "#" not in {basin.read(None if gone else 1.2) for gone in lost}


def test_a_run_between_two_rests_is_no_creeping() -> None:
    """The flag that stops half way was lowered, and does not slide."""
    mast = stream("position", "frequency", unit="encoder", period=60.0)
    detect = {"kind": "rate", "signal": "position", "below": -0.02, "per": "60s", "over": "12min"}
    detect["when"] = [{"signal": "frequency", "below": 0.3, "magnitude": True}]
    rules = compile_device(
        Kind({"creeps": rule(detect)}, units={"position": "m", "frequency": "Hz"}), [mast], None
    )
    binding, detector = rules.bindings[mast], rules.instances[0].detector
    verdicts = ""
    for minute in range(40):
        running = minute in (15, 16)
        place = 28.3 if minute < 15 else 21.0 if minute == 15 else 14.0
        place -= 0.05 * max(0, minute - 28)  # and then it does
        one = sample(mast, 60 * minute, place, -50.0 if running else 0.0)
        binding.device_state.put(binding.signal_states, one)
        verdicts += MARK[detector.update(60 * minute * NS)]
    assert "#" not in verdicts[:29]
    assert verdicts.endswith("#")


def test_what_falls_a_little_more_slowly_still_falls() -> None:
    """Around the limit it would come and go."""
    plain, held = Basin(), Basin(hysteresis=0.04)
    for basin in (plain, held):
        assert basin.hours(2, 1.2, -0.12).endswith("#")
    assert plain.hours(2, 0.96, -0.08).endswith(".")
    assert held.hours(2, 0.96, -0.08).endswith("#")
    assert held.hours(2, 0.8, -0.04).endswith(".")
