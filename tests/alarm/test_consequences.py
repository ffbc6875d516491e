"""What is only a consequence is suppressed by design: raised, listed, told to nobody, until it stands alone."""

from __future__ import annotations

import json

from facilityd.alarm import AlarmManager
from facilityd.model.alarm import AlarmState, AlarmStateName, Change, ChangeKind, Suppression, Suppressor
from facilityd.model.finding import Evidence, Finding


def told(alarms: AlarmManager, verdict: bool | None, cause: str = "", at: int = 1) -> Change | None:
    return alarms.apply(Finding("pump", "trip", verdict, at, at, Evidence("limit-is", {}, "x", cause)))


def test_a_consequence_lives_under_suppression_and_leaves_nothing_to_acknowledge() -> None:
    alarms = AlarmManager()
    raised = told(alarms, True, "jammed", 1)
    assert raised
    assert raised.kind is ChangeKind.RAISE
    assert alarms.state("pump", "trip").state_name is AlarmStateName.BY_DESIGN
    over = told(alarms, False, "", 2)
    assert over
    assert over.kind is ChangeKind.CLEAR
    assert alarms.state("pump", "trip").state_name is AlarmStateName.NORMAL


def test_a_cause_found_later_suppresses_and_one_that_ends_lets_it_speak() -> None:
    alarms = AlarmManager()
    told(alarms, True, "", 1)
    found = told(alarms, True, "jammed", 2)
    assert found
    assert found.kind is ChangeKind.SUPPRESS
    assert told(alarms, True, "jammed", 3) is None
    assert alarms.state("pump", "trip").state_name is AlarmStateName.BY_DESIGN
    alone = told(alarms, True, "", 4)
    assert alone
    assert alone.kind is ChangeKind.UNSUPPRESS
    state = alarms.state("pump", "trip")
    assert (state.state_name, state.cause, state.occurrence) == (AlarmStateName.UNACKNOWLEDGED, "", 1)


def test_replay_and_storage_keep_the_cause() -> None:
    alarms, again = AlarmManager(), AlarmManager()
    for at, (verdict, cause) in enumerate(
        [(True, "jammed"), (True, ""), (True, "jammed"), (None, ""), (False, "")], 1
    ):
        change = told(alarms, verdict, cause, at)
        if change:
            again.replay(Change.from_json(change.to_json()))
        mine = alarms.state("pump", "trip")
        assert again.state("pump", "trip") == mine == AlarmState.from_json(mine.to_json())


def test_a_suppression_is_a_fact_with_its_instant_and_one_cause_after_the_other_are_two() -> None:
    alarms = AlarmManager()
    told(alarms, True, "", 1)
    told(alarms, True, "jammed", 2)
    fact = alarms.state("pump", "trip").suppressed_by(Suppressor.BY_DESIGN)
    assert fact == Suppression(Suppressor.BY_DESIGN, since=2)
    told(alarms, None, "", 3)
    told(alarms, True, "jammed", 4)
    assert alarms.state("pump", "trip").suppressors == (fact,), "it lasted"
    told(alarms, True, "dry", 5)
    assert alarms.state("pump", "trip").suppressors == (Suppression(Suppressor.BY_DESIGN, since=5),)
    told(alarms, True, "", 6)
    assert alarms.state("pump", "trip").suppressors == ()


def test_a_state_that_an_older_version_stored_is_read_and_one_of_now_comes_back_whole() -> None:
    fact = Suppression(Suppressor.SHELVED, 5, 9, "li", "the crane works there")
    state = AlarmState("pump", "trip", suppressors=(fact,))
    assert AlarmState.from_json(state.to_json()) == state
    plain = json.loads(state.to_json()) | {"suppressors": ["shelved"]}
    older = AlarmState.from_json(json.dumps(plain))
    assert older.suppressors == (Suppression(Suppressor.SHELVED),)
    assert older.state_name is AlarmStateName.SHELVED
