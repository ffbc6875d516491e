"""What is only a consequence is suppressed by design: raised, listed, told to nobody, until it stands alone."""

from __future__ import annotations

from facilityd.alarm import AlarmManager
from facilityd.model.alarm import AlarmState, AlarmStateName, Change, ChangeKind
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
