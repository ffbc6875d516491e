"""What time alone does to an alarm: an acknowledgement grows too old, and everybody is told again (row 7)."""

from __future__ import annotations

import pytest
from support.commands import operate

from facilityd.alarm import AlarmManager
from facilityd.model.alarm import AlarmStateName, Change, ChangeKind
from facilityd.model.finding import Evidence, Finding

KEY, OTHER = ("hoist", "drag"), ("pump", "leak")
HOUR = 3600 * 10**9
EXPIRY = {KEY: HOUR}


def _wrong(alarms: AlarmManager, at: int, key: tuple[str, str] = KEY, *, cause: str = "") -> Change | None:
    return alarms.apply(Finding(*key, True, at, at, Evidence("limit-above", {}, cause=cause)))


def _right(alarms: AlarmManager, at: int) -> Change | None:
    return alarms.apply(Finding(*KEY, False, at, at, Evidence("clear-above", {})))


def test_an_acknowledgement_that_is_too_old_is_taken_back_once() -> None:
    alarms = AlarmManager(expiry=EXPIRY)
    _wrong(alarms, 1)
    assert alarms.next_due is None
    operate(alarms, "a", KEY, 5)
    assert alarms.next_due == 5 + HOUR
    assert alarms.tick(4 + HOUR) == []
    (change,) = alarms.tick(7 + HOUR)
    assert (change.kind, change.at, change.person) == (ChangeKind.REALARM, 7 + HOUR, "")
    assert change.details == {"expired": True, "acknowledged_by": "Li", "acknowledged_at": 5}
    assert alarms.state(*KEY).state_name is AlarmStateName.UNACKNOWLEDGED
    assert (alarms.next_due, alarms.tick(9 * HOUR)) == (None, [])
    operate(alarms, "a", KEY, 10 * HOUR)
    assert alarms.next_due == 11 * HOUR


@pytest.mark.parametrize("end", ["cleared", "explained", "taken back"])
def test_nothing_is_due_for_what_does_not_go_on_acknowledged(end: str) -> None:
    alarms = AlarmManager(expiry=EXPIRY)
    _wrong(alarms, 1)
    operate(alarms, "a", KEY, 5)
    if end == "cleared":
        _right(alarms, 6)
    elif end == "explained":
        _wrong(alarms, 6, cause="trip")
    else:
        operate(alarms, "!", KEY, 6)
    assert (alarms.next_due, alarms.tick(2 * HOUR)) == (None, [])


def test_only_what_has_an_expiry_expires_and_a_restart_forgets_none() -> None:
    alarms = AlarmManager(expiry=EXPIRY)
    for key in (KEY, OTHER):
        _wrong(alarms, 1, key)
        operate(alarms, "a", key, 5)
    again = AlarmManager(alarms.states.values(), expiry=EXPIRY)
    assert again.next_due == alarms.next_due == 5 + HOUR
    assert again.tick(2 * HOUR) == alarms.tick(2 * HOUR)
    assert again.states == alarms.states
    assert again.state(*OTHER).acked


def test_a_stored_change_brings_its_details_back_and_replays_to_the_same_state() -> None:
    alarms, changes = AlarmManager(expiry=EXPIRY), []
    changes.append(_wrong(alarms, 1))
    changes.append(operate(alarms, "a", KEY, 5))
    changes += alarms.tick(2 * HOUR)
    replayed = AlarmManager(expiry=EXPIRY)
    for change in changes:
        assert change is not None
        assert Change.from_json(change.to_json()) == change
        replayed.replay(Change.from_json(change.to_json()))
    assert replayed.states == alarms.states
