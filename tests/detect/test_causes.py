"""One cause, one alarm: a consequence waits for its cause, names it, and speaks alone when it outlives it."""

from __future__ import annotations

from support.rule_harness import START, Kind, rule, sample, stream

from facilityd.detect import RuleEngine
from facilityd.detect.compile import compile_device
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


def test_what_a_run_took_stays_the_consequence_of_what_disturbed_that_run() -> None:
    """Nothing goes on after it: once the cause is over the run's time is no trouble of its own."""
    took = {
        "kind": "sequence",
        "begins": {"signal": "run", "above": 0.5},
        "ends": {"signal": "end", "above": 0.5},
        "at_least": "10s",
        "at_most": "20s",
    }
    rules = {
        "took": rule(took).model_copy(update={"consequence_of": ("jammed",)}),
        "jammed": rule({"kind": "limit", "signal": "jam", "above": 0.5}),
    }
    hoist = stream("jam", "run", "end", unit="hoist")
    engine = RuleEngine({"hoist": Kind(rules, {}, {"jam": "", "run": "", "end": ""})}, [hoist])

    def told(seconds: range, **jammed: range) -> list[tuple[str, bool | None, str]]:
        found = []
        for second in seconds:
            since = second - seconds.start
            values = (float(second in jammed.get("jammed", ())), float(2 <= since < 7), float(since == 6))
            found += engine.evaluate([sample(hoist, second, *values)])
            found += engine.tick(second * NS + NS // 2, START + second * NS)
        return [(f.rule, f.verdict, f.evidence.cause) for f in found if f.verdict is not None]

    first = told(range(700), jammed=range(4, 9))
    assert ("took", True, "jammed") in first
    assert ("took", True, "") not in first
    assert ("took", True, "") in told(range(800, 830)), "the next run is told for itself"


def _polled_late(trips_at: int) -> list[tuple[str, bool | None, str]]:
    """The jam is over after three seconds; the drive, which is asked once a minute, says then that it tripped."""
    jam, trip = stream("jam", unit="torque"), stream("trip", unit="drive", period=60.0)
    rules = RULES | {"jammed": rule({"kind": "limit", "signal": "jam", "above": 0.5})}
    engine = RuleEngine({"hoist": Kind(rules, {}, {"jam": "", "trip": ""})}, [jam, trip])
    found = engine.evaluate([sample(trip, 0, 0.0)])
    for second in range(trips_at):
        found += engine.evaluate([sample(jam, second, float(1 <= second < 4))])
    found += engine.evaluate([sample(trip, trips_at, 1.0)])
    return [(f.rule, f.verdict, f.evidence.cause) for f in found if f.verdict]


def test_what_a_slow_poll_brings_after_its_cause_is_over_is_its_consequence() -> None:
    assert _polled_late(40) == [("jammed", True, ""), ("tripped", True, "jammed")]
    assert _polled_late(90) == [("jammed", True, ""), ("tripped", True, "")], "longer than polling takes"


def test_what_looks_back_for_hours_outlives_its_cause_by_as_long() -> None:
    rise = {"kind": "rate", "signal": "jam", "above": 1.0, "per": "1h", "over": "6h", "off_delay": "1h"}
    instance = compile_device(Kind({"rises": rule(rise)}, {}, {"jam": ""}), [stream("jam")], None).instances[
        0
    ]
    assert instance.grace == GRACE + 7 * 3600 * NS
