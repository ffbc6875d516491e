"""A lamp, a flag, a show: on and off by the sun or the clock, with some patience at the edges."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rule_harness import MARK, Kind, bad, rule, sample, stream

from facilityd.detect.compile import compile_device
from facilityd.detect.context import RuleContext
from facilityd.model.sample import NS

FLAG = stream("position")
ALOFT = {"kind": "schedule", "state": {"signal": "position", "above": 0.5},
         "on_from": "sunrise", "on_until": "sunset", "tolerance": "2s"}  # fmt: skip
HEIGHT = {".": 0.0, "^": 28.0}


class Days:
    """Sunrise at second 10, sunset at 20, of days that are a thousand seconds long."""

    ahead = 0
    """Of a clock that nobody set."""

    def near(self, instant: int) -> bool:
        return False

    def edges(self, spec: str, instant: int) -> tuple[int, ...]:
        second = {"sunrise": 10, "sunset": 20}.get(spec)
        return () if second is None else tuple((second + day) * NS for day in (-1000, 0, 1000))


def compiled(calendar: Any = None, **more: Any) -> Any:
    kind = Kind({"aloft": rule({**ALOFT, **more})}, units={"position": "m"})
    return compile_device(kind, [FLAG], None, RuleContext(calendar=calendar or Days()))


def play(story: str, **more: Any) -> str:
    made = compiled(**more)
    binding, detector = made.bindings[FLAG], made.instances[0].detector
    out = []
    for second, mark in enumerate(story):
        if mark != " ":
            one = bad(FLAG, second) if mark == "?" else sample(FLAG, second, HEIGHT[mark])
            binding.device_state.put(binding.signal_states, one)
        out.append(MARK[detector.update(second * NS)])
    return "".join(out)


@pytest.mark.parametrize(
    ("story", "verdicts", "more"),
    [
        ("..........^^^^^^^^^^......", "." * 26, {}),
        ("...........^^^^^^^^^^.....", "." * 26, {}),  # a second late is in time
        ("..............^^^^^^......", "............##............", {}),  # two minutes late is not
        (
            "....^^^^^^^^^^^^^^^^......",
            "....####" + "#" * 4 + "." * 14,
            {},
        ),  # early; told till the edge is past
        ("..........^^^^^^^^^^^^^^..", "......................##..", {}),
        ("..............^^^^^^......", "." * 26, {"direction": "unbidden"}),
        ("..........^^^^^^^^^^^^^^..", "." * 26, {"direction": "missing"}),
        ("..........????????????....", "..........????????????....", {}),
    ],
)
def test_by_the_sun(story: str, verdicts: str, more: dict[str, Any]) -> None:
    assert play(story, **more) == verdicts[: len(story)]


def test_what_was_read_before_the_hour_says_nothing_after_it() -> None:
    """The last sample is of second 11; that nothing came since is no proof that the flag stayed down."""
    assert play("............  ") == "." * 14


def test_it_names_the_hour() -> None:
    made = compiled()
    binding, detector = made.bindings[FLAG], made.instances[0].detector
    binding.device_state.put(binding.signal_states, sample(FLAG, 15, 0.0))
    assert detector.update(15 * NS) is True
    told = detector.evidence(15 * NS)
    assert (told.slug, told.numbers["edge_clock"], told.numbers["value"]) == (
        "schedule-missing",
        10 * NS,
        0.0,
    )
    binding.device_state.put(binding.signal_states, sample(FLAG, 16, 28.0))
    assert detector.update(16 * NS) is False
    assert detector.evidence(16 * NS).slug == "schedule-kept"


def test_where_the_sun_never_rises_it_cannot_tell() -> None:
    assert play("...", on_from="sunrise+1h", on_until="sunset+1h") == "???"


@given(st.text(".^? ", min_size=1, max_size=40), st.integers(0, 39))
def test_a_loss_is_never_news_and_a_restart_changes_nothing(story: str, cut: int) -> None:
    whole = play(story)
    assert play(story[:cut]) == whole[: len(story[:cut])]
    for mark, verdict in zip(story, whole, strict=True):
        if mark == "?":
            assert verdict == "?"
