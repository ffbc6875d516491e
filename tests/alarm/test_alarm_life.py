"""Walks through the table: what a crew sees over a day, and what it is refused."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from support.commands import operate

from facilityd.alarm import AlarmManager
from facilityd.alarm.table import REFUSALS, ROWS, STATES, AlarmEvent, transition
from facilityd.errors import UsageError
from facilityd.model.alarm import (
    AlarmCondition,
    AlarmState,
    AlarmStateName,
    Change,
    ChangeKind,
    Suppression,
    Suppressor,
)
from facilityd.model.finding import Evidence, Finding

ROOT = Path(__file__).resolve().parents[2]
KEY = ("hoist", "drag")
GOES_ON = (AlarmStateName.UNACKNOWLEDGED, AlarmStateName.ACKNOWLEDGED)
WHY = Evidence("limit-above", {"value": 12.5, "limit": 10.0, "unit": "A", "for_s": 3.0}, "current")


def _step(alarms: AlarmManager, mark: str, at: int) -> Change | None:
    """'#' wrong, '.' right, '?' unknown, 'a' acknowledge, 'r' reset, '!' announce again."""
    if mark in "#.?":
        return alarms.apply(Finding(*KEY, {"#": True, ".": False, "?": None}[mark], at, at, WHY))
    return operate(alarms, mark, KEY, at)


def _walk(story: str, latching: bool = False) -> tuple[str, list[Change]]:
    """Return the states after each step ('L' and 'l': latched un- and acknowledged) and the changes."""
    alarms, letters, changes = AlarmManager((), {KEY} if latching else set()), "", []
    for at, mark in enumerate(story, start=1):
        change = _step(alarms, mark, at)
        changes += [change] if change else []
        state_name = alarms.state(*KEY).state_name
        letters += (
            state_name.letter
            or {"latched-unacknowledged": "L", "latched-acknowledged": "l"}[state_name.value]
        )
    return letters, changes


@pytest.mark.parametrize(
    ("story", "lives", "kinds"),
    [
        (".#a.", "ABCA", "regain raise acknowledge clear"),
        (".#.a", "ABDA", "regain raise clear acknowledge"),
        (".#.#.a", "ABDBDA", "regain raise clear raise clear acknowledge"),
        ("#a!a.", "BCBCA", "raise acknowledge re-alarm acknowledge clear"),
        ("..####..", "AABBBBDD", "regain raise clear"),
        (".#?#.?.a", "ABBBDDDA", "regain raise lose regain clear lose regain acknowledge"),
        ("#?.a", "BBDA", "raise lose clear acknowledge"),
        (".?#", "AAB", "regain lose raise"),
        ("#?a?.", "BBCCA", "raise lose acknowledge clear"),
        ("???", "AAA", ""),
    ],
)
def test_a_plain_alarm(story: str, lives: str, kinds: str) -> None:
    letters, changes = _walk(story)
    assert letters == lives
    assert " ".join(change.kind for change in changes) == kinds


@pytest.mark.parametrize(
    ("story", "lives"),
    [
        ("#a.r", "BClA"),
        ("#.ar", "BLlA"),
        ("#.#a.r", "BLBClA"),
        ("#a.#.ar", "BClBLlA"),
        ("#.?.a?.r", "BLLLlllA"),
    ],
)
def test_a_latching_alarm(story: str, lives: str) -> None:
    assert _walk(story, latching=True)[0] == lives


def test_each_raise_after_a_clear_is_a_new_occurrence_with_no_memory() -> None:
    alarms = AlarmManager()
    for at, mark in enumerate("#a.#", start=1):
        _step(alarms, mark, at)
    assert alarms.state(*KEY) == AlarmState(
        *KEY, AlarmCondition.TRUE, acked=False, occurrence=2, since=4, raised_at=4, acked_at=None, acked_by=""
    )


def test_the_facts_of_an_acknowledged_and_cleared_occurrence() -> None:
    alarms = AlarmManager()
    for at, mark in enumerate("#a.", start=1):
        _step(alarms, mark, at)
    state = alarms.state(*KEY)
    assert (state.raised_at, state.acked_at, state.acked_by, state.cleared_at) == (1, 2, "Li", 3)
    assert (state.active, state.condition, state.since) == (False, AlarmCondition.FALSE, 3)


def test_a_change_carries_evidence_person_and_comment() -> None:
    changes = _walk("#a.")[1]
    assert changes[0] == Change(1, *KEY, 1, ChangeKind.RAISE, WHY)
    assert replace(changes[1], details={}) == Change(
        2, *KEY, 1, ChangeKind.ACKNOWLEDGE, None, "Li", "on my way"
    )
    assert changes[1].details.keys() == {"command"}, "by its id the audit trail has the rest"


@pytest.mark.parametrize(
    ("story", "occurrence", "said"),
    [
        (".", 0, "there is no alarm to acknowledge / 没有需要确认的报警"),
        ("#a", 0, r"already acknowledged \(Li\) / 报警已被确认（Li）"),
        ("#a.", 0, r"it is over, and was acknowledged before \(Li\) / 报警已结束，此前已被确认（Li）"),
        ("#.a", 0, r"it is over, and was acknowledged before \(Li\) / 报警已结束，此前已被确认（Li）"),
        ("#.#", 1, "occurrence 1 is over, the newest is 2: look at that one / 第 1 次报警已结束"),
        ("#", 2, "occurrence 2 has not happened / 第 2 次报警尚未发生"),
    ],
)
def test_an_acknowledgement_names_one_occurrence_that_waits_for_it(story, occurrence, said) -> None:
    alarms = AlarmManager()
    for at, mark in enumerate(story, start=1):
        _step(alarms, mark, at)
    before = alarms.state(*KEY)
    with pytest.raises(UsageError, match=f"hoist drag: .*{said}"):
        operate(alarms, "a", KEY, 99, occurrence=occurrence)
    assert alarms.state(*KEY) == before


@pytest.mark.parametrize(
    ("story", "said"),
    [("#", "still holds"), ("#a", "still holds"), ("#.", "before the reset"), ("#a.?", "cannot be judged now"), (".", "no alarm")],
)  # fmt: skip
def test_a_reset_is_refused_unless_acknowledged_and_known_to_be_over(story: str, said: str) -> None:
    alarms = AlarmManager((), {KEY})
    for at, mark in enumerate(story, start=1):
        _step(alarms, mark, at)
    with pytest.raises(UsageError, match=said):
        operate(alarms, "r", KEY, 99)


def test_every_state_answers_every_event() -> None:
    """Each pair has an arrow, or a refusal for people, or is the state it is in already."""
    same = {(one, AlarmEvent.TRUE if one in GOES_ON else AlarmEvent.FALSE) for one in STATES}
    for one, event, suppressed in product(STATES, AlarmEvent, (False, True)):
        arrows = {
            bool(transition(one, event, latching=latching, suppressed=suppressed))
            for latching in (True, False)
        }
        assert len(arrows) == 1, (one, event)
        explains = event in (AlarmEvent.WORSE, AlarmEvent.EXPLAINED, AlarmEvent.UNEXPLAINED)
        held = event in (AlarmEvent.SUBSIDES, AlarmEvent.RECURS, AlarmEvent.STAYED_WELL)
        nothing = (
            ((explains or held) and one not in GOES_ON)
            or (one is AlarmStateName.NORMAL and event is AlarmEvent.UNWATCHED and not suppressed)
            or (event is AlarmEvent.REVIEW_DUE and not suppressed)
        )
        assert arrows.pop() != ((one, event) in REFUSALS or nothing), (one, event, suppressed)
    regains = {(row.source, row.event) for row in ROWS if row.kind is ChangeKind.REGAIN}
    assert regains == same


def test_unknown_rows_hold_their_state_and_the_table_has_every_row_of_the_standard() -> None:
    assert all(row.source is row.target for row in ROWS if row.number == 19)
    assert {row.number for row in ROWS} == {*range(1, 20), 21, 22, 23, 24}


def test_suppression_lies_over_the_life_and_the_strongest_is_shown() -> None:
    state = AlarmState(
        *KEY,
        AlarmCondition.TRUE,
        acked=False,
        occurrence=1,
        raised_at=1,
        suppressors=(Suppression(Suppressor.SHELVED),),
    )
    assert (state.letter, state.unsuppressed) == ("E", AlarmStateName.UNACKNOWLEDGED)
    both = AlarmState(
        *KEY, suppressors=(Suppression(Suppressor.SHELVED), Suppression(Suppressor.OUT_OF_SERVICE))
    )
    assert both.letter == "G"


def test_the_printed_table_is_current() -> None:
    done = subprocess.run(
        [sys.executable, "tools/alarm_table.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False,
        env={"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_more_of_an_alarm_than_was_told_is_told_once_and_withdraws_the_acknowledgement() -> None:
    alarms, changes = AlarmManager(), []
    for at, extent in enumerate(("a", "a", "ab", "b", "ab"), start=1):
        why = Evidence("unreadable", {}, "a", extent=tuple(extent))
        changes.append(alarms.apply(Finding(*KEY, True, at, at, why)))
        if at == 1:
            operate(alarms, "a", KEY, at)
    assert [change and change.kind for change in changes] == [
        ChangeKind.RAISE,
        None,
        ChangeKind.WORSEN,
        None,
        None,
    ]
    state = AlarmState.from_json(alarms.state(*KEY).to_json())
    assert state == alarms.state(*KEY)
    assert (state.extent, state.occurrence, state.acked) == (("a", "b"), 1, False)
    again = AlarmManager([state])
    lost = again.apply(Finding(*KEY, None, 6, 6, Evidence("unknown-yet")))
    back = again.apply(Finding(*KEY, True, 7, 7, Evidence("unreadable", {}, "c", extent=("c",))))
    assert lost is not None
    assert back is not None
    assert (lost.kind, back.kind) == (ChangeKind.LOSE, ChangeKind.WORSEN)
    assert again.state(*KEY).condition is AlarmCondition.TRUE
    assert Change.from_json(back.to_json()) == back


def test_a_consequence_that_grows_is_told_by_its_cause() -> None:
    alarms = AlarmManager()
    for at, extent in enumerate(("a", "ab"), start=1):
        why = Evidence("unreadable", {}, "a", "silent", extent=tuple(extent))
        assert (alarms.apply(Finding(*KEY, True, at, at, why)) is None) is (at == 2)
    own = alarms.apply(Finding(*KEY, True, 3, 3, Evidence("unreadable", {}, "a", extent=("a", "b"))))
    assert own is not None
    assert own.kind is ChangeKind.UNSUPPRESS
    assert alarms.state(*KEY).extent == ("a", "b")
