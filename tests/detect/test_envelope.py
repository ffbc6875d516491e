"""A rope's tension over the height of the flag: learned per direction, judged at each place."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rule_harness import MARK, START, Kind, bad, rule, sample, stream

from facilityd.detect.compile import compile_device
from facilityd.detect.envelope import fit_envelope
from facilityd.detect.learned import FitRefused, LearnedDetector
from facilityd.model.baseline import Baseline, HealthyReading
from facilityd.model.sample import NS

ROPE = stream("tension", "position", "speed")
CURVE = {"kind": "envelope", "signal": "tension", "over": "position", "direction": "speed",
         "share": 0.25, "bins": 10, "runs": 2, "on_delay": "2s"}  # fmt: skip


def usual(place: float, way: int) -> float:
    return 500.0 + 5.0 * place + 40.0 * way


def healthy(runs: int = 2) -> list[HealthyReading]:
    rows = []
    for run in range(2 * runs):
        way = 1 if run % 2 == 0 else -1
        places = range(30) if way > 0 else range(29, -1, -1)
        rows += [
            HealthyReading((run * 1000 + n) * NS, "moving", (usual(place, way), float(place), float(way)))
            for n, place in enumerate(places)
        ]
    return rows


def compiled(**more: Any) -> tuple[Any, Any]:
    made_rule = rule({**CURVE, **more})
    made = compile_device(
        Kind({"jam": made_rule}, units={"tension": "N", "position": "m", "speed": ""}), [ROPE], None
    )
    detector = made.instances[0].detector
    assert isinstance(detector, LearnedDetector)
    data = fit_envelope(made_rule.detect, healthy())
    detector.set_baseline(Baseline("hoist", "jam", 1, START, START, START, "wang", data))
    return made.bindings[ROPE], detector


def play(story: str, *, way: int = 1, **more: Any) -> str:
    """Go up (or down) a metre a second: '#' 200 N too much, '-' too little, 's' standing."""
    binding, detector = compiled(**more)
    out = []
    for second, mark in enumerate(story):
        place = second if way > 0 else 29 - second
        value = usual(place, way) + {"#": 220.0, "-": -220.0}.get(mark, 0.0)
        one = sample(ROPE, second, value, float(place), 0.0 if mark == "s" else float(way))
        binding.device_state.put(binding.signal_states, bad(ROPE, second) if mark == "?" else one)
        out.append(MARK[detector.update(second * NS)])
    return "".join(out)


@pytest.mark.parametrize(
    ("story", "verdicts", "more"),
    [
        ("..........", "..........", {}),
        ("...####...", ".....##...", {}),
        ("...----...", ".....##...", {}),
        ("...----...", "..........", {"side": "above"}),
        ("...####...", "..........", {"band": 100.0}),
        ("...##?##..", ".....?##..", {}),
        ("...####sss", ".....#####", {}),  # standing says nothing: it is not over
        ("....####.." + "." * 20 + "##", "......##" + "." * 24, {}),  # higher than ever taught: not judged
    ],
)
def test_outside_what_was_learned(story: str, verdicts: str, more: dict[str, Any]) -> None:
    assert play(story, **more) == verdicts


def test_each_direction_has_its_own_curve() -> None:
    assert play("." * 12, way=-1) == "." * 12
    assert play("..####......", way=-1) == "....##......"


def test_it_names_the_place_and_what_is_usual() -> None:
    binding, detector = compiled()
    for second in range(3):
        binding.device_state.put(binding.signal_states, sample(ROPE, second, 800.0, 10.0, 1.0))
        detector.update(second * NS)
    told = detector.evidence(2 * NS)
    assert (told.slug, told.signal, told.numbers["place_n"]) == ("envelope-above", "tension", 10.0)
    assert told.numbers["usual"] == pytest.approx(usual(10, 1), abs=10)


def test_too_few_runs_teach_nothing() -> None:
    with pytest.raises(FitRefused) as told:
        fit_envelope(rule({**CURVE, "runs": 6}).detect, healthy(3))
    assert (told.value.slug, told.value.numbers) == ("unfit-runs", {"seen_n": 3, "needed_n": 6})
    with pytest.raises(FitRefused):
        fit_envelope(rule(CURVE).detect, [])


def test_without_a_baseline_it_cannot_tell() -> None:
    binding, detector = compiled()
    detector.set_baseline(None)
    binding.device_state.put(binding.signal_states, sample(ROPE, 0, 900.0, 10.0, 1.0))
    assert detector.update(0) is None
    assert detector.evidence(0).slug == "unknown-unlearned"


@given(st.text(".#-?s", max_size=28))
def test_a_loss_raises_and_clears_nothing(story: str) -> None:
    last = "."
    for mark, verdict in zip(story, play(story), strict=True):
        if mark == "?":
            assert verdict == "?"
        if mark in "?s" and verdict != "?":
            assert verdict in (last, "#"), "standing may only let a delay run on"
        if verdict != "?":
            last = verdict


@pytest.mark.parametrize(("hysteresis", "verdicts"), [(0.0, "###...."), (60.0, "#####..")])
def test_a_curve_that_is_nearly_back_is_not_back_yet(hysteresis: float, verdicts: str) -> None:
    binding, detector = compiled(share=0.0, band=200.0, on_delay="0s", hysteresis=hysteresis)
    seen = ""
    for second, more in enumerate((220.0, 220.0, 220.0, 160.0, 160.0, 120.0, 120.0)):
        one = sample(ROPE, second, usual(second, 1) + more, float(second), 1.0)
        binding.device_state.put(binding.signal_states, one)
        seen += MARK[detector.update(second * NS)]
    assert seen == verdicts
