"""What is known and stands explains no new trouble: over every pair of rules that ships."""

from __future__ import annotations

import pytest
from support.commands import operate

from devices.tables import families
from facilityd.alarm import AlarmManager
from facilityd.alarm.alarms import SETTLED
from facilityd.model.alarm import AlarmStateName, ChangeKind
from facilityd.model.finding import Evidence, Finding

HOUR = 3600 * 10**9
PAIRS = [
    (family.family, cause, name)
    for family in families(None).values()
    for name, rule in family.rules.items()
    for cause in rule.consequence_of
]


def _say(alarms: AlarmManager, rule: str, verdict: bool | None, at: int, cause: str = ""):
    return alarms.apply(Finding("one", rule, verdict, at, at, Evidence("x", cause=cause)))


@pytest.mark.parametrize(("family", "cause", "name"), PAIRS, ids=map("-".join, PAIRS))
def test_of_every_pair_the_consequence_is_hidden_only_by_a_cause_that_is_new_or_unknown(
    family: str, cause: str, name: str
) -> None:
    for acknowledged, later, hidden in (
        (False, SETTLED + HOUR, True),
        (True, HOUR, True),
        (True, SETTLED + HOUR, False),
    ):
        alarms = AlarmManager()
        _say(alarms, cause, True, 1)
        if acknowledged:
            operate(alarms, "a", ("one", cause), 2)
        _say(alarms, name, True, later, cause)
        shown = alarms.state("one", name).state_name
        assert shown is (AlarmStateName.BY_DESIGN if hidden else AlarmStateName.UNACKNOWLEDGED), family


def test_what_came_with_its_cause_is_no_news_when_it_comes_again() -> None:
    alarms = AlarmManager()
    _say(alarms, "strainer", True, 1)
    _say(alarms, "dry", True, HOUR, "strainer")
    operate(alarms, "a", ("one", "strainer"), 2 * HOUR)
    _say(alarms, "dry", False, 3 * HOUR)
    _say(alarms, "dry", True, 30 * HOUR, "strainer")
    assert alarms.state("one", "dry").state_name is AlarmStateName.BY_DESIGN


def test_what_was_told_beside_a_known_cause_is_not_hidden_later() -> None:
    alarms = AlarmManager()
    _say(alarms, "strainer", True, 1)
    operate(alarms, "a", ("one", "strainer"), 2)
    _say(alarms, "bearing", True, 13 * HOUR, "strainer")
    assert _say(alarms, "bearing", True, 14 * HOUR, "strainer") is None
    assert alarms.state("one", "bearing").cause == ""


def test_it_holds_across_devices_and_a_replay_agrees() -> None:
    alarms, again = AlarmManager(), AlarmManager()
    feeder = ("group-feeder", "lost")
    changes = [alarms.apply(Finding(*feeder, True, 1, 1, Evidence("x")))]
    changes.append(operate(alarms, "a", feeder, 2))
    changes.append(_say(alarms, "silent", True, 13 * HOUR, "group-feeder/lost"))
    for change in changes:
        assert change
        again.replay(change)
    assert changes[-1]
    assert (changes[-1].kind, changes[-1].evidence and changes[-1].evidence.cause) == (ChangeKind.RAISE, "")
    assert again.states == alarms.states
