"""A fault that worsens is one alarm: the graver stage takes the place of the lesser, and says so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from devices.tables import families
from facilityd.alarm import AlarmManager
from facilityd.alarm.repeats import RepeatLimits
from facilityd.app.stages import earlier_stages
from facilityd.model.alarm import Change, ChangeKind
from facilityd.model.finding import Evidence, Finding
from facilityd.model.sample import NS

STAGES = {("pump", "blocked"): ("clogging",)}


def _finding(rule: str, at: int, *, verdict: bool = True, cause: str = "") -> Finding:
    return Finding("pump", rule, verdict, at * NS, at * NS, Evidence("x", cause=cause))


def _apply(alarms: AlarmManager, rule: str, at: int, *, verdict: bool = True, cause: str = "") -> Change:
    change = alarms.apply(_finding(rule, at, verdict=verdict, cause=cause))
    assert change
    return change


def test_what_worsens_names_the_alarm_that_was_told_and_since_when() -> None:
    alarms = AlarmManager(stages=STAGES)
    _apply(alarms, "clogging", 100)
    change = _apply(alarms, "blocked", 500)
    assert (change.details["worse_than"], change.details["worse_since"]) == ("clogging", 100 * NS)
    assert Change.from_json(change.to_json()) == change


def test_it_is_the_same_where_the_lesser_gives_way_in_the_same_moment() -> None:
    alarms = AlarmManager(stages=STAGES)
    _apply(alarms, "clogging", 100)
    assert _apply(alarms, "clogging", 500, cause="blocked").kind is ChangeKind.SUPPRESS
    assert _apply(alarms, "blocked", 500).details["worse_than"] == "clogging"


@pytest.mark.parametrize(
    "story", ["nothing before", "over before", "at once", "told to nobody", "a consequence"]
)
def test_it_is_an_alarm_of_its_own_where_nobody_was_told_before(story: str) -> None:
    alarms = AlarmManager(stages=STAGES, repeats={("pump", "clogging"): RepeatLimits(brief=0)})
    if story == "over before":
        _apply(alarms, "clogging", 100)
        assert _apply(alarms, "clogging", 400, verdict=False).kind is ChangeKind.CLEAR
    elif story == "at once":
        _apply(alarms, "clogging", 500)
    elif story == "told to nobody":
        _apply(alarms, "clogging", 100, cause="dry")
    elif story == "a consequence":
        _apply(alarms, "clogging", 100)
    change = _apply(alarms, "blocked", 500, cause="dry" if story == "a consequence" else "")
    assert "worse_than" not in change.details


def test_a_stage_is_less_urgent_of_the_same_number_and_looks_at_the_same() -> None:
    rules = {("pump", name): rule for name, rule in families()["fountain"].rules.items()}
    stages = earlier_stages(rules)
    assert set(stages["pump", "strainer-blocked"]) == {"strainer-clogged", "strainer-clogging"}
    assert ("pump", "strainer-clogging") not in stages, "what gets better is no worsening"
    lesser = rules["pump", "strainer-clogging"]
    other = {**rules, ("pump", "strainer-clogging"): lesser.model_copy(update={"fault": "F9"})}
    assert "strainer-clogging" not in earlier_stages(other)["pump", "strainer-blocked"]
    lighting = {("lamp", name): rule for name, rule in families()["lighting"].rules.items()}
    assert ("lamp", "pole-live") not in earlier_stages(lighting), "a lean is no beginning of a voltage"


def test_what_is_left_of_the_graver_stage_is_the_alarm_that_was_told_before_it() -> None:
    alarms = AlarmManager(stages=STAGES)
    first = _apply(alarms, "clogging", 100)
    _apply(alarms, "blocked", 500)
    _apply(alarms, "clogging", 500, cause="blocked")
    _apply(alarms, "blocked", 900, verdict=False)
    left = _apply(alarms, "clogging", 900)
    assert (left.kind, left.occurrence) == (ChangeKind.UNSUPPRESS, first.occurrence)
    assert (left.details["eased_from"], left.details["eased_since"]) == ("blocked", 500 * NS)
    assert alarms.state("pump", "clogging").raised_at == 100 * NS
    assert Change.from_json(left.to_json()) == left


def test_what_another_cause_explained_is_told_as_an_alarm_of_its_own() -> None:
    alarms = AlarmManager(stages=STAGES)
    _apply(alarms, "dry", 100)
    _apply(alarms, "clogging", 200, cause="dry")
    _apply(alarms, "dry", 900, verdict=False)
    assert "eased_from" not in _apply(alarms, "clogging", 900).details


def test_a_change_of_before_stages_were_known_is_read_as_ever() -> None:
    change = _apply(AlarmManager(stages=STAGES), "blocked", 500)
    assert AlarmManager().replay(replace(change, details={})).active
