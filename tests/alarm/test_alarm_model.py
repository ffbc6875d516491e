"""Every state times every event against a small second account of it; replay and restart change nothing."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from support.commands import EVENTS, operate

from facilityd.alarm import AlarmManager
from facilityd.alarm.table import ROWS, AlarmEvent, leaves
from facilityd.errors import UsageError
from facilityd.model.alarm import AlarmState, AlarmStateName, Change
from facilityd.model.finding import Evidence, Finding
from facilityd.model.suppression import Suppression, SuppressionLimits, Suppressor

from .reference_model import ReferenceAlarm

KEYS = [("hoist", "drag"), ("hoist", "trip")]
LATCHING = {KEYS[1]}
LIMITS = {key: SuppressionLimits(shelf=50, review=80) for key in KEYS}
LATCHED = {
    AlarmStateName.LATCHED_UNACKNOWLEDGED: "L",
    AlarmStateName.LATCHED_ACKNOWLEDGED: "l",
}


class Twice(RuleBasedStateMachine):
    """An alarm that latches and one that does not, each beside its reference."""

    def __init__(self) -> None:
        super().__init__()
        self.alarms = AlarmManager((), LATCHING, limits=LIMITS)
        self.reference = {key: ReferenceAlarm(key in LATCHING) for key in KEYS}
        self.log: list[str] = []
        self.now = 0

    def _note(self, *changes: Change | None) -> None:
        self.log += [change.to_json() for change in changes if change]

    @rule(key=st.sampled_from(KEYS), verdict=st.sampled_from([True, True, False, None]), caused=st.booleans())
    def judged(self, key, verdict, caused) -> None:
        self.now += 1
        why = Evidence("x", {"value": 1.5}, cause="jam" if caused and verdict else "")
        self._note(self.alarms.apply(Finding(*key, verdict, self.now, self.now, why)))
        self.reference[key].judged(verdict, caused=caused)

    @rule(
        key=st.sampled_from(KEYS),
        mark=st.sampled_from(sorted(EVENTS)),
        lasts=st.integers(0, 100),
        once=st.booleans(),
    )
    def asked(self, key, mark, lasts, once) -> None:
        self.now += 1
        until = self.now + lasts
        more = {"s": {"until": until, "once": once}, "o": {"until": until}}.get(mark, {})
        before = self.alarms.state(*key)
        may = self.reference[key].asked(mark, self.now, until, once=once)
        try:
            self._note(operate(self.alarms, mark, key, self.now, **more))
        except UsageError:
            assert not may
            assert self.alarms.state(*key) == before
        else:
            assert may, before

    @rule(passed=st.integers(1, 60))
    def time_passes(self, passed) -> None:
        self.now += passed
        self._note(*self.alarms.tick(self.now))
        for one in self.reference.values():
            one.passes(self.now)
        assert (self.alarms.next_due or self.now + 1) > self.now

    @rule(key=st.sampled_from(KEYS), lasts=st.integers(1, 60))
    def works_begin(self, key, lasts) -> None:
        self.now += 1
        fact = Suppression(Suppressor.BY_STATE, self.now, self.now + lasts, "Li", "oil", state="maintenance")
        self._note(*self.alarms.begin_state(key[0], [key[1]], self.now, fact, "c"))
        self.reference[key].works(self.now + lasts)

    @rule()
    def works_end(self) -> None:
        self.now += 1
        self._note(*self.alarms.end_state(KEYS[0][0], self.now, "Li", "c"))
        for one in self.reference.values():
            one.done()

    @rule(key=st.sampled_from(KEYS))
    def left_the_site(self, key) -> None:
        self.now += 1
        self._note(self.alarms.retire(*key, Evidence("unwatched-rule"), self.now))
        self.reference[key].leaves()

    @rule()
    def restarted(self) -> None:
        """Bit for bit: the fold of the journal's changes, the stored states, and what was live."""
        folded = AlarmManager((), LATCHING, limits=LIMITS)
        for text in self.log:
            folded.replay(Change.from_json(text))
        live = {key: state.to_json() for key, state in self.alarms.states.items()}
        assert {key: state.to_json() for key, state in folded.states.items()} == live
        stored = [AlarmState.from_json(text) for text in live.values()]
        again = AlarmManager(stored, LATCHING, limits=LIMITS)
        assert {key: state.to_json() for key, state in again.states.items()} == live
        assert again.next_due == self.alarms.next_due == folded.next_due
        self.alarms = again

    @invariant()
    def they_agree(self) -> None:
        for key, one in self.reference.items():
            state = self.alarms.state(*key)
            shown = state.letter or LATCHED[state.state_name]
            assert (shown, state.occurrence) == (one.shown, one.count)
            assert (state.active, state.acked, state.latched) == (one.holds, one.answered, one.latched)
            assert all(fact.until or fact.kind.value == "suppressed-by-design" for fact in state.suppressors)


