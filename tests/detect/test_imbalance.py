"""Phases that differ: named is the worst one, and a machine at rest is never unbalanced."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rule_harness import MARK, Kind, bad, rule, sample, stream

from facilityd.detect.compile import DeviceRules, compile_device
from facilityd.model.sample import NS
from facilityd.notify.evidence_text import EvidenceFormatter

PHASES = ("current_l1", "current_l2", "current_l3")
METER = stream(*PHASES, unit="meter")
RULE = {
    "kind": "imbalance",
    "signals": list(PHASES),
    "above": 10,
    "hysteresis": 2,
    "least": 2,
    "on_delay": "2s",
}
# The last: one phase gone altogether
READ = {
    ".": (8.0, 8.2, 7.9),
    "~": (8.0, 8.0, 9.1),  # 8.8 % off: between the limit and its hysteresis
    "#": (8.0, 5.0, 8.0),
    "x": (8.0, 0.0, 8.0),
    "0": (0.1, 0.0, 0.3),
}


def phases() -> DeviceRules:
    kind = Kind({"unbalanced": rule(RULE)}, units=dict.fromkeys(PHASES, "A"))
    return compile_device(kind, [METER], None)


def play(device_rules: DeviceRules, story: str) -> str:
    verdicts = []
    for second, mark in enumerate(story):
        one = bad(METER, second) if mark == "?" else sample(METER, second, *READ[mark])
        device_rules.bindings[METER].device_state.put(device_rules.bindings[METER].signal_states, one)
        verdicts.append(MARK[device_rules.instances[0].detector.update(second * NS)])
    return "".join(verdicts)


@pytest.mark.parametrize(
    ("story", "verdicts"),
    [
        ("......", "......"),
        ("..####..", "....##.."),
        ("..xxxx..", "....##.."),
        ("..####~~.", "....####."),  # back only past the hysteresis
        ("..~~~~~~", "........"),
        ("000000", "??????"),  # a motor at rest has no phases to compare
        (".000", "...."),  # what was seen while it ran stands
        ("..##?##", "....?##"),
        ("..####?", "....##?"),
    ],
)
def test_a_phase_that_is_off(story: str, verdicts: str) -> None:
    assert play(phases(), story) == verdicts


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_worst_phase_is_named_with_the_mean(language: Any) -> None:
    device_rules = phases()
    play(device_rules, "..####")
    said = device_rules.instances[0].detector.evidence(5 * NS)
    sentence = EvidenceFormatter({}, language).evidence(said)
    assert said.signal == "current_l2"
    assert all(part in sentence for part in ("current_l2", "5.00 A", "7.00 A", "28.6", "10"))


@given(st.text(alphabet=".~0?", min_size=1, max_size=40))
def test_no_lost_or_idle_reading_ever_makes_it_wrong(story: str) -> None:
    assert "#" not in play(phases(), story)
