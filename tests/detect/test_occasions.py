"""A verdict that stands between two runs says of which run it is, and each run is news where a checklist asks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.rule_harness import Kind, rule, sample, state, stream

from facilityd.detect.engine import RuleEngine
from facilityd.model.finding import Finding
from facilityd.model.sample import NS

HOIST = stream("frequency", "top", "tension")
UNITS = {"frequency": "Hz", "top": "", "tension": "N"}
STATES = {"moving": state({"signal": "frequency", "above": 0.3, "magnitude": True})}
RULES = {
    "time": {"kind": "sequence", "begins": {"signal": "frequency", "above": 0.3},
             "ends": {"signal": "top", "is": True}, "at_least": "3s", "at_most": "5s", "gives_up": "9s"},
    "loose": {"kind": "limit", "signal": "tension", "below": 150, "during": ["moving"]},
    "uneven": {"kind": "imbalance", "signals": ["tension", "frequency"], "above": 200, "during": ["moving"]},
}  # fmt: skip
# _ at rest, u upwards, T arrived at the top
SAID = {"_": (0.0, False, 490.0), "u": (50.0, False, 400.0), "T": (0.0, True, 300.0)}
WALL = 1_790_000_000 * NS
"""The label runs so far ahead of the steady clock here (ns)."""


def _engine(*asked: str) -> RuleEngine:
    engine = RuleEngine({"hoist": Kind({n: rule(r) for n, r in RULES.items()}, STATES, UNITS)}, [HOIST])
    engine.report_each_occasion(HOIST.device, asked)
    return engine


def _play(engine: RuleEngine, story: str, begin: int = 0) -> list[Finding]:
    """Play a sample a second."""
    samples = [_at(second, *SAID[mark]) for second, mark in enumerate(story, begin)]
    return [finding for one in samples for finding in engine.evaluate([one])]


def _at(second: int, *values: Any) -> Any:
    made = sample(HOIST, second, *values)
    return type(made)(HOIST, WALL + second * NS, second * NS, made.values)


def _of(found: list[Finding], name: str) -> list[tuple[int, bool | None, int]]:
    """Return (second told, verdict, second seen) of a rule."""
    mine = [f for f in found if f.rule == name and f.verdict is not None]
    return [
        (f.steady // NS, f.verdict, (f.evidence.seen - WALL) // NS if f.evidence.seen else 0) for f in mine
    ]


def test_each_run_is_news_where_it_is_asked_for_and_only_there() -> None:
    story = "__uuuuTT___uuuuuTT___uuuuuuuuTT__"
    asked = _of(_play(_engine("time", "loose"), story), "time")
    assert [verdict for _, verdict, _ in asked] == [False, False, False, True, True]
    assert [seen for *_, seen in asked] == [0, 6, 16, 0, 29], "one that is late already is not over"
    plain = _of(_play(_engine(), story), "time")
    assert [verdict for _, verdict, _ in plain] == [False, True]


def test_the_values_are_those_of_the_run_and_not_of_the_rest_after_it() -> None:
    found = [f for f in _play(_engine("loose", "uneven"), "__uuuuTT___") if f.verdict is False]
    loose = [f.evidence for f in found if f.rule == "loose"]
    assert [(e.numbers["value"], (e.seen - WALL) // NS if e.seen else 0) for e in loose] == [
        (400.0, 0),
        (400.0, 5),
    ]
    assert [f.evidence.seen != 0 for f in found if f.rule == "uneven"] == [False, True]


@pytest.mark.parametrize("kept", [True, False])
def test_over_a_restart_it_stays_of_that_run(kept: bool) -> None:
    before = _engine("time", "loose", "uneven")
    told = _play(before, "__uuuuTT___")
    checkpoint = {key: json.loads(json.dumps(state)) for key, state in before.checkpoint().items()}
    after = _engine("time", "loose", "uneven")
    if kept:
        newest = {(f.device, f.rule): f for f in told}
        after.restore_findings(newest.values())
        after.restore(checkpoint)
    found = _play(after, "TTT", 100)
    for name, seen in (("time", 6), ("loose", 5), ("uneven", 5)):
        assert _of(found, name) == ([(100, False, seen)] if kept else []), name
    values = [f.evidence.numbers["value"] for f in found if f.rule == "loose" and f.verdict is not None]
    assert values == [400.0] * kept