Twice.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestTwice = Twice.TestCase


HOUR = 10**6
STEPS = [*"#x.?", *EVENTS, "1", ">", "-", "m", "w"]
"""'m' maintenance begins, 'w' ends;
'#' holds, 'x' holds as the consequence of another, '.' is over, '?' unknown; '1' a shelf for one occurrence;
'>' time passes; '-' it leaves the site; the rest is a person's (``support.commands``)."""


def _step(alarms: AlarmManager, key: tuple[str, str], mark: str, at: int) -> None:
    if mark in "#x.?":
        verdict = {"#": True, "x": True, ".": False, "?": None}[mark]
        alarms.apply(Finding(*key, verdict, at, at, Evidence("x", cause="jam" if mark == "x" else "")))
    elif mark == ">":
        alarms.tick(at)
    elif mark == "m":
        fact = Suppression(Suppressor.BY_STATE, at, at + 50, "Li", "oil", state="maintenance")
        alarms.begin_state(key[0], [key[1]], at, fact, "c")
    elif mark == "w":
        alarms.end_state(key[0], at, "Li", "c")
    elif mark == "-":
        alarms.retire(*key, Evidence("unwatched-rule"), at)
    else:
        once = {"once": True} if mark == "1" else {}
        with suppress(UsageError):
            operate(alarms, "s" if mark == "1" else mark, key, at, **once)


def _reference_step(one: ReferenceAlarm, mark: str, at: int) -> None:
    if mark in "#x.?":
        one.judged({"#": True, "x": True, ".": False, "?": None}[mark], caused=mark == "x")
    elif mark == ">":
        one.passes(at)
    elif mark == "m":
        one.works(at + 50)
    elif mark == "w":
        one.done()
    elif mark == "-":
        one.leaves()
    else:
        one.asked("s" if mark == "1" else mark, at, at + (80 if mark == "o" else 50), once=mark == "1")


def _met(one: ReferenceAlarm) -> tuple[object, ...]:
    """What tells one state from another, whenever it was and however often."""
    shelf = one.shelf and one.shelf[1]
    return (
        replace(one, shelf=None, out=None, upkeep=None, count=min(one.count, 1)),
        one.upkeep is None,
        shelf,
        one.shelf is None,
        one.out is None,
    )


@pytest.mark.parametrize("key", KEYS, ids=["plain", "latching"])
def test_every_state_that_can_be_reached_answers_every_event_as_the_reference_does(key) -> None:
    met: dict[str, None] = {}
    walked: set[tuple[AlarmStateName, AlarmEvent]] = set()
    todo = [(AlarmState(*key), ReferenceAlarm(key in LATCHING), 0)]
    while todo:
        state, one, depth = todo.pop()
        walked |= {(state.unsuppressed, e) for e in AlarmEvent if leaves(state, e, latching=key in LATCHING)}
        for mark in STEPS:
            at = (depth + 1) * HOUR if mark == ">" else depth * HOUR + 1
            alarms, other = AlarmManager([state], LATCHING, limits=LIMITS), replace(one)
            _step(alarms, key, mark, at)
            _reference_step(other, mark, at)
            after = alarms.state(*key)
            shown = after.letter or LATCHED[after.state_name]
            assert (shown, after.acked, after.occurrence) == (other.shown, other.answered, other.count), (
                state,
                mark,
            )
            assert AlarmState.from_json(after.to_json()) == after
            if str(_met(other)) not in met:
                met[str(_met(other))] = None
                todo.append((after, other, depth + 1))
    assert len(met) > 200, "the walk is a walk"
    mine = {(row.source, row.event) for row in ROWS if row.latching in (None, key in LATCHING)}
    if key not in LATCHING:
        mine = {(source, event) for source, event in mine if "latched" not in source}
    unreachable = {(AlarmStateName.RETURNED, e) for e in AlarmEvent} if key in LATCHING else set()
    assert walked >= mine - unreachable
