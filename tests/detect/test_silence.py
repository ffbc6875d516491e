"""Who speaks, who is silent, and when nobody can tell."""

from __future__ import annotations

import pytest
from support.rule_harness import START, Kind, bad, brief, findings_of, play, rule, sample, stream

from facilityd.detect import RuleEngine
from facilityd.model.quality import Reason
from facilityd.model.sample import NS

SILENCE = {"kind": "silence", "periods": 3, "unanswered": 3, "unsure": 5}


@pytest.mark.parametrize(
    ("story", "verdicts"),
    [
        ("......", "......"),
        ("..????..", "....##.."),
        ("..    ..", "....##.."),
        ("??????", "??####"),
        ("      .", "???###."),
        (".^^^^^^.", ".??????."),
        (".^^^????", ".??????#"),
        ("..???^^^??.", "....#?????."),
        ("..??.??.", "........"),
    ],
)  # fmt: skip
def test_silence_in_time(story: str, verdicts: str) -> None:
    assert play(SILENCE, story) == verdicts


def test_a_delay_is_waited_on_top() -> None:
    assert play(SILENCE | {"on_delay": "5s"}, ".?????????") == ".....#####"


def test_a_retained_message_is_the_brokers_voice_not_the_devices() -> None:
    source = stream("current")
    engine = RuleEngine({"hoist": Kind({"silent": rule(SILENCE)})}, [source])
    found = engine.tick(0, START)
    for second in range(1, 6):
        found += engine.evaluate([bad(source, second, Reason.AGE_UNKNOWN)])
    assert brief(found) == "3#"


def test_an_answer_that_is_no_value_still_is_an_answer() -> None:
    source = stream("current")
    engine = RuleEngine({"hoist": Kind({"silent": rule(SILENCE)})}, [source])
    found = [f for s in range(8) for f in engine.evaluate([bad(source, s, Reason.NO_VALUE)])]
    assert brief(found) == "0."


def test_the_unit_that_is_silent_is_named_and_a_neighbour_on_a_dead_link_is_not() -> None:
    drive, signal_state = stream("current", unit="drive"), stream("load", unit="cell")
    engine = RuleEngine(
        {"hoist": Kind({"silent": rule(SILENCE)}, {}, {"current": "A", "load": "kN"})}, [drive, signal_state]
    )
    found = engine.evaluate([sample(drive, 0, 1.0), sample(signal_state, 0, 1.0)])
    for second in range(1, 5):
        found += engine.evaluate([bad(drive, second, Reason.LINK_DOWN), bad(signal_state, second)])
    assert brief(found) == "0. 3#"
    assert found[-1].evidence.numbers == {"for_s": 3.0, "period_s": 1.0, "reason": "timeout"}
    assert found[-1].evidence.names == {"units": ("cell",)}
    found = engine.evaluate([sample(signal_state, 5, 1.0)]) + [
        f
        for s in range(6, 12)
        for f in engine.evaluate([bad(drive, s, Reason.LINK_DOWN), sample(signal_state, s, 1.0)])
    ]
    assert brief(found) == "8?"
    assert (found[0].evidence.slug, found[0].evidence.names) == ("unknown-link", {"units": ("drive",)})


def test_a_whole_link_down_for_an_hour_makes_nobody_silent() -> None:
    source = stream("current", period=30.0)
    engine = RuleEngine({"hoist": Kind({"silent": rule(SILENCE)})}, [source])
    found = engine.evaluate([sample(source, 0, 1.0)])
    for second in range(1, 3600):
        found += engine.tick(second * NS, START)
        if second % 30 == 0:
            found += engine.evaluate([bad(source, second, Reason.LINK_DOWN)])
    found += engine.evaluate([sample(source, 3600, 1.0)])
    assert "#" not in brief(found)
    assert brief(found).endswith("3600.")


def test_where_answers_get_lost_many_more_must_be_missing() -> None:
    assert play(SILENCE, "..?.????...") == "..........."
    assert play(SILENCE, "..?.?????..") == "........#.."


