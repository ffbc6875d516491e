"""One cause, one alarm: a feeder that is lost is not twelve circuits, and nothing stays hidden without it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from facilityd.alarm import AlarmManager
from facilityd.alarm.groups import CauseGroup, GroupedAlarms
from facilityd.model.alarm import AlarmState, AlarmStateName, Change, ChangeKind
from facilityd.model.finding import Evidence, Finding
from facilityd.model.sample import NS

CAUSE = ("group-feeder", "lost")
CIRCUITS = [(f"circuit-{n}", "silent") for n in range(12)]
HOLD = 60 * NS
FEEDER = CauseGroup("feeder", frozenset({CAUSE}), dict.fromkeys(CIRCUITS, HOLD), 600 * NS, least=12)
BACK = FEEDER.within
BEHIND = {"group-feeder": [device for device, _ in CIRCUITS]}


def _made(states: Mapping[tuple[str, str], AlarmState] | None = None) -> GroupedAlarms:
    stored = [AlarmState.from_json(one.to_json()) for one in (states or {}).values()]
    return GroupedAlarms(AlarmManager(stored), [FEEDER], BEHIND)


def _say(alarms: GroupedAlarms, key: tuple[str, str], verdict: bool | None, at: int) -> list[Change]:
    return alarms.apply(Finding(*key, verdict, at, at, Evidence("silence")))


def _told(changes: list[Change], alarms: GroupedAlarms) -> list[tuple[str, ChangeKind]]:
    """Return the changes that tell of an alarm which is not suppressed."""
    kinds = (ChangeKind.RAISE, ChangeKind.UNSUPPRESS)
    return [
        (c.device, c.kind)
        for c in changes
        if c.kind in kinds and not alarms.state(c.device, c.rule).suppressors
    ]


def _lose_all(alarms: GroupedAlarms, at: int) -> list[Change]:
    return [one for n, key in enumerate(CIRCUITS) for one in _say(alarms, key, True, at + n * NS)]


def test_twelve_circuits_of_a_lost_feeder_are_one_alarm_that_names_them() -> None:
    alarms = _made()
    assert _say(alarms, ("circuit-3", "leakage"), True, NS)
    changes = _lose_all(alarms, 2 * NS)
    assert changes == []
    assert len(alarms.lost(FEEDER)) == FEEDER.least
    changes = _say(alarms, CAUSE, True, 15 * NS)
    assert _told(changes, alarms) == [("group-feeder", ChangeKind.RAISE)]
    assert changes[0].details == {"blind": BEHIND["group-feeder"], "in_alarm": [["circuit-3", "leakage"]]}
    assert [c.kind for c in changes] == [ChangeKind.RAISE] * 13
    assert all(alarms.state(*key).state_name is AlarmStateName.BY_DESIGN for key in CIRCUITS)
    again = _made(alarms.states)
    assert _told(_lose_all(again, 20 * NS) + _say(again, CAUSE, True, 40 * NS), again) == []
    assert again.states == alarms.states, "a restart tells nobody again"


def test_what_does_not_come_back_with_the_feeder_speaks_for_itself() -> None:
    alarms = _made()
    _lose_all(alarms, NS)
    _say(alarms, CAUSE, True, 15 * NS)
    for key in CIRCUITS[1:]:
        _say(alarms, key, False, 600 * NS)
    _say(alarms, CAUSE, False, 700 * NS)
    assert alarms.next_due == 700 * NS + BACK
    assert alarms.tick(700 * NS + BACK - 1) == []
    changes = alarms.tick(700 * NS + BACK)
    assert _told(changes, alarms) == [("circuit-0", ChangeKind.UNSUPPRESS)]
    assert alarms.next_due is None


def test_one_circuit_alone_is_told_after_the_time_that_a_common_cause_may_take() -> None:
    alarms = _made()
    assert _say(alarms, CIRCUITS[0], True, NS) == []
    assert alarms.next_due == NS + HOLD
    (raised,) = alarms.tick(NS + HOLD)
    assert (raised.kind, raised.at, raised.evidence and raised.evidence.cause) == (
        ChangeKind.RAISE,
        NS + HOLD,
        "",
    )


def test_what_was_told_before_its_cause_was_found_is_suppressed_then() -> None:
    alarms = _made()
    _say(alarms, CIRCUITS[0], True, NS)
    alarms.tick(100 * NS)
    changes = _say(alarms, CAUSE, True, 200 * NS)
    assert [c.kind for c in changes] == [ChangeKind.RAISE, ChangeKind.SUPPRESS]


@pytest.mark.parametrize("begins", [1_000 * NS, 5_000 * NS])
def test_what_begins_long_before_or_after_its_cause_is_not_its_consequence(begins: int) -> None:
    alarms = _made()
    _say(alarms, CAUSE, True, 3_000 * NS)
    _say(alarms, CIRCUITS[0], True, begins)
    alarms.tick(begins + HOLD)
    state = alarms.state(*CIRCUITS[0])
    assert (state.state_name, state.cause) == (AlarmStateName.UNACKNOWLEDGED, "")


@pytest.mark.parametrize(("verdict", "then"), [(False, ChangeKind.CLEAR), (None, ChangeKind.LOSE)])
def test_what_was_held_is_not_forgotten_where_it_ends_or_is_lost(
    verdict: bool | None, then: ChangeKind
) -> None:
    alarms = _made()
    assert _say(alarms, CIRCUITS[0], True, NS) == []
    assert [c.kind for c in _say(alarms, CIRCUITS[0], verdict, 2 * NS)] == [ChangeKind.RAISE, then]
    assert alarms.tick(NS + HOLD) == []


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 12), st.sampled_from([True, True, False, None]), st.integers(1, 90)))
)
@example([(0, True, 1), (12, True, 1), (12, False, 1), (0, None, 1)])  # it cannot be seen when its cause ends
def test_once_all_is_settled_only_what_has_a_cause_that_goes_on_is_hidden(story) -> None:
    """Whatever comes in whatever order; and no alarm is lost between the stages."""
    alarms = _made()
    last: dict[tuple[str, str], bool] = {}
    at = 0
    for which, verdict, passed in story:
        at += passed * NS
        key = CAUSE if which == 12 else CIRCUITS[which]
        alarms.tick(at)
        _say(alarms, key, verdict, at)
        if verdict is not None:
            last[key] = verdict
    alarms.tick(at + HOLD)
    alarms.tick(at + HOLD + BACK)
    for key, verdict in last.items():
        state = alarms.state(*key)
        assert state.active is verdict
        if state.suppressors:
            assert alarms.state(*CAUSE).active
