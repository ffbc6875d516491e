"""One cause, one alarm: a consequence waits for its cause, names it, and speaks alone when it outlives it."""

from __future__ import annotations

from support.rule_harness import START, Kind, rule, sample, stream

from facilityd.detect import RuleEngine
from facilityd.detect.instance import GRACE
from facilityd.model.sample import NS

PUMP = stream("jam", "trip", unit="pump")
RULES = {
    "tripped": rule({"kind": "limit", "signal": "trip", "above": 0.5}).model_copy(
        update={"consequence_of": ("jammed",)}
    ),
    "jammed": rule({"kind": "limit", "signal": "jam", "above": 0.5, "on_delay": "3s"}),
}


def play(story: str) -> list[tuple[int, str, bool | None, str]]:
    """J: jammed and tripped, t: tripped only, a dot: neither. Seconds."""
    engine = RuleEngine({"hoist": Kind(RULES, {}, {"jam": "", "trip": ""})}, [PUMP])
    found = []
    for second, mark in enumerate(story):
        values = (1.0 if mark == "J" else 0.0, 0.0 if mark == "." else 1.0)
        found += engine.evaluate([sample(PUMP, second, *values)])
        found += engine.tick(second * NS + NS // 2, START + second * NS)
    return [(f.steady // NS, f.rule, f.verdict, f.evidence.cause) for f in found if f.steady >= NS]


def test_the_consequence_waits_until_the_cause_is_certain() -> None:
    assert play(".JJJJJ") == [(4, "jammed", True, ""), (4, "tripped", True, "jammed")]


def test_without_a_cause_it_speaks_at_once() -> None:
    assert play(".ttt") == [(1, "tripped", True, "")]


def test_a_cause_that_comes_to_nothing_sets_it_free() -> None:
    assert play(".Jttt") == [(2, "tripped", True, "")]


def test_it_stays_a_consequence_for_a_while_and_then_stands_alone() -> None:
    grace = GRACE // NS
    told = play(".JJJJ" + "t" * (grace + 5))
    assert told[:3] == [(4, "jammed", True, ""), (4, "tripped", True, "jammed"), (5, "jammed", False, "")]
    assert [entry[1:] for entry in told[3:]] == [("tripped", True, "")]
    assert told[3][0] >= 4 + grace


def test_over_a_loss_of_its_data_a_consequence_keeps_its_cause_until_that_can_be_judged_too() -> None:
    """The trip is read anew at once, the jam takes its three seconds, and another module brings it later still."""
    jam, trip = stream("jam", unit="torque"), stream("trip", unit="drive")
    engine = RuleEngine({"hoist": Kind(RULES, {}, {"jam": "", "trip": ""})}, [jam, trip])
    found = []
    for second in range(90):
        for source, heard in ((jam, second < 10 or second >= 70), (trip, second < 10 or second >= 40)):
            if heard:
                found += engine.evaluate([sample(source, second, 1.0)])
        found += engine.tick(second * NS + NS // 2, START + second * NS)
    told = [(f.verdict, f.evidence.cause) for f in found if f.rule == "tripped"]
    assert told == [(True, "jammed"), (None, ""), (True, "jammed")]
