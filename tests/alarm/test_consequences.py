"""What is only a consequence is suppressed by design: raised, listed, told to nobody, until it stands alone."""

from __future__ import annotations

from facilityd.alarm import Alarms
from facilityd.model.alarm import AlarmState, Change, Kind, Life
from facilityd.model.finding import Evidence, Finding


def told(alarms: Alarms, verdict: bool | None, cause: str = "", at: int = 1) -> Change | None:
    return alarms.apply(Finding("pump", "trip", verdict, at, at, Evidence("limit-is", {}, "x", cause)))


def test_a_consequence_lives_under_suppression_and_leaves_nothing_to_acknowledge() -> None:
    alarms = Alarms()
    raised = told(alarms, True, "jammed", 1)
    assert raised
    assert raised.kind is Kind.RAISE
    assert alarms.state("pump", "trip").life is Life.BY_DESIGN
    over = told(alarms, False, "", 2)
    assert over
    assert over.kind is Kind.CLEAR
    assert alarms.state("pump", "trip").life is Life.NORMAL


def test_a_cause_found_later_suppresses_and_one_that_ends_lets_it_speak() -> None:
    alarms = Alarms()
    told(alarms, True, "", 1)
    found = told(alarms, True, "jammed", 2)
    assert found
    assert found.kind is Kind.SUPPRESS
    assert told(alarms, True, "jammed", 3) is None
    assert alarms.state("pump", "trip").life is Life.BY_DESIGN
    alone = told(alarms, True, "", 4)
    assert alone
    assert alone.kind is Kind.UNSUPPRESS
    state = alarms.state("pump", "trip")
    assert (state.life, state.cause, state.occurrence) == (Life.UNACKNOWLEDGED, "", 1)


def test_replay_and_storage_keep_the_cause() -> None:
    alarms, again = Alarms(), Alarms()
    for at, (verdict, cause) in enumerate(
        [(True, "jammed"), (True, ""), (True, "jammed"), (None, ""), (False, "")], 1
    ):
        change = told(alarms, verdict, cause, at)
        if change:
            again.replay(Change.from_json(change.to_json()))
        mine = alarms.state("pump", "trip")
        assert again.state("pump", "trip") == mine == AlarmState.from_json(mine.to_json())
