"""Several signs of one cause: all of them, for long enough, in the right state, and settled there."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from support.rule_harness import MARK, START, Kind, bad, rule, sample, state, stream

from facilityd.detect import RuleEngine
from facilityd.detect.compile import compile_device
from facilityd.model.finding import Evidence, OtherSignal
from facilityd.model.sample import NS

PUMP = stream("flow", "suction", "speed", unit="pump")
CLOGGED = {
    "kind": "conjunction",
    "all": [{"signal": "flow", "below": 0.01, "per": "speed"}, {"signal": "suction", "below": 0.0}],
    "on_delay": "2s",
}
STATES = {"running": state({"signal": "speed", "above": 100})}
UNITS = {"flow": "m³/h", "suction": "bar", "speed": "rpm"}
# flow, suction, speed
SIGNS = {".": (29.0, 0.1, 2000.0), "f": (15.0, 0.1, 2000.0), "#": (15.0, -0.1, 2000.0), "0": (0.0, -0.1, 0.0)}


def play(story: str, **more: Any) -> str:
    kind = Kind({"clogged": rule({**CLOGGED, **more})}, STATES, UNITS)
    device_rules = compile_device(kind, [PUMP], None)
    binding, detector = device_rules.bindings[PUMP], device_rules.instances[0].detector
    verdicts = []
    for second, mark in enumerate(story):
        if mark != " ":
            one = bad(PUMP, second) if mark == "?" else sample(PUMP, second, *SIGNS[mark])
            binding.device_state.put(binding.signal_states, one)
        verdicts.append(MARK[detector.update(second * NS)])
    return "".join(verdicts)


@pytest.mark.parametrize(
    ("story", "verdicts", "more"),
    [
        ("......", "......", {}),
        ("..ffff", "......", {}),  # one sign is not enough
        ("..####", "....##", {}),  # both, for two seconds
        ("..##..", "......", {}),  # not long enough
        ("..####..", "....##..", {}),
        ("..##?##", "....?##", {}),  # what was not seen does not count, and clears nothing
        ("..####???", "....##???", {}),
        ("0000", "....", {}),  # at rest nothing is expected to flow
        ("0000", "????", {"during": ["running"]}),
        ("00####", "????##", {"during": ["running"]}),
        ("00######", "??????##", {"during": ["running"], "settle": "2s"}),
        (".00#####", "??????##", {"during": ["running"], "settle": "1s"}),  # settling begins anew
    ],
)
def test_signs_in_time(story: str, verdicts: str, more: dict[str, Any]) -> None:
    assert play(story, **more) == verdicts


def test_the_limit_follows_the_speed() -> None:
    slow = {"flow": 8.0, "suction": -0.1, "speed": 700.0}
    kind = Kind({"clogged": rule(CLOGGED)}, STATES, UNITS)
    engine = RuleEngine({"hoist": kind}, [PUMP])
    found = [f for n in range(5) for f in engine.evaluate([sample(PUMP, n, *slow.values())])]
    assert [f.verdict for f in found] == [False], "8 m³/h is more than 0.01 x 700"
    slow["flow"] = 6.0
    found = [f for n in range(5, 10) for f in engine.evaluate([sample(PUMP, n, *slow.values())])]
    assert [f.verdict for f in found] == [True]
    evidence = found[0].evidence
    assert (evidence.slug, evidence.signal) == ("conjunction-below", "flow")
    assert evidence.numbers == {
        "value": 6.0,
        "unit": "m³/h",
        "limit": 7.0,
        "for_s": 2.0,
    }
    assert evidence.others == (OtherSignal("suction", -0.1),)
    assert Evidence.from_dict(json.loads(json.dumps(evidence.as_dict()))) == evidence


def test_a_rule_without_its_signals_does_not_apply() -> None:
    kind = Kind({"clogged": rule(CLOGGED)}, STATES, UNITS)
    engine = RuleEngine({"hoist": kind}, [stream("flow", "speed", unit="pump")])
    assert engine.not_applicable("hoist") == {"clogged": ("suction",)}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"settle": "5s"}, "'settle' goes with 'during'"),
        ({"all": []}, "at least 1 item"),
        ({"all": [{"signal": "flow", "is": True, "per": "speed"}]}, "'per' goes with above or below"),
    ],
)
def test_what_makes_no_sense_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        rule({**CLOGGED, **change})


@given(story=st.text("..##f0?? ", min_size=1, max_size=40), cut=st.integers(0, 39))
def test_a_bad_or_missing_input_never_raises_and_never_clears(story: str, cut: int) -> None:
    """Where something is bad or missing the verdict is unknown or what it was; never news."""
    got = play(story)
    last = None
    for mark, verdict in zip(story, got, strict=True):
        if mark in "? " and verdict != "?":
            assert verdict == last or last is None or (mark == " " and last == "."), (story, got)
        if verdict != "?":
            last = verdict
    assert len(got) == len(story)
    assert play(story[:cut]) == got[: len(story[:cut])], "causal: what comes later changes nothing"


def test_a_restart_takes_the_verdict_over() -> None:
    kind = Kind({"clogged": rule(CLOGGED)}, STATES, UNITS)
    device_rules = compile_device(kind, [PUMP], None)
    detector = device_rules.instances[0].detector
    detector.resume(True)
    binding = device_rules.bindings[PUMP]
    binding.device_state.put(binding.signal_states, sample(PUMP, 0, *SIGNS["#"]))
    assert detector.update(0) is True
    binding.device_state.put(binding.signal_states, sample(PUMP, 1, *SIGNS["."]))
    assert detector.update(NS) is False
    assert START


LOOKS = {
    "kind": "conjunction",
    "all": [{"rule": "low"}, {"signal": "suction", "below": 0.0}],
    "on_delay": "2s",
}


def causes(detect: dict[str, Any]) -> Kind:
    """A family whose symptom ``low`` waits long, and whose cause looks at it."""
    slow = {"kind": "conjunction", "all": [{"signal": "flow", "below": 20.0}], "on_delay": "20s"}
    symptom = rule(slow, consequence_of=["clogged"])
    return Kind({"clogged": rule(detect), "low": symptom}, STATES, UNITS)


@pytest.mark.parametrize(
    ("is_", "story", "heard"),
    [
        (True, "..####....", [("clogged", 4)]),  # the symptom's own long on-delay is not waited for
        (True, "..ffffff..", []),
        (True, "..##.####.", [("clogged", 7)]),
        (True, "..##??####", [("clogged", 6)]),  # one lost reading pauses the count
        (False, "..####....", []),  # a sign that must be absent is there
    ],
)
def test_a_rule_is_a_sign_of_another(is_: bool, story: str, heard: list[tuple[str, int]]) -> None:
    terms = [{"rule": "low", "is": is_}, LOOKS["all"][1]]
    engine = RuleEngine({"pump": causes({**LOOKS, "all": terms})}, [replace(PUMP, family="pump")])
    source = replace(PUMP, family="pump")
    found = []
    for second, mark in enumerate(story):
        one = bad(source, second) if mark == "?" else sample(source, second, *SIGNS[mark])
        found += engine.evaluate([one])
    assert [(f.rule, f.steady // NS) for f in found if f.verdict and not f.evidence.cause] == heard


def test_where_the_other_rule_cannot_be_judged_its_cause_is_not_applicable() -> None:
    blind = replace(PUMP, family="pump", signals=("suction", "speed"), types=PUMP.types[:2])
    engine = RuleEngine({"pump": causes(LOOKS)}, [blind])
    assert engine.not_applicable("hoist") == {"clogged": ("flow",), "low": ("flow",)}


def test_a_sign_that_is_nearly_gone_holds_what_it_was_part_of() -> None:
    SIGNS["n"] = (21.0, -0.1, 2000.0)  # over 0.01 per rpm, within the hysteresis
    terms = [{"signal": "flow", "below": 0.01, "per": "speed", "hysteresis": 0.001}, CLOGGED["all"][1]]
    assert play("nnnn", all=terms) == "....", "it does not begin so"
    assert play("####nnnn....", all=terms) == "??######...."
    assert play("####nnnn....") == "??##........", "without one it ends at once"
