"""Which came first: by onset, and no finer than the poll period allows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from support.commands import operate

from facilityd.alarm import AlarmManager
from facilityd.alarm.first_out import AlarmTiming
from facilityd.cli.alarm import first_out
from facilityd.model.alarm import Change, ChangeKind
from facilityd.model.finding import Evidence, Finding
from facilityd.model.sample import NS

TIMING = AlarmTiming({("hoist", "slow"): 60 * NS}, {"hoist": 2 * NS})


def _raise(alarms: AlarmManager, rule: str, at: float, device: str = "hoist") -> dict[str, Any]:
    when = round(at * NS)
    change = alarms.apply(Finding(device, rule, True, when, when, Evidence("x")))
    assert change
    assert Change.from_json(change.to_json()) == change
    found: dict[str, Any] = change.details.get("first_out", {})
    return found


def test_the_later_one_names_the_first_and_how_much_later_it_is() -> None:
    alarms = AlarmManager(timing=TIMING)
    assert _raise(alarms, "trip", 100) == {}
    assert _raise(alarms, "stopped", 105) == {
        "first": "trip", "after_s": 5.0, "period_s": 2.0, "certain": True,
    }  # fmt: skip


def test_within_a_poll_period_nobody_knows() -> None:
    alarms = AlarmManager(timing=TIMING)
    _raise(alarms, "trip", 100)
    assert _raise(alarms, "stopped", 101.5)["certain"] is False
    assert _raise(alarms, "stopped", 100, "pump") == {}, "of another device"


def test_a_longer_delay_makes_no_alarm_a_later_one() -> None:
    alarms = AlarmManager(timing=TIMING)
    _raise(alarms, "trip", 100)
    assert _raise(alarms, "slow", 130) == {"first": "slow", "after_s": 0.0, "period_s": 2.0, "certain": True}


def test_what_somebody_knows_of_is_not_the_first_of_what_comes_now() -> None:
    alarms = AlarmManager(timing=TIMING)
    _raise(alarms, "trip", 100)
    operate(alarms, "a", ("hoist", "trip"), 101 * NS)
    assert _raise(alarms, "stopped", 3600) == {}


def test_the_life_of_an_alarm_says_it_in_words() -> None:
    order = {"first": "trip", "after_s": 5.0, "period_s": 2.0, "certain": True}
    change = Change(1, "hoist", "stopped", 1, ChangeKind.RAISE, details={"first_out": order})
    assert first_out(change, "en") == "(the first was trip, 5.0 s before)"
    assert first_out(change, "zh") == "（首出报警为 trip，晚 5.0 秒）"
    alone = replace(change, details={})
    assert first_out(alone, "en") == ""
    unsure = replace(change, details={"first_out": order | {"certain": False}})
    assert "within 2.0 s nobody knows" in first_out(unsure, "en")
    itself = replace(change, rule="trip")
    assert first_out(itself, "en") == "(the first of them)"