def test_a_module_that_serves_two_devices_is_told_of_by_the_one_it_serves_most() -> None:
    lamp, fan = stream("current", "load", unit="relay"), stream("current", device="fan-1", unit="relay")
    kind = Kind({"silent": rule(SILENCE)}, {}, {"current": "A", "load": "kN"})
    engine = RuleEngine({"hoist": kind}, [fan, lamp])
    found = engine.evaluate([sample(lamp, 0, 1.0, 2.0), sample(fan, 0, 1.0)])
    for second in range(1, 9):
        found += engine.evaluate([bad(lamp, second), bad(fan, second)])
    own = [f for f in found if f.device == lamp.device]
    other = [f for f in found if f.device == "fan-1"]
    assert (brief(own), brief(other)) == ("0. 3#", "0. 6?")
    assert own[-1].evidence.slug == "silence-shared"
    assert own[-1].evidence.names["devices"] == ("fan-1",)
    assert (other[-1].evidence.slug, other[-1].evidence.numbers["device"]) == (
        "unknown-elsewhere",
        lamp.device,
    )


def test_told_helper_sees_a_silence_that_ends() -> None:
    source = stream("current")
    engine = RuleEngine({"hoist": Kind({"silent": rule(SILENCE)})}, [source])
    assert brief(findings_of(engine, source, "..?????..", {".": 1.0})) == "0. 4# 7."


def _watching(until: int) -> tuple[RuleEngine, list]:
    """Two units, read each second and watched since second 0."""
    sources = [stream("current"), stream("load", unit="cell")]
    engine = RuleEngine(
        {"hoist": Kind({"silent": rule(SILENCE)}, {}, {"current": "A", "load": "kN"})}, sources
    )
    engine.begin(0)
    for second in range(until):
        engine.evaluate([sample(source, second, 1.0) for source in sources])
        engine.tick(second * NS, START)
    return engine, sources


@pytest.mark.parametrize("first", ["tick", "sample", "timeout"])
def test_a_daemon_that_stood_still_calls_nobody_silent(first: str) -> None:
    engine, (drive, signal_state) = _watching(10)
    paused: list[int] = []
    engine.on_pause = paused.append
    wakes = {"tick": lambda: engine.tick(70 * NS, START), "sample": lambda: engine.evaluate([sample(drive, 70, 1.0)]),
             "timeout": lambda: engine.evaluate([bad(signal_state, 70)])}  # fmt: skip
    found = wakes[first]()
    for second in range(71, 80):
        found += engine.evaluate([sample(drive, second, 1.0), sample(signal_state, second, 1.0)])
        found += engine.tick(second * NS, START)
    assert "#" not in brief(found)
    (length,) = paused
    assert length == 61 * NS


def test_after_a_pause_a_unit_that_is_silent_is_found_silent() -> None:
    engine, (drive, _) = _watching(10)
    found = engine.tick(70 * NS, START)
    for second in range(71, 80):
        found += engine.evaluate([sample(drive, second, 1.0)])
        found += engine.tick(second * NS, START)
    assert "73#" in brief(found)
    assert "76#" not in brief(found)


def test_a_standing_silence_is_neither_cleared_nor_raised_by_a_restart() -> None:
    engine, (drive, signal_state) = _watching(3)
    found = [f for s in range(3, 12) for f in engine.evaluate([sample(drive, s, 1.0), bad(signal_state, s)])]
    assert brief(found).endswith("#")
    engine.begin(20 * NS)
    found = engine.evaluate([sample(drive, 20, 1.0)])
    assert "." not in brief(found)
    found += [
        f for s in range(21, 30) for f in engine.evaluate([sample(drive, s, 1.0), bad(signal_state, s)])
    ]
    assert brief(found).endswith("#")
    found = engine.evaluate([sample(drive, 31, 1.0), sample(signal_state, 31, 1.0)])
    assert brief(found).endswith("31.")


@pytest.mark.parametrize("watched", [True, False])
def test_a_gap_of_the_past_in_which_nobody_watched_is_nobodys_silence_after_a_restart(watched: bool) -> None:
    """The gap lies in what a restart shows again; with an off-delay its verdict would outlive it."""
    sources = [stream("current"), stream("load", unit="cell")]
    kind = Kind({"silent": rule(SILENCE | {"off_delay": "2min"})}, {}, {"current": "A", "load": "kN"})
    engine = RuleEngine({"hoist": kind}, sources)
    past = [sample(source, second, 1.0) for second in (*range(5), *range(40, 45)) for source in sources]
    engine.warm(past, 50 * NS, pauses=[] if watched else [40 * NS])
    engine.begin(50 * NS)
    found = engine.tick(50 * NS, START)
    for second in range(50, 55):
        found += engine.evaluate([sample(source, second, 1.0) for source in sources])
    assert ("#" in brief(found)) is watched
