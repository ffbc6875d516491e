"""What must hold for every story whatever."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from support.rule_harness import START, Kind, letter, play, rule, rule_instances, state, stream

from facilityd.detect import RuleEngine
from facilityd.detect.compile import compile_device
from facilityd.detect.device_state import NEVER
from facilityd.model.finding import Finding
from facilityd.model.sample import NS

STORY = st.text(alphabet=".~#?^ ", min_size=1, max_size=60)
LIMITS = st.fixed_dictionaries(
    {
        "kind": st.just("limit"),
        "signal": st.just("current"),
        "above": st.just(10.0),
        "hysteresis": st.sampled_from([0.0, 2.0]),
        "on_delay": st.sampled_from(["0s", "2s", "5s"]),
        "off_delay": st.sampled_from(["0s", "3s"]),
        "during": st.sampled_from([(), ("lifting",)]),
    }
)
VALUES = {".": 1.0, "~": 9.0, "#": 20.0}
LIFTING = {"lifting": state({"signal": "current", "above": 8.5})}


def _kind(detect: dict) -> Kind:
    return Kind({"high": rule(detect), "silent": rule({"kind": "silence"})}, LIFTING)


@settings(max_examples=300, deadline=None)
@given(LIMITS, STORY)
def test_a_verdict_only_turns_on_a_good_value_that_says_so(detect: dict, story: str) -> None:
    """Unknown never raises and never clears: where it ends, the verdict is what it was, or was earned."""
    plain = detect | {"during": ()}
    standing = None
    for second, verdict in enumerate(play(plain, story)):
        if verdict == "?":
            continue
        if standing is not None and verdict != standing:
            newest = story[: second + 1].rstrip(" ")[-1]
            assert newest == "#" if verdict == "#" else newest in ".~"
        standing = verdict


@settings(max_examples=300, deadline=None)
@given(LIMITS, STORY.map(lambda s: s.replace("#", "~").replace("~", "?", 3)))
def test_without_a_wrong_value_nothing_is_ever_wrong(detect: dict, story: str) -> None:
    assert "#" not in play(detect | {"during": ()}, story)


@settings(max_examples=300, deadline=None)
@given(st.integers(1, 9), st.text(alphabet="#?^ ", min_size=1, max_size=60))
def test_a_delay_never_counts_more_than_was_seen(delay: int, story: str) -> None:
    """However the losses lie, a raise has at least ``delay`` seconds vouched for by good samples."""
    verdicts = play({"kind": "limit", "signal": "current", "above": 10.0, "on_delay": f"{delay}s"}, story)
    if "#" in verdicts:
        assert story[: verdicts.index("#") + 1].count("#") >= delay


def _stories(detect: dict, story: str, *, always: bool) -> list[Finding]:
    source = stream("current")
    engine = RuleEngine({"hoist": _kind(detect)}, [source])
    found: list[Finding] = []
    for second, mark in enumerate(story):
        found += engine.evaluate(letter(source, second, mark, VALUES))
        for instance in rule_instances(engine) if always else ():
            instance.wake = NEVER
        found += engine.tick(second * NS, START + second * NS)
    return found


@settings(max_examples=300, deadline=None)
@given(LIMITS, STORY)
def test_waking_only_when_due_tells_the_same_as_looking_all_the_time(detect: dict, story: str) -> None:
    assert _stories(detect, story, always=False) == _stories(detect, story, always=True)


@settings(max_examples=200, deadline=None)
@given(LIMITS, STORY)
def test_told_verdicts_alternate_and_repeat_exactly(detect: dict, story: str) -> None:
    found = _stories(detect, story, always=False)
    for name in ("high", "silent"):
        verdicts = [f.verdict for f in found if f.rule == name]
        assert all(a is not b for a, b in pairwise(verdicts))
    assert found == _stories(detect, story, always=False)


@settings(max_examples=100, deadline=None)
@given(LIMITS, STORY, st.integers(0, 10**12))
def test_the_instant_a_story_starts_changes_nothing(detect: dict, story: str, shift: int) -> None:
    """Verdicts rest on the steady clock alone, and on differences of it."""

    def verdicts(offset: int) -> list[bool | None]:
        source = stream("current")
        device_rules = compile_device(_kind(detect), [source], None)
        out = []
        for second, mark in enumerate(story):
            for one in letter(source, second, mark, VALUES):
                from dataclasses import replace

                device_rules.bindings[source].device_state.put(
                    device_rules.bindings[source].signal_states, replace(one, steady=one.steady + offset)
                )
            out += [w.detector.update(second * NS + offset) for w in device_rules.instances[:1]]
        return out

    assert verdicts(0) == verdicts(shift)
