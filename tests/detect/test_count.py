"""Too many happenings in a window: counted once each, forgotten in time, kept over a restart."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rule_harness import MARK, START, Kind, bad, rule, sample, stream

from facilityd.detect.compile import compile_device
from facilityd.detect.count import CountDetector
from facilityd.model.sample import NS
from facilityd.notify.evidence_text import EvidenceFormatter

LAMP = stream("current", period=60.0)
CYCLES = {"kind": "count", "of": {"signal": "current", "above": 5}, "over": "10min", "above": 3}
STEPS = {"kind": "count", "counter": "current", "over": "10min", "above": 3}
LEVELS = {"#": 20.0, ".": 1.0}


class Night:
    """A lamp read once a minute; a story's letters are its readings."""

    def __init__(self, detect: dict[str, Any]) -> None:
        device_rules = compile_device(Kind({"cycles": rule(detect)}), [LAMP], None)
        self.binding, self.instance = device_rules.bindings[LAMP], device_rules.instances[0]
        detector = self.instance.detector
        assert isinstance(detector, CountDetector)
        self.detector = detector
        self.minute = 0

    def read(self, value: float | None) -> str:
        second = 60 * self.minute
        one = bad(LAMP, second) if value is None else sample(LAMP, second, value)
        self.binding.device_state.put(self.binding.signal_states, one)
        self.minute += 1
        return MARK[self.detector.update(second * NS)]

    def play(self, story: str) -> str:
        return "".join(self.read(LEVELS.get(mark)) for mark in story)


@pytest.mark.parametrize(
    ("story", "verdicts"),
    [
        (".#######", "........"),  # switched on once
        (".#.#.#.#", ".......#"),  # the fourth time is one too many
        (".#.#.#.#######....", ".......#####......"),  # it settles, and is forgotten in time
        ("#.#.#.#.#", "........#"),  # lit when first seen: that was no switching
        (".#.#.#?#", "......?."),  # still lit after a lost reading
        (".#.#.#.?#", ".......?#"),
    ],
)
def test_a_lamp_that_cycles(story: str, verdicts: str) -> None:
    assert Night(CYCLES).play(story) == verdicts


def test_a_counter_counts_its_steps_and_not_its_being_put_back() -> None:
    night = Night(STEPS)
    assert "".join(night.read(n) for n in (100.0, 101.0, 103.0, 103.0)) == "...."
    assert night.read(104.0) == "#", "four steps in four minutes"
    assert "".join(night.read(n) for n in [0.0] + [0.0] * 8) == "#######..", "put back: no step"
    said = night.detector.evidence(0)
    assert said.numbers == {"seen_n": 1.0, "most_n": 3.0, "over_s": 600}


def test_only_what_happens_on_duty_counts() -> None:
    night = Night({**STEPS, "when": [{"signal": "current", "above": 50}]})
    assert "".join(night.read(n) for n in (60.0, 40.0, 90.0, 91.0)) == "...."


def test_it_is_told_in_both_languages() -> None:
    night = Night(CYCLES)
    night.play(".#.#.#.#")
    evidence = night.detector.evidence(7 * 60 * NS)
    assert (
        EvidenceFormatter({}, "en").evidence(evidence)
        == "Current changed 4 times within 10 min, at most 3 expected"
    )
    assert EvidenceFormatter({}, "zh").evidence(evidence) == "10 分钟内current变化 4 次，应不超过 3 次"


@given(story=st.text("..##?", min_size=1, max_size=40), cut=st.integers(0, 39))
def test_a_restart_at_any_moment_changes_nothing(story: str, cut: int) -> None:
    whole = Night(CYCLES).play(story)
    first, second = Night(CYCLES), Night(CYCLES)
    begin = first.play(story[:cut])
    verdict = first.detector.delay.verdict
    if verdict is not None:
        second.detector.resume(verdict)
    second.detector.restore(json.loads(json.dumps(first.detector.checkpoint())))
    second.minute = first.minute
    assert begin + second.play(story[cut:]) == whole


@given(story=st.text("..##", min_size=1, max_size=30), at=st.integers(0, 29))
def test_a_lost_reading_never_raises(story: str, at: int) -> None:
    """What is seen late is forgotten late; but what never was too much is not too much with holes in it."""
    holed = story[:at] + "?" + story[at + 1 :]
    hour = {**CYCLES, "over": "1h"}
    assert "#" in Night(hour).play(story) or "#" not in Night(hour).play(holed)


@given(values=st.lists(st.floats(0, 1e6), max_size=400))
def test_memory_is_bounded(values: list[float]) -> None:
    night = Night({**STEPS, "over": "1h"})
    for value in values:
        night.read(value)
    assert len(night.detector.kind_checkpoint()["seen"]) <= 98


@pytest.mark.parametrize(("detect", "word"), [(CYCLES, "count"), (STEPS, "counter")])
def test_not_too_much_is_so_far_only_until_the_window_was_seen(detect: dict[str, Any], word: str) -> None:
    night = Night(detect)
    told = []
    for _ in range(14):
        second = 60 * night.minute
        night.binding.device_state.put(night.binding.signal_states, sample(LAMP, second, 1.0))
        night.minute += 1
        finding = night.instance.run(second * NS, START + second * NS)
        told += [(second // 60, finding.verdict, finding.evidence.slug)] if finding else []
    assert told == [(0, False, f"{word}-so-far"), (10, False, f"{word}-over")]


def test_so_far_names_when_counting_began_and_a_restart_or_service_is_heeded() -> None:
    night = Night(STEPS)
    night.minute = 5
    assert night.play("..") == ".."
    said = night.detector.evidence(0)
    assert ": +0 since counting began on 1970-01-01 at 00:05; the limit is 3 within 10 min" in (
        EvidenceFormatter({}, "en").evidence(said)
    )
    again = Night(STEPS)
    again.detector.restore(json.loads(json.dumps(night.detector.checkpoint())))
    again.minute = 15
    again.play(".")
    assert again.detector.evidence(0).slug == "counter-over"
    again.detector.serviced()
    again.play(".")
    assert again.detector.evidence(0).slug == "counter-so-far"
