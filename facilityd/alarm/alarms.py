"""All alarms of a site: findings and people's requests in, changes out."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from facilityd.alarm.clock_set import waits
from facilityd.alarm.first_out import AlarmTiming
from facilityd.alarm.guards import details, refusal, until
from facilityd.alarm.machine import apply
from facilityd.alarm.repeats import RepeatLimits, counted, is_held, is_told, is_worse
from facilityd.alarm.table import AlarmEvent, leaves
from facilityd.alarm.timers import due
from facilityd.errors import UsageError
from facilityd.model.alarm import AlarmCondition, AlarmState, Change, ChangeKind
from facilityd.model.command import AlarmCommand
from facilityd.model.finding import Evidence, Finding
from facilityd.model.sample import NS
from facilityd.model.suppression import Suppression, SuppressionLimits, Suppressor

Key = tuple[str, str]
BACK = (AlarmEvent.SHELF_OVER, AlarmEvent.RETURN_TO_SERVICE, AlarmEvent.STATE_OVER)
"""After these people are notified again of what goes on."""
SETTLED = 12 * 3600 * NS
"""A cause that stood so long (ns), and is acknowledged, explains nothing that begins only now."""
_EVENTS = {True: AlarmEvent.TRUE, False: AlarmEvent.FALSE, None: AlarmEvent.UNKNOWN}
_NO_LIMITS: Mapping[Key, SuppressionLimits] = MappingProxyType({})
_COMMON = SuppressionLimits()


class AlarmManager:
    """Starts from exactly the stored states (row 20). ``latching``: (device, rule) pairs that latch.

    ``expiry``: by (device, rule), after how many ns an acknowledgement of what goes on is too old (row 7).
    ``limits``: by (device, rule), how long a person may suppress notifications. ``timing`` tells which
    alarm of a device was the first. ``repeats``: by (device, rule), how what comes and goes is held.
    ``stages``: by (device, rule), the rules of that device that are an earlier stage of the same fault.
    ``present``: what a rule of a device rests on now, None where that is as it was told.
    """

    def __init__(
        self,
        states: Iterable[AlarmState] = (),
        latching: Container[Key] = frozenset(),
        expiry: Mapping[Key, int] = MappingProxyType({}),
        limits: Mapping[Key, SuppressionLimits] = _NO_LIMITS,
        timing: AlarmTiming | None = None,
        repeats: Mapping[Key, RepeatLimits] = MappingProxyType({}),
        stages: Mapping[Key, Sequence[str]] = MappingProxyType({}),
        present: Callable[[str, str], Evidence | None] = lambda _device, _rule: None,
    ) -> None:
        self._repeats, self._stages, self._present = repeats, stages, present
        self._timing = timing or AlarmTiming()
        self._states = {(state.device, state.rule): state for state in states}
        self._latching, self._expiry, self._limits = latching, expiry, limits
        self._due: dict[Key, int] = {}
        self._newest: dict[Key, Evidence] = {}
        self._well: dict[Key, Evidence] = {}
        for state in self._states.values():
            self._schedule(state)

    @property
    def states(self) -> Mapping[Key, AlarmState]:
        """Return every alarm that was ever evaluated, by device and rule."""
        return MappingProxyType(self._states)

    def state(self, device: str, rule: str) -> AlarmState:
        """Return the present state; of an alarm never evaluated, the first one."""
        return self._states.get((device, rule)) or AlarmState(device, rule)

    def apply(self, finding: Finding) -> Change | None:
        """Return the change that a finding causes, or None where it says nothing new."""
        state = self.state(finding.device, finding.rule)
        if finding.evidence.cause and self._independent(state, finding):
            finding = replace(finding, evidence=replace(finding.evidence, cause=""))
        if finding.verdict:
            self._newest[finding.device, finding.rule] = finding.evidence
        elif finding.verdict is False and state.active:
            self._well[finding.device, finding.rule] = finding.evidence
        if is_held(state) and finding.verdict and not finding.evidence.cause:
            return self._move(state, AlarmEvent.RECURS, finding.at, evidence=finding.evidence)
        if is_worse(state, finding):
            return self._move(state, AlarmEvent.WORSE, finding.at, evidence=finding.evidence)
        if finding.verdict and state.active and finding.evidence.cause != state.cause:
            return self._explain(state, finding)  # also of one that was unknown meanwhile
        if state.condition is AlarmCondition.of(finding.verdict):
            return None
        return self._move(
            state,
            self._event(state, finding),
            finding.at,
            evidence=finding.evidence,
            details=self._until(state, finding),
        )

    def _event(self, state: AlarmState, finding: Finding) -> AlarmEvent:
        """Return what a verdict that is news does; what was brief or comes and goes is not over at once."""
        return AlarmEvent.SUBSIDES if self._until(state, finding) else _EVENTS[finding.verdict]

    def _until(self, state: AlarmState, finding: Finding) -> Mapping[str, Any]:
        """Return until when an alarm that is well now must stay so; empty: it is over at once."""
        key = state.device, state.rule
        limits = None if key in self._latching else self._repeats.get(key)
        if finding.verdict is not False or not state.active or limits is None:
            return {}
        wait = limits.wait(state, finding.at)
        return {"until": finding.at + wait} if wait else {}

    def _independent(self, state: AlarmState, finding: Finding) -> bool:
        """Return whether its cause had settled, and somebody knew of it, before this began: it is news.

        What came with that cause before is no news when it comes again.
        """
        cause = self._states.get(_key_of(finding.evidence.cause, finding.device))
        if cause is None or not cause.active or cause.acked_at is None or cause.began is None:
            return False
        if state.active and state.cause:
            return False
        begun = state.began if state.active and state.began is not None else finding.at
        first = cause.raised_at or 0
        known = not state.active and state.raised_at is not None and state.raised_at >= first
        return not known and begun > cause.acked_at and begun - cause.began > SETTLED

    def _explain(self, state: AlarmState, finding: Finding) -> Change | None:
        """Return the change where a lasting alarm has found its cause, or lost it."""
        if finding.evidence.cause:
            return self._move(state, AlarmEvent.EXPLAINED, finding.at, evidence=finding.evidence)
        return self._move(
            state,
            AlarmEvent.UNEXPLAINED,
            finding.at,
            evidence=finding.evidence,
            details=self._eased_from(state),
        )

    @property
    def next_due(self) -> int | None:
        """Return when ``tick`` may first change something, ns UTC; None where nothing waits for a time."""
        return min(self._due.values(), default=None)

    def tick(self, at: int) -> list[Change]:
        """Return what changed by time alone, up to an instant in ns UTC, in the order in which it was due."""
        changes = []
        while ready := sorted((when, key) for key, when in self._due.items() if when <= at):
            changes += [change for _, key in ready if (change := self._time(key, at))]
        return changes

    def _time(self, key: Key, at: int) -> Change | None:
        state = self._states[key]
        now = due(state, self._expiry.get(key))
        if now is None or now.at > at:
            self._schedule(state)
            return None
        return self._move(state, now.event, at, evidence=self._shown(state, now.event), details=now.details)

    def _shown(self, state: AlarmState, event: AlarmEvent) -> Evidence | None:
        """Return what an alarm that people are notified of again rests on, where it is known."""
        if event is AlarmEvent.STAYED_WELL:
            return self._well.get((state.device, state.rule))
        if event not in BACK or not state.active:
            return None
        return self._present(state.device, state.rule) or self._newest.get((state.device, state.rule))

    def _schedule(self, state: AlarmState) -> None:
        """Note when time alone will change an alarm."""
        key = state.device, state.rule
        next_one = due(state, self._expiry.get(key))
        if next_one is None:
            self._due.pop(key, None)
        else:
            self._due[key] = next_one.at

    def clock_set(self, by: int, at: int) -> list[Change]:
        """Return what keeps every wait as long, where by ``at`` the clock was put forward by ``by`` ns."""
        kept = [one for one in self._states.values() if waits(one)]
        kind = ChangeKind.CLOCK_SET
        changes = [Change(at, one.device, one.rule, one.occurrence, kind, details={"by": by}) for one in kept]
        for change in changes:
            self.replay(change)
        return changes

    def operate(self, event: AlarmEvent, command: AlarmCommand, at: int) -> Change:
        """Return the change that a person's command causes at an instant in ns UTC.

        Raises UsageError where the alarm's state, its occurrence by now, or its class does not allow it.
        """
        state = self.state(command.device, command.rule)
        limits = self._limits.get((command.device, command.rule), _COMMON)
        if why := refusal(state, event, command, limits, at):
            raise UsageError(f"{why[0]} / {why[1]}", where=f"{state.device} {state.rule}")
        change = self._move(
            state, event, at, self._shown(state, event), command.person, command.comment,
            details(command, until(command, limits, at)),
        )  # fmt: skip
        if change is None:
            raise AssertionError(f"{state.unsuppressed} has neither an arrow nor a refusal for {event}")
        return change

    def begin_state(
        self, device: str, rules: Iterable[str], at: int, fact: Suppression, command: str
    ) -> list[Change]:
        """Notify nobody of rules of a device in a state, from ``at`` (ns UTC); return the changes."""
        details = {"command": command, "until": fact.until, "state": fact.state}
        event = AlarmEvent.STATE_BEGINS
        moved = (
            self._move(self.state(device, rule), event, at, None, fact.person, fact.comment, details)
            for rule in sorted(rules)
        )
        return [change for change in moved if change]

    def end_state(self, device: str, at: int, person: str, command: str) -> list[Change]:
        """Let people be notified of a device again, at an instant in ns UTC; return the changes."""
        held = [one for one in self._states.values() if one.device == device]
        held = [one for one in held if one.suppressed_by(Suppressor.BY_STATE)]
        event, kind = AlarmEvent.STATE_OVER, Suppressor.BY_STATE
        moved = (
            self._move(
                one, event, at, self._shown(one, event), person, "",
                {"command": command, "state": fact.state if (fact := one.suppressed_by(kind)) else ""},
            )
            for one in sorted(held, key=lambda state: state.rule)
        )  # fmt: skip
        return [change for change in moved if change]

    def retire(self, device: str, rule: str, why: Evidence, at: int) -> Change | None:
        """End an alarm that nothing watches any more; None where there is nothing to end."""
        return self._move(self.state(device, rule), AlarmEvent.UNWATCHED, at, evidence=why)

    def replay(self, change: Change) -> AlarmState:
        """Take a stored change as it was; return the state after it."""
        key = change.device, change.rule
        self._states[key] = apply(self.state(*key), change)
        self._schedule(self._states[key])
        return self._states[key]

    def _move(
        self, state: AlarmState, event: AlarmEvent, at: int,
        evidence: Evidence | None = None, person: str = "", comment: str = "",
        details: Mapping[str, Any] = MappingProxyType({}),
    ) -> Change | None:  # fmt: skip
        row = leaves(state, event, latching=(state.device, state.rule) in self._latching)
        if row is None:
            return None
        occurrence = state.occurrence + (row.kind is ChangeKind.RAISE)
        if row.kind is ChangeKind.RAISE:
            order = self._timing.first_out(self._states.values(), state.device, state.rule, at)
            details = {**details, **order, **self._worse_than(state, at, evidence)}
        more, evidence = self._counted(state, row.kind, at, evidence)
        details = {**details, **more}
        change = Change(
            at, state.device, state.rule, occurrence, row.kind, evidence, person, comment, dict(details)
        )
        self.replay(change)
        return change

    def _worse_than(self, state: AlarmState, at: int, evidence: Evidence | None) -> Mapping[str, Any]:
        """Return of which alarm, that stands and was told, this one is the worsening; empty: of none."""
        if evidence is not None and evidence.cause:
            return {}
        for rule in self._stages.get((state.device, state.rule), ()):
            earlier = self.state(state.device, rule)
            if is_told(earlier, state.rule, at):
                return {"worse_than": rule, "worse_since": earlier.began}
        return {}

    def _eased_from(self, state: AlarmState) -> Mapping[str, Any]:
        """Return of which graver stage, that was told, this is what is left; empty: of none."""
        graver = self.state(state.device, state.cause)
        if state.rule in self._stages.get((state.device, state.cause), ()) and graver.raised_at is not None:
            return {"eased_from": state.cause, "eased_since": graver.raised_at}
        return {}

    def _counted(
        self, state: AlarmState, kind: ChangeKind, at: int, evidence: Evidence | None
    ) -> tuple[Mapping[str, Any], Evidence | None]:
        """Return what a change says of how often the alarm came, and its evidence with that."""
        limits = self._repeats.get((state.device, state.rule))
        if limits is None or kind not in (ChangeKind.RAISE, ChangeKind.RECUR, ChangeKind.CLEAR):
            return {}, evidence
        again = limits.returns(state, at) if kind is ChangeKind.RAISE else state.returns
        returns = again + (kind is ChangeKind.RECUR)
        first = state.began if state.first_at is None else state.first_at
        if not returns or first is None:
            return {}, evidence
        ended = kind is ChangeKind.CLEAR and state.well_since is not None
        told = counted(evidence, returns, first, state.well_since if ended else at)
        return {} if kind is ChangeKind.CLEAR else {"returns": returns, "first_at": first}, told


def _key_of(cause: str, device: str) -> Key:
    """Return the alarm that a cause names: a rule of the same device, or DEVICE/RULE."""
    other, slash, rule = cause.rpartition("/")
    return (other, rule) if slash else (device, rule)
