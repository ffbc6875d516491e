"""Random lives: unknown is harmless, replay is exact, nothing ends unseen."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from support.commands import operate

from facilityd.alarm import AlarmManager
from facilityd.errors import UsageError
from facilityd.model.alarm import AlarmCondition, AlarmState, AlarmStateName, Change, ChangeKind
from facilityd.model.finding import Evidence, Finding

KEYS = [("hoist", "drag"), ("hoist", "trip"), ("lamp", "dark")]
LATCHING = {("hoist", "trip")}
PEOPLE = st.sampled_from(["Li", "王", "policy: low priority"])


class Lives(RuleBasedStateMachine):
    """Three alarms, one of them latching, under findings, requests, losses and restarts."""

    def __init__(self) -> None:
        super().__init__()
        self.alarms = AlarmManager((), LATCHING)
        self.log: list[Change] = []
        self.now = 0
        self.seen: set[tuple[str, str, int]] = set()

    def _note(self, change: Change | None) -> None:
        if change is not None:
            self.log.append(change)
            if change.kind is ChangeKind.ACKNOWLEDGE:
                self.seen.add((change.device, change.rule, change.occurrence))

    @rule(key=st.sampled_from(KEYS), verdict=st.booleans())
    def judged(self, key, verdict) -> None:
        self.now += 1
        before = self.alarms.state(*key)
        self._note(
            self.alarms.apply(Finding(*key, verdict, self.now, self.now, Evidence("x", {"value": 1.5})))
        )
        after = self.alarms.state(*key)
        assert after.condition is AlarmCondition.of(verdict)
        assert after.active is verdict
        assert after.occurrence == before.occurrence + (verdict and not before.active)

    @rule(key=st.sampled_from(KEYS))
    def lost(self, key) -> None:
        """Unknown neither raises nor clears nor shifts anything but the condition."""
        self.now += 1
        before = self.alarms.state(*key)
        self._note(self.alarms.apply(Finding(*key, None, self.now, self.now, Evidence("unknown-yet"))))
        after = self.alarms.state(*key)
        assert after == replace(before, condition=AlarmCondition.UNKNOWN)

    @rule(
        key=st.sampled_from(KEYS),
        person=PEOPLE,
        occurrence=st.integers(0, 3),
        ask=st.sampled_from("ar!"),
    )
    def asked(self, key, person, occurrence, ask) -> None:
        self.now += 1
        before = self.alarms.state(*key)
        try:
            change = operate(self.alarms, ask, key, self.now, person, occurrence=occurrence)
        except UsageError:
            assert self.alarms.state(*key) == before
            return
        assert change.occurrence == before.occurrence
        assert occurrence in (0, before.occurrence)
        self._note(change)

    @rule(key=st.sampled_from(KEYS))
    def unwatched(self, key) -> None:
        """Its end is no acknowledgement by a person, and the only end without one."""
        self.now += 1
        before = self.alarms.state(*key)
        change = self.alarms.retire(*key, Evidence("unwatched-device"), self.now)
        assert (change is None) is (before.state_name is AlarmStateName.NORMAL)
        after = self.alarms.state(*key)
        assert after.state_name is AlarmStateName.NORMAL
        assert after.unwatched is (before.unwatched or change is not None)
        self.seen |= {(*key, after.occurrence)} if change else set()
        self._note(change)

    @rule()
    def restarted(self) -> None:
        """Exactly the stored states, through their JSON."""
        states = [AlarmState.from_json(state.to_json()) for state in self.alarms.states.values()]
        before = dict(self.alarms.states)
        self.alarms = AlarmManager(states, LATCHING)
        assert dict(self.alarms.states) == before

    @precondition(lambda self: self.log)
    @invariant()
    def replay_rebuilds_every_state(self) -> None:
        again = AlarmManager((), LATCHING)
        for change in self.log:
            again.replay(Change.from_json(change.to_json()))
        assert dict(again.states) == dict(self.alarms.states)

    @invariant()
    def nothing_becomes_normal_unseen(self) -> None:
        for state in self.alarms.states.values():
            if state.state_name is AlarmStateName.NORMAL and state.occurrence:
                assert (state.device, state.rule, state.occurrence) in self.seen

    @invariant()
    def facts_agree(self) -> None:
        for state in self.alarms.states.values():
            assert not (state.active and state.latched)
            assert not (state.latched and (state.device, state.rule) not in LATCHING)
            if state.condition is not AlarmCondition.UNKNOWN:
                assert (state.condition is AlarmCondition.TRUE) is state.active


Lives.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestLives = Lives.TestCase
