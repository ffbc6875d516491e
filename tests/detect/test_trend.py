"""Where a signal is heading: a date, once a day, from robust points; nothing from noise."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.notification_fixtures import SITE_CONTEXT
from support.rule_harness import MARK, Kind, bad, rule, sample, stream

from facilityd.detect.compile import compile_device
from facilityd.detect.daily import DAY
from facilityd.detect.slope import theil_sen
from facilityd.detect.trend import TrendDetector
from facilityd.model.finding import Evidence
from facilityd.model.sample import NS
from facilityd.notify.evidence_text import EvidenceFormatter

LEAK = stream("leakage", period=3600.0)
DRIFT = {"kind": "trend", "signal": "leakage", "above": 7.5, "within": "30d"}
LIFE = {"kind": "trend", "signal": "leakage", "above": 50_000, "within": "90d", "counter": True, "points": 7}
EVERY_H = 4


class Season:
    """A circuit read every four hours, day after day."""

    def __init__(self, detect: dict[str, Any]) -> None:
        kind = Kind({"drift": rule(detect)}, {}, {"leakage": "mA"})
        device_rules = compile_device(kind, [LEAK], None)
        self.binding = device_rules.bindings[LEAK]
        detector = device_rules.instances[0].detector
        assert isinstance(detector, TrendDetector)
        self.detector = detector
        self.reads = 0

    def read(self, value: float | None) -> str:
        self.reads += 1
        return self.take((self.reads - 1) * EVERY_H * 3600, value)

    def take(self, second: int, value: float | None) -> str:
        one = bad(LEAK, second) if value is None else sample(LEAK, second, value)
        self.binding.device_state.put(self.binding.signal_states, one)
        return MARK[self.detector.update(second * NS)]

    def days(self, values: Sequence[float]) -> str:
        """Return the last verdict of every day."""
        return "".join([self.read(value) for _ in range(24 // EVERY_H)][-1] for value in values)

    def told(self) -> Evidence:
        return self.detector.evidence((self.reads - 1) * EVERY_H * 3600 * NS)


def test_too_few_days_are_no_verdict() -> None:
    season = Season(DRIFT)
    assert season.days([1.0 + 0.1 * day for day in range(14)]) == "?" * 14
    assert season.told().slug == "unknown-young"
    assert "takes 14 days of data, 13 so far" in EvidenceFormatter({}, "en").evidence(season.told())


def test_a_steady_rise_is_told_with_its_date() -> None:
    season = Season(DRIFT)
    got = season.days([1.0 + 0.1 * day + 0.02 * (day % 3) for day in range(60)])
    assert got.index("#") == 38, "7.5 is reached on day 65; 35, 36 and 37 are the days that say so"
    assert set(got[38:]) == {"#"}
    evidence = season.told()
    assert evidence.slug == "trend-heads"
    earliest, likely, latest = (int(evidence.numbers[f"{n}_at"]) for n in ("earliest", "likely", "latest"))
    assert earliest <= likely <= latest
    assert likely / DAY == pytest.approx(65, abs=0.5)
    words = EvidenceFormatter({}, "en", SITE_CONTEXT.zone).evidence(evidence)
    assert "moves by +0.1 mA a day" in words
    assert "about 1970-03-0" in words, "counted from the test's own day 0"


def test_a_fall_to_a_lower_limit() -> None:
    season = Season({**DRIFT, "above": None, "below": 2.0})
    assert season.days([9.0 - 0.1 * day for day in range(60)])[-1] == "#"


@pytest.mark.parametrize("seed", range(20))
def test_noise_heads_nowhere(seed: int) -> None:
    chance = random.Random(seed)
    got = Season(DRIFT).days([5.0 + chance.gauss(0, 0.8) for _ in range(100)])
    assert "#" not in got


def test_a_few_wild_days_do_not_bend_it() -> None:
    flat = [2.0 + 0.001 * (day % 7) for day in range(40)]
    for day in (11, 23, 24, 37):
        flat[day] = 7.4
    assert set(Season(DRIFT).days(flat)) == {"?", "."}


def test_what_is_too_far_ahead_is_not_told() -> None:
    season = Season({**DRIFT, "within": "366d"})
    got = season.days([1.0 + 0.02 * day for day in range(40)])
    assert "#" not in got, "325 days ahead, seen 40: nobody knows"


def test_a_counter_goes_by_its_use_and_a_new_lamp_begins_anew() -> None:
    season = Season(LIFE)
    assert season.days([49_000.0 + 10 * day for day in range(30)])[-1] == "#", "70 days of 10 h are left"
    assert season.told().slug == "trend-heads"
    assert season.days([50_100.0]) == "#"
    assert season.told().slug == "trend-reached"
    assert set(season.days([3.0 + 10 * day for day in range(20)])) == {"."}


def test_a_counter_beyond_its_life_is_told_at_once() -> None:
    season = Season(LIFE)
    season.read(65_000.0)
    assert season.told().slug == "trend-reached"


def test_service_begins_anew() -> None:
    season = Season(DRIFT)
    season.days([1.0 + 0.1 * day for day in range(50)])
    season.detector.serviced()
    assert set(season.days([1.0] * 30)) == {"."}


def test_the_slope_against_figures_worked_by_hand() -> None:
    """y = 2, 4, 5, 8, 9 over 0…4: ten slopes 2 1 3 1 | 1.5 2 5/3 | 2 2 | 1.75; median 1.875, all rising."""
    found = theil_sen([0, 1, 2, 3, 4], [2.0, 4.0, 5.0, 8.0, 9.0])
    assert found.middle == pytest.approx(1.875)
    assert found.p == pytest.approx(0.0275, abs=5e-4), "S = 10, var = 5 x 4 x 15 / 18"
    assert (found.low, found.high) == (1.0, 3.0)
    assert theil_sen([0, 1, 2], [1.0, 1.0, 1.0]).p == 1.0


@settings(max_examples=30, deadline=None)
@given(cut=st.integers(0, 40 * 6), holes=st.sets(st.integers(0, 239), max_size=30))
def test_a_restart_at_any_moment_changes_nothing(cut: int, holes: set[int]) -> None:
    values = [None if n in holes else 1.0 + 0.13 * (n // 6) + 0.1 * (n % 5) for n in range(240)]

    def play(restart: int) -> str:
        season, got = Season(DRIFT), ""
        for n, value in enumerate(values):
            if n == restart:
                kept = json.loads(json.dumps(season.detector.checkpoint()))
                verdict, season = season.detector.delay.verdict, Season(DRIFT)
                if verdict is not None:
                    season.detector.resume(verdict)
                season.detector.restore(kept)
                season.reads = n
            got += season.read(value)
        return got

    assert play(cut) == play(-1)


def test_memory_is_bounded() -> None:
    season = Season(DRIFT)
    season.days([1.0] * 200)
    for n in range(1000):
        season.take(season.reads * EVERY_H * 3600 + n, 1.0)
    kept = season.detector.kind_checkpoint()["days"]
    assert len(kept["points"]) == 120
    assert len(kept["today"]) <= 64
