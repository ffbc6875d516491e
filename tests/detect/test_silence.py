"""Who speaks, who is silent, and when nobody can tell."""

from __future__ import annotations

import pytest
from support.story import START, Kind, bad, brief, play, rule, sample, stream, told

from facilityd.detect import Judge
from facilityd.model.quality import Reason
from facilityd.model.sample import NS

SILENCE = {"kind": "silence", "periods": 3}


@pytest.mark.parametrize(
    ("story", "verdicts"),
    [
        ("......", "......"),
        ("..????..", "....##.."),
        ("..    ..", "....##.."),
        ("??????", "???###"),
        ("      .", "???###."),
        (".^^^^^^.", ".??????."),
        (".^^^????", ".??????#"),
        ("..???^^^??.", "....#?????."),
        ("..??.??.", "........"),
    ],
)  # fmt: skip
def test_silence_in_time(story: str, verdicts: str) -> None:
    assert play(SILENCE, story) == verdicts


def test_a_hold_is_waited_on_top() -> None:
    assert play(SILENCE | {"hold": "2s"}, ".?????????") == ".....#####"


def test_a_retained_message_is_the_brokers_voice_not_the_devices() -> None:
    source = stream("current")
    judge = Judge({"hoist": Kind({"silent": rule(SILENCE)})}, [source])
    found = judge.tick(0, START)
    for second in range(1, 6):
        found += judge.judge([bad(source, second, Reason.AGE_UNKNOWN)])
    assert brief(found) == "3#"


def test_an_answer_that_is_no_value_still_is_an_answer() -> None:
    source = stream("current")
    judge = Judge({"hoist": Kind({"silent": rule(SILENCE)})}, [source])
    found = [f for s in range(8) for f in judge.judge([bad(source, s, Reason.NO_VALUE)])]
    assert brief(found) == "0."


def test_the_unit_that_is_silent_is_named_and_a_neighbour_on_a_dead_link_is_not() -> None:
    drive, cell = stream("current", unit="drive"), stream("load", unit="cell")
    judge = Judge(
        {"hoist": Kind({"silent": rule(SILENCE)}, {}, {"current": "A", "load": "kN"})}, [drive, cell]
    )
    found = judge.judge([sample(drive, 0, 1.0), sample(cell, 0, 1.0)])
    for second in range(1, 5):
        found += judge.judge([bad(drive, second, Reason.LINK_DOWN), bad(cell, second)])
    assert brief(found) == "0. 3#"
    assert found[-1].evidence.numbers == {"units": "cell", "for_s": 3.0, "period_s": 1.0, "reason": "timeout"}
    found = judge.judge([sample(cell, 5, 1.0)]) + [
        f for s in range(6, 12) for f in judge.judge([bad(drive, s, Reason.LINK_DOWN), sample(cell, s, 1.0)])
    ]
    assert brief(found) == "8?"
    assert (found[0].evidence.slug, found[0].evidence.numbers) == ("unknown-link", {"units": "drive"})


def test_a_whole_link_down_for_an_hour_makes_nobody_silent() -> None:
    source = stream("current", period=30.0)
    judge = Judge({"hoist": Kind({"silent": rule(SILENCE)})}, [source])
    found = judge.judge([sample(source, 0, 1.0)])
    for second in range(1, 3600):
        found += judge.tick(second * NS, START)
        if second % 30 == 0:
            found += judge.judge([bad(source, second, Reason.LINK_DOWN)])
    found += judge.judge([sample(source, 3600, 1.0)])
    assert "#" not in brief(found)
    assert brief(found).endswith("3600.")


def test_told_helper_sees_a_silence_that_ends() -> None:
    source = stream("current")
    judge = Judge({"hoist": Kind({"silent": rule(SILENCE)})}, [source])
    assert brief(told(judge, source, "..?????..", {".": 1.0})) == "0. 4# 7."
