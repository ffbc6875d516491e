"""All alarms of a site: findings and people's requests in, changes out."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from facilityd.alarm.machine import apply
from facilityd.alarm.table import REFUSALS, AlarmEvent, transition
from facilityd.errors import UsageError
from facilityd.model.alarm import AlarmCondition, AlarmState, AlarmStateName, Change, ChangeKind
from facilityd.model.command import AlarmCommand
from facilityd.model.finding import Evidence, Finding

Key = tuple[str, str]

_EVENTS = {True: AlarmEvent.TRUE, False: AlarmEvent.FALSE, None: AlarmEvent.UNKNOWN}


class AlarmManager:
    """Starts from exactly the stored states (row 20). ``latching``: (device, rule) pairs that latch.

    ``expiry``: by (device, rule), after how many ns an acknowledgement of what goes on is too old (row 7).
    """

    def __init__(
        self,
        states: Iterable[AlarmState] = (),
        latching: Container[Key] = frozenset(),
        expiry: Mapping[Key, int] = MappingProxyType({}),
    ) -> None:
        self._states = {(state.device, state.rule): state for state in states}
        self._latching, self._expiry = latching, expiry
        self._due: dict[Key, int] = {}
        for state in self._states.values():
            self._schedule(state)

    @property
    def states(self) -> Mapping[Key, AlarmState]:
        """Return every alarm that was ever judged, by device and rule."""
        return MappingProxyType(self._states)

    def state(self, device: str, rule: str) -> AlarmState:
        """Return the present state; of an alarm never judged, the first one."""
        return self._states.get((device, rule)) or AlarmState(device, rule)

    def apply(self, finding: Finding) -> Change | None:
        """Return the change that a finding causes, or None where it says nothing new."""
        state = self.state(finding.device, finding.rule)
        if _is_worse(state, finding):
            return self._move(state, AlarmEvent.WORSE, finding.at, evidence=finding.evidence)
        if state.condition is AlarmCondition.of(finding.verdict):
            return self._explain(state, finding) if finding.verdict else None
        return self._move(state, _EVENTS[finding.verdict], finding.at, evidence=finding.evidence)

    def _explain(self, state: AlarmState, finding: Finding) -> Change | None:
        """Return the change where a lasting alarm has found its cause, or lost it."""
        if finding.evidence.cause == state.cause:
            return None
        event = AlarmEvent.EXPLAINED if finding.evidence.cause else AlarmEvent.UNEXPLAINED
        return self._move(state, event, finding.at, evidence=finding.evidence)

    @property
    def next_due(self) -> int | None:
        """Return when ``tick`` may first change something, ns UTC; None where nothing waits for a time."""
        return min(self._due.values(), default=None)

    def tick(self, at: int) -> list[Change]:
        """Return what changed by time alone, up to an instant in ns UTC."""
        due = sorted(key for key, when in self._due.items() if when <= at)
        return [change for key in due if (change := self._expire(self._states[key], at))]

    def _expire(self, state: AlarmState, at: int) -> Change | None:
        details = {"expired": True, "acknowledged_by": state.acked_by, "acknowledged_at": state.acked_at}
        return self._move(state, AlarmEvent.REALARM, at, details=details)

    def _schedule(self, state: AlarmState) -> None:
        """Note when time alone will change an alarm."""
        key = state.device, state.rule
        self._due.pop(key, None)
        if key not in self._expiry or state.state_name is not AlarmStateName.ACKNOWLEDGED:
            return
        if state.acked_at is not None:
            self._due[key] = state.acked_at + self._expiry[key]

    def operate(self, event: AlarmEvent, command: AlarmCommand, at: int) -> Change:
        """Return the change that a person's command causes at an instant in ns UTC.

        Raises UsageError where the alarm's state, or its occurrence by now, does not allow it.
        """
        state = self.state(command.device, command.rule)
        if event is AlarmEvent.RESET and state.latched and state.acked and _unsure(state):
            raise _refused(state, ("its condition cannot be judged now", "当前无法判断故障是否消失"))
        if command.occurrence and command.occurrence != state.occurrence:
            raise _refused(state, _other_occurrence(state, command.occurrence))
        change = self._move(
            state, event, at, person=command.person, comment=command.comment, details={"command": command.id}
        )
        if change is None:
            raise _refused(state, REFUSALS[state.unsuppressed, event])
        return change

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
        row = transition(state.unsuppressed, event, latching=(state.device, state.rule) in self._latching)
        if row is None:
            return None
        occurrence = state.occurrence + (row.kind is ChangeKind.RAISE)
        change = Change(
            at, state.device, state.rule, occurrence, row.kind, evidence, person, comment, dict(details)
        )
        self.replay(change)
        return change


def _is_worse(state: AlarmState, finding: Finding) -> bool:
    """Return whether an alarm that people were told of is of more than they were told."""
    wider = bool(state.extent) and not set(finding.evidence.extent) <= set(state.extent)
    alone = not (state.cause or finding.evidence.cause)
    return bool(finding.verdict) and state.active and wider and alone


def _unsure(state: AlarmState) -> bool:
    return state.condition is not AlarmCondition.FALSE


def _other_occurrence(state: AlarmState, asked: int) -> tuple[str, str]:
    if asked > state.occurrence:
        return f"occurrence {asked} has not happened", f"第 {asked} 次报警尚未发生"
    newest = state.occurrence
    return (
        f"occurrence {asked} is over, the newest is {newest}: look at that one",
        f"第 {asked} 次报警已结束，最新为第 {newest} 次，请查看最新一次",
    )


def _refused(state: AlarmState, why: tuple[str, str]) -> UsageError:
    by = f" ({state.acked_by})" if state.acked and state.acked_by and state.active else ""
    return UsageError(f"{why[0]}{by} / {why[1]}{by}", where=f"{state.device} {state.rule}")
