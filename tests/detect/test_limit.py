"""Limits in time: hysteresis, delays, losses."""

from __future__ import annotations

import pytest
from support.rule_harness import Kind, play, rule, sample, state, stream

from facilityd.detect.compile import compile_device
from facilityd.model.sample import NS

ABOVE = {"kind": "limit", "signal": "current", "above": 10.0, "hysteresis": 2.0}
HELD = ABOVE | {"on_delay": "3s", "off_delay": "2s"}
SLOW = ABOVE | {"on_delay": "3s"}

STORIES = {
    "beyond raises at once, back clears at once": (ABOVE, "..##..", "..##.."),
    "between limit and hysteresis nothing turns": (ABOVE, "~.~#~~.~", "...###.."),
    "a delay waits its time": (HELD, ".#######", "....####"),
    "a short excursion is nothing": (HELD, ".##.##.###.", "..........."),
    "the clear waits too": (HELD, ".####..#....", "....######.."),
    "between the two limits a delay does not begin": (HELD, ".~~~~~", "......"),
    "the first verdict waits for the delay, the first all-clear does not": (HELD, "####.", "???##"),
    "nothing at all is unknown": (ABOVE, "     ", "?????"),
    "a bad value is unknown at once": (ABOVE, ".?.#?#", ".?.#?#"),
    "a link down is unknown": (ABOVE, "#^^#", "#??#"),
    "unknown pauses a delay: what was seen counts": (HELD, ".##?###.", "...?.###"),
    "unknown for long starts the delay over": (HELD, ".##????###.", "...????...."),
    "unknown does not clear": (HELD, ".####????#", "....#????#"),
    "a value is good for three periods": (ABOVE, "#      .", "####???."),
    "a gap is no delay": (SLOW, ".#    #####", ".....?...##"),
}  # fmt: skip


@pytest.mark.parametrize("name", STORIES)
def test_a_limit_in_time(name: str) -> None:
    detect, story, verdicts = STORIES[name]
    assert play(detect, story) == verdicts


@pytest.mark.parametrize(
    ("detect", "values", "verdicts"),
    [
        ({"below": 5.0, "hysteresis": 1.0}, {".": 7.0, "~": 5.5, "#": 4.0}, "..###."),
        ({"is": True}, {".": False, "~": False, "#": True}, "..#..."),
        ({"is": 3}, {".": 0, "~": 3, "#": 3}, "..###."),
    ],
)
def test_the_other_tests_of_a_limit(detect, values, verdicts) -> None:
    assert play({"kind": "limit", "signal": "current"} | detect, "..#~~.", values) == verdicts


def test_exactly_at_the_limit_is_right_and_exactly_at_the_hysteresis_is_back() -> None:
    assert play(ABOVE, ".~#!.", {".": 1.0, "~": 10.0, "#": 10.1, "!": 8.0}) == "..#.."


def test_a_message_on_change_holds_until_the_next_is_due_and_no_longer() -> None:
    """Quiet devices speak on change only: the value they said stands for one period."""
    assert play(SLOW, "#         ", period=10.0) == "???#######"
    assert play(ABOVE | {"on_delay": "20s"}, "#" + " " * 29, period=10.0) == "?" * 30


LIFTING = {"lifting": state({"signal": "speed", "above": 0.1, "magnitude": True})}


def _compiled(during: list[str]):
    source = stream("current", "speed")
    kind = Kind({"high": rule(ABOVE | {"during": during})}, LIFTING, {"current": "A", "speed": "m/s"})
    return source, compile_device(kind, [source], lambda now: 20 * NS <= now < 30 * NS)


def _run(during: list[str], rows: list[tuple[float, float | None, float | None]]) -> list[bool | None]:
    source, device_rules = _compiled(during)
    binding, detector = device_rules.bindings[source], device_rules.instances[0].detector
    verdicts = []
    for second, current, speed in rows:
        binding.device_state.put(binding.signal_states, sample(source, second, current, speed))
        verdicts.append(detector.update(round(second * NS)))
    return verdicts


def test_outside_its_duty_a_rule_sleeps_and_its_verdict_stands() -> None:
    rows = [(0, 20.0, 0.0), (1, 1.0, 0.2), (2, 20.0, -0.2), (3, 1.0, 0.0), (4, 20.0, 0.0), (5, 1.0, 0.2)]
    assert _run(["lifting"], rows) == [None, False, True, True, True, False]


def test_a_duty_that_cannot_be_told_is_unknown() -> None:
    assert _run(["lifting"], [(0, 20.0, 0.2), (1, 20.0, None), (2, 20.0, 0.2)]) == [True, None, True]


def test_rest_is_a_duty_and_the_ceremony_is_the_calendars() -> None:
    assert _run(["rest"], [(0, 20.0, 0.0), (1, 1.0, 0.2), (2, 1.0, 0.0)]) == [True, True, False]
    assert _run(["ceremony"], [(10, 20.0, 0.0), (20, 20.0, 0.0), (31, 1.0, 0.0)]) == [None, True, True]


def test_evidence_says_value_limit_unit_and_for_how_long() -> None:
    source, device_rules = _compiled(["lifting"])
    binding, detector = device_rules.bindings[source], device_rules.instances[0].detector
    binding.device_state.put(binding.signal_states, sample(source, 1, 12.5, 0.2))
    detector.update(1 * NS)
    wrong = detector.evidence(1 * NS)
    assert (wrong.slug, wrong.signal) == ("limit-above", "current")
    assert wrong.numbers == {"value": 12.5, "limit": 10.0, "unit": "A", "for_s": 0.0}
    binding.device_state.put(binding.signal_states, sample(source, 2, 3.0, 0.2))
    detector.update(2 * NS)
    right = detector.evidence(2 * NS)
    assert (right.slug, right.numbers["limit"]) == ("clear-above", 8.0)
