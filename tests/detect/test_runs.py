"""Runs that keep their time, values that stand still, jump, tremble or are of no use."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from support.rule_harness import MARK, Kind, bad, rule, sample, state, stream

from facilityd.detect.compile import compile_device
from facilityd.model.quality import Reason
from facilityd.model.sample import NS

HOIST = stream("frequency", "top", "position")
UNITS = {"frequency": "Hz", "top": "", "position": "m"}
STATES = {"moving": state({"signal": "frequency", "above": 0.3, "magnitude": True})}
RUN = {"kind": "sequence", "begins": {"signal": "frequency", "above": 0.3},
       "ends": {"signal": "top", "is": True}, "at_least": "3s", "at_most": "5s", "gives_up": "9s"}  # fmt: skip
FROZEN = {"kind": "frozen", "signal": "position", "least": 0.05, "during": ["moving"], "on_delay": "2s"}
SPIKE = {"kind": "spike", "signal": "position", "faster": 0.5, "least": 0.2, "times": 2, "over": "10s"}
INVALID = {"kind": "invalid", "signal": "position", "on_delay": "2s"}
RIPPLE = {"kind": "ripple", "signal": "position", "above": 1.0, "points": 5}
# _ at rest, u upwards, T arrived, P creeping at the top with the drive on; digits and letters: a position
SAID: dict[str, tuple[float, bool, float]] = {
    "_": (0.0, False, 0.0),
    "u": (50.0, False, 1.0),
    "T": (0.0, True, 28.0),
    "j": (10.0, False, 1.0),
}


def said(mark: str) -> tuple[float, bool, float]:
    return SAID[mark] if mark in SAID else (50.0, False, float(mark))


def compiled(detect: dict[str, Any]) -> Any:
    return compile_device(Kind({"it": rule(detect)}, STATES, UNITS), [HOIST], None)


def play(detect: dict[str, Any], story: str, cut: int = -1, reason: Reason = Reason.TIMEOUT) -> str:
    made, out = compiled(detect), []
    for second, mark in enumerate(story):
        if second == cut:  # the daemon is restarted
            state = json.loads(json.dumps(made.instances[0].detector.checkpoint()))
            made = compiled(detect)
            if "#" in out:  # an alarm is stored once it was raised
                made.instances[0].detector.resume([v for v in out if v != "?"][-1] == "#")
            if state is not None:
                made.instances[0].detector.restore(state)
        binding, detector = made.bindings[HOIST], made.instances[0].detector
        if mark != " ":
            one = bad(HOIST, second, reason) if mark == "?" else sample(HOIST, second, *said(mark))
            binding.device_state.put(binding.signal_states, one)
        out.append(MARK[detector.update(second * NS)])
    return "".join(out)


@pytest.mark.parametrize(
    ("story", "verdicts"),
    [
        ("__uuuuTT", "??????.."),  # four seconds, in time
        ("__uuuuuuuuTT", "????????####"),  # too long, as soon as that is certain
        ("__uTTT", "???###"),  # arrived at once: a limit that acts too early
        ("__uTT__uuuuTT", "???########.."),  # right again after a run in time
        ("__uuuuuuuuuuuuu_", "????????########"),  # never arrives
        ("uuuuuuuuuu", "??????????"),  # when it began was not seen
        ("__uuu???TT", "????????.."),  # what was not seen is not held against it
        ("__   uTT", "??????.."),  # may have begun any time since second 1
        ("__uu_uTT", "??????.."),  # broke off: the rest of the way takes less time than the whole
    ],
)
def test_a_run_keeps_its_time(story: str, verdicts: str) -> None:
    assert play(RUN, story) == verdicts


@pytest.mark.parametrize(
    ("story", "verdicts"),
    [
        ("__uujuuTT", "???????.."),  # slower for a second, and in time
        ("__ujuTT", "?????.."),  # three seconds from its true beginning: not early
        ("__uujuuuuuTT", "????????####"),  # late, as the clock was not set anew
        ("__uu_uuTT", "???????.."),  # stood still: what is left takes less
        ("__uu_uuuuuuuuTT", "???????????####"),  # and is late by itself
        ("__uu_uTT__uTT", "??????.....##"),  # the next is a whole way again
    ],
)
def test_a_run_in_jerks_is_one_run(story: str, verdicts: str) -> None:
    way = {"begins": {"signal": "frequency", "above": 30}, "under_way": {"signal": "frequency", "above": 0.3}}
    assert play(RUN | way, story) == verdicts


def test_it_says_how_long_the_run_took() -> None:
    made = compiled(RUN)
    binding, detector = made.bindings[HOIST], made.instances[0].detector
    for second, mark in enumerate("__uuuuuuuuT"):
        binding.device_state.put(binding.signal_states, sample(HOIST, second, *said(mark)))
        detector.update(second * NS)
    told = detector.evidence(10 * NS)
    assert (told.slug, told.numbers) == ("sequence-late", {"took_s": 7.0, "least_s": 3.0, "most_s": 5.0})


@pytest.mark.parametrize(
    ("story", "verdicts"),
    [
        ("123456", "?....."),
        ("1233333", "?....##"),  # moving by the drive, standing by the encoder
        ("123333456", "?....#..."),
        ("12333?3", "?....?#"),
        ("____", "????"),  # at rest nothing need move
        ("1233_____", "?........"),
    ],
)
def test_an_encoder_stands_still(story: str, verdicts: str) -> None:
    assert play(FROZEN, story) == verdicts


@pytest.mark.parametrize(
    ("story", "verdicts"),
    [
        ("1111", "?..."),
        ("1511111", "?.#####"),  # there and back are two jumps
        ("15111111111111", "?.#########..."),  # forgotten after ten seconds
        ("1          5", "?...???????."),  # eleven seconds: it may have moved there
        ("1?5?1", "??.?#"),
    ],
)
def test_an_encoder_jumps(story: str, verdicts: str) -> None:
    assert play(SPIKE, story) == verdicts


def test_an_answer_of_no_use_is_told_and_silence_is_not() -> None:
    assert play(INVALID, "11???1", reason=Reason.NO_VALUE) == "....#."
    assert play(INVALID, "11???1", reason=Reason.TIMEOUT) == "..???."


def test_torque_trembles_or_climbs() -> None:
    assert play(RIPPLE, "123456789") == "?????....", "a slope of one per second is no unrest beyond 1"
    assert play(RIPPLE, "1915191519") == "?????#####"
    assert play(RIPPLE, "191519?1915")[5:] == "#?####", "a loss begins the window anew, and clears nothing"
    quiet = {**RIPPLE, "above": None, "below": 0.1}
    assert play(quiet, "11111111") == "?????###"
    with pytest.raises(ValidationError, match="exactly one of above, below"):
        rule({**RIPPLE, "below": 1.0})


JERKY = RUN | {
    "begins": {"signal": "frequency", "above": 30},
    "under_way": {"signal": "frequency", "above": 1},
}


@pytest.mark.parametrize("detect", [RUN, JERKY, SPIKE, FROZEN, RIPPLE], ids=lambda d: d["kind"])
@given(story=st.text("__uuTTj159", max_size=25), cut=st.integers(0, 25))
def test_a_restart_at_any_moment_changes_nothing(detect: dict[str, Any], story: str, cut: int) -> None:
    assert play(detect, story, cut)[cut:] == play(detect, story)[cut:]


@pytest.mark.parametrize("detect", [RUN, FROZEN, SPIKE, RIPPLE], ids=lambda d: d["kind"])
@given(story=st.text("__uuTT159?? ", max_size=30))
def test_a_loss_is_never_news(detect: dict[str, Any], story: str) -> None:
    last = "."
    for mark, verdict in zip(story, play(detect, story), strict=True):
        if mark == "?":
            assert verdict in ("?", last), "unknown, or as it was"
        if verdict != "?":
            last = verdict
