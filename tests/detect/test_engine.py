"""The rule engine: what is told, when, and what is not."""

from __future__ import annotations

import pytest
from support.rule_harness import START, Kind, bad, brief, findings_of, rule, sample, state, stream

from devices.tables import families
from facilityd.app.calendar import SiteCalendar
from facilityd.app.ceremony import Ceremonies
from facilityd.detect import RuleEngine
from facilityd.detect.context import RuleContext
from facilityd.model.alarm import AlarmCondition, AlarmState
from facilityd.model.quality import Reason
from facilityd.model.sample import NS, Stream

HIGH = rule({"kind": "limit", "signal": "current", "above": 10.0, "hysteresis": 2.0})
VALUES = {".": 1.0, "~": 9.0, "#": 20.0}
KIND = Kind({"high": HIGH})
SHIPPED = sorted(families(None))


@pytest.mark.parametrize(
    ("story", "findings"),
    [
        ("......", "0."),
        ("..##..", "0. 2# 4."),
        ("..?...", "0."),  # one lost poll is not news
        (".?.?.?#", "0. 6#"),
        ("..?????..", "0. 5? 7."),  # three periods are
        ("..        .", "0. 8? 10."),  # three more once the value is too old
        ("     #", "3? 5#"),  # nothing since the start: told once
        ("##??????##", "0# 5? 8#"),
        ("##^^^^^^..", "0# 5? 8."),
    ],
)  # fmt: skip
def test_only_news_is_told(story: str, findings: str) -> None:
    source = stream("current")
    assert brief(findings_of(RuleEngine({"hoist": KIND}, [source]), source, story, VALUES)) == findings


def test_unknown_says_why() -> None:
    source = stream("current")
    engine = RuleEngine({"hoist": KIND}, [source])
    found = findings_of(engine, source, ".?????", VALUES)
    assert (found[-1].evidence.slug, found[-1].evidence.numbers) == ("unknown-bad", {"reason": "timeout"})
    old = findings_of(RuleEngine({"hoist": KIND}, [source]), source, ".        ", VALUES)
    assert (old[-1].evidence.slug, old[-1].evidence.numbers) == (
        "unknown-old",
        {"age_s": 7.0, "period_s": 1.0},
    )
    never = findings_of(RuleEngine({"hoist": KIND}, [source]), source, "    ", VALUES)
    assert (never[-1].evidence.slug, never[-1].evidence.signal) == ("unknown-never", "current")


def test_a_restart_goes_on_where_it_was() -> None:
    """In the hysteresis band the state before the restart decides, so it must come back."""
    source = stream("current")
    state_ = AlarmState("hoist", "high", AlarmCondition.TRUE, acked=False, occurrence=1, raised_at=START)
    resumed, fresh = RuleEngine({"hoist": KIND}, [source]), RuleEngine({"hoist": KIND}, [source])
    resumed.resume([state_])
    assert brief(resumed.evaluate([sample(source, 0, 9.0)])) == "0#"
    assert brief(fresh.evaluate([sample(source, 0, 9.0)])) == "0."


def test_history_is_fed_without_telling_and_told_at_the_next_run() -> None:
    source = stream("current")
    engine = RuleEngine({"hoist": KIND}, [source])
    engine.warm([sample(source, s, 20.0) for s in range(3)], 3 * NS)
    assert brief(engine.tick(3 * NS, START)) == "3#"
    assert engine.tick(4 * NS, START) == []


def test_history_from_a_clock_that_was_ahead_does_not_block_the_present() -> None:
    source = stream("current")
    engine = RuleEngine({"hoist": KIND}, [source])
    engine.warm([sample(source, 9000, 20.0)], 3 * NS)
    assert brief(engine.evaluate([sample(source, 9001, 20.0)])) == "3#"  # left unjudged by a crash
    assert engine.tick(4 * NS, START) == []
    assert brief(engine.evaluate([sample(source, 5, 1.0)])) == "5."


def test_a_delay_begun_before_the_restart_goes_on() -> None:
    source = stream("current")
    held = Kind({"high": rule({"kind": "limit", "signal": "current", "above": 10.0, "on_delay": "5s"})})
    engine = RuleEngine({"hoist": held}, [source])
    engine.warm([sample(source, s, 20.0) for s in range(4)], 4 * NS)
    found = engine.evaluate([sample(source, 4, 20.0)]) + engine.evaluate([sample(source, 5, 20.0)])
    assert brief(found) == "4? 5#"


def test_what_a_device_does_not_bind_is_listed() -> None:
    lifting = {
        "lifting": state({"signal": "speed", "above": 0.1}),
        "powered": state({"signal": "volts", "above": 1}),
    }
    kind = Kind(
        {
            "high": HIGH,
            "hot": rule({"kind": "limit", "signal": "heat", "above": 80.0}),
            "drag": rule({"kind": "limit", "signal": "current", "above": 1.0, "during": ["lifting"]}),
            "creep": rule({"kind": "limit", "signal": "current", "above": 1.0, "during": ["rest"]}),
            "eve": rule({"kind": "limit", "signal": "current", "above": 1.0, "during": ["ceremony"]}),
            "silent": rule({"kind": "silence"}),
        },
        lifting,
        {"current": "A", "speed": "m/s", "heat": "°C", "volts": "V"},
    )
    engine = RuleEngine({"hoist": kind}, [stream("current", "speed")])
    assert engine.applicable("hoist") == ("high", "drag", "silent")
    assert engine.not_applicable("hoist") == {"hot": ("heat",), "creep": ("volts",), "eve": ("ceremony",)}


def test_samples_of_devices_no_longer_watched_and_overtaken_samples_are_passed_over() -> None:
    source = stream("current")
    engine = RuleEngine({"hoist": KIND}, [source])
    assert engine.evaluate([sample(stream("current", device="gone"), 0, 20.0)]) == []
    assert brief(engine.evaluate([sample(source, 5, 1.0), sample(source, 4, 20.0)])) == "5."


def test_a_device_is_judged_by_all_its_units_and_only_by_what_is_new() -> None:
    drive, scale = stream("current", unit="drive"), stream("load", unit="scale", period=5.0)
    heavy = rule({"kind": "limit", "signal": "load", "above": 10.0})
    engine = RuleEngine(
        {"hoist": Kind({"high": HIGH, "heavy": heavy}, {}, {"current": "A", "load": "kN"})}, [drive, scale]
    )
    found = engine.evaluate([sample(scale, 0, 50.0), sample(drive, 1, 1.0), bad(drive, 2, Reason.TIMEOUT)])
    assert [(f.rule, f.verdict) for f in found] == [("heavy", True), ("high", False)]


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_rule_applies_where_all_signals_are_bound_and_none_is_ever_wrong_unseen(
    name: str,
) -> None:
    family = families(None)[name]
    unit = Stream(
        "one", name, "unit", "bus", tuple(family.signals), tuple(s.type for s in family.signals.values())
    )
    calendar = SiteCalendar(Ceremonies(39.9, 116.4, 0), "Asia/Shanghai")
    engine = RuleEngine({name: family}, [unit], lambda _: False, RuleContext(calendar))
    assert engine.not_applicable("one") == {}
    assert sorted(engine.applicable("one")) == sorted(family.rules)
    found = [
        f for second in range(0, 3600, 30) for f in engine.evaluate([bad(unit, second, Reason.LINK_DOWN)])
    ]
    assert {f.rule for f in found} == set(family.rules)
    assert {f.verdict for f in found} == {None}
