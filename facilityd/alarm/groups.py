"""One cause, one alarm: what stands for others across devices.

    finding ─> held for a moment, where a common cause may follow ─> given its cause ─> AlarmManager

A feeder that is lost is one alarm and not twelve circuits. The members' conditions are evaluated and recorded
all the same: only whose consequence they are is decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from facilityd.alarm.alarms import AlarmManager
from facilityd.alarm.events import AlarmEvent
from facilityd.model.alarm import AlarmState, Change, ChangeKind
from facilityd.model.command import AlarmCommand
from facilityd.model.finding import Evidence, Finding
from facilityd.model.sample import NS
from facilityd.model.suppression import Suppression

Key = tuple[str, str]
SETTLE = 120 * NS
"""So long after a common cause is over (ns), or ``within`` if longer, its members may come back."""


@dataclass(frozen=True, slots=True)
class CauseGroup:
    """Alarms with a common cause.

    ``causes``: while one of them goes on, ``members`` that began within ``within`` ns of it are its
    consequences. ``members`` wait so many ns for it, as the cause may be found after them.
    ``least``: so many devices with a member in alarm mean that the group is lost; 0: only ``causes`` say it.
    """

    id: str
    causes: frozenset[Key]
    members: Mapping[Key, int]
    within: int
    least: int = 0


class GroupedAlarms:
    """Alarms of a site with their common causes. ``behind``: of a device, those that are blind without it.

    ``present``: what a rule of a device rests on now, None where that is as it was found.

    What it holds back is held in memory: a restart finds it anew.
    """

    def __init__(
        self,
        alarms: AlarmManager,
        groups: Iterable[CauseGroup] = (),
        behind: Mapping[str, Sequence[str]] = MappingProxyType({}),
        present: Callable[[str, str], Evidence | None] = lambda _device, _rule: None,
    ) -> None:
        self._alarms, self.groups, self._behind, self._present = alarms, tuple(groups), behind, present
        self._groups_of: dict[Key, list[CauseGroup]] = {}
        for group in self.groups:
            for key in group.members:
                self._groups_of.setdefault(key, []).append(group)
        self._causes = frozenset(cause for group in self.groups for cause in group.causes)
        self._held: dict[Key, tuple[Finding, int]] = {}
        self._newest: dict[Key, Finding] = {}
        self._seen: dict[Key, Finding] = {}
        """What was found when each was last true."""
        self._settling: dict[Key, int] = {}

    def go_on(self, before: GroupedAlarms) -> None:
        """Take over what another one held back, of the same alarms with other common causes."""
        self._held, self._newest = dict(before._held), dict(before._newest)
        self._seen = dict(before._seen)
        self._settling = {key: until for key, until in before._settling.items() if key in self._causes}

    @property
    def states(self) -> Mapping[Key, AlarmState]:
        """Return every alarm that was ever evaluated, by device and rule."""
        return self._alarms.states

    def state(self, device: str, rule: str) -> AlarmState:
        """Return the present state."""
        return self._alarms.state(device, rule)

    @property
    def next_due(self) -> int | None:
        """Return when ``tick`` may first change something, ns UTC; None where nothing waits for a time."""
        mine = [until for _, until in self._held.values()]
        others = (self._alarms.next_due, *mine, *self._settling.values())
        return min((one for one in others if one is not None), default=None)

    def apply(self, finding: Finding) -> list[Change]:
        """Return the changes that a finding causes, those of its group included."""
        key = finding.device, finding.rule
        before = self._alarms.state(*key).active
        member = key in self._groups_of
        changes = self._member(finding, key, before=before) if member else self._take(finding)
        if key not in self._causes:
            return changes
        after = self._alarms.state(*key).active
        if before and not after:
            self._settling[key] = finding.at + max(SETTLE, *self._within(key))
        if after and not before:
            self._settling.pop(key, None)
            changes += self._explain(key, finding.at)
        return changes

    def _within(self, cause: Key) -> list[int]:
        return [group.within for group in self.groups if cause in group.causes]

    def _member(self, finding: Finding, key: Key, *, before: bool) -> list[Change]:
        held, _ = self._held.pop(key, (None, 0))
        self._newest[key] = finding
        if finding.verdict:
            self._seen[key] = finding
        if not finding.verdict or finding.evidence.cause:
            found = self._take(_because(held, self._cause(key, held.at))) if held else []
            return found + self._take(finding)  # nothing that was found is forgotten
        cause = self._cause(key, finding.at)
        hold = max(group.members[key] for group in self._groups_of[key])
        if cause or before or not hold:
            return self._take(_because(finding, cause))
        self._held[key] = finding, finding.at + hold
        return []

    def _take(self, finding: Finding) -> list[Change]:
        change = self._alarms.apply(finding)
        return [self._with_blind(change)] if change else []

    def _with_blind(self, change: Change) -> Change:
        """Let the raise of what others hang on say who is blind, and which of them were in alarm."""
        blind = self._behind.get(change.device, ())
        if change.kind is not ChangeKind.RAISE or not blind:
            return change
        mine = {key for group in self.groups for key in group.members}
        told = sorted(
            key
            for key, one in self._alarms.states.items()
            if one.active and not one.suppressors and key[0] in blind and key not in mine
        )
        more = {"blind": list(blind), "in_alarm": [list(key) for key in told]}
        return replace(change, details={**change.details, **more})

    def _cause(self, key: Key, onset: int) -> str:
        """Return the alarm that explains a member which began at an instant, or nothing."""
        mine = self._alarms.state(*key)
        for group in self._groups_of.get(key, ()):
            for cause in sorted(group.causes):
                state, name = self._alarms.state(*cause), "/".join(cause)
                if mine.active and mine.cause == name and (state.active or cause in self._settling):
                    return name
                begun = mine.began if mine.active and mine.began is not None else onset
                fits = state.began is not None and abs(begun - state.began) <= group.within
                if state.active and fits and not _out(state):
                    return name
        return ""

    def _explain(self, cause: Key, at: int) -> list[Change]:
        """Let members know that their common cause has begun, or is over."""
        keys = [k for group in self.groups if cause in group.causes for k in group.members]
        return [change for key in sorted(set(keys)) for change in self._again(key, at)]

    def _again(self, key: Key, at: int) -> list[Change]:
        """Evaluate a member against the present causes."""
        finding, _ = self._held.get(key) or (self._newest.get(key), 0)
        if finding is not None and finding.verdict is None:
            return self._uncover(key, finding, at)
        if finding is None or not finding.verdict or finding.evidence.cause:
            return []
        cause, active = self._cause(key, finding.at), self._alarms.state(*key).active
        if key in self._held and not cause:
            return []
        if not active and key not in self._held:
            return []
        self._held.pop(key, None)
        shown = finding if cause else self._as_now(finding)
        return self._take(replace(_because(shown, cause), at=at))

    def _as_now(self, finding: Finding) -> Finding:
        """Return what was found with what it rests on now, where that can be said."""
        now = self._present(finding.device, finding.rule)
        return replace(finding, evidence=replace(now, extent=finding.evidence.extent)) if now else finding

    def _uncover(self, key: Key, unknown: Finding, at: int) -> list[Change]:
        """Tell of a member that cannot be seen now, as it was seen last: what hid it is over."""
        seen = self._seen.get(key)
        if seen is None or not self._alarms.state(*key).cause or self._cause(key, seen.at):
            return []
        return self._take(replace(_because(seen, ""), at=at)) + self._take(replace(unknown, at=at))

    def tick(self, at: int) -> list[Change]:
        """Return what time alone changed: what was held long enough, causes that are over, and the lives."""
        changes = []
        for key in sorted(k for k, (_, until) in self._held.items() if until <= at):
            finding, _ = self._held.pop(key)
            changes += self._take(replace(_because(finding, self._cause(key, finding.at)), at=at))
        for cause in sorted(k for k, until in self._settling.items() if until <= at):
            del self._settling[cause]
            changes += self._explain(cause, at)
        return changes + self._alarms.tick(at)

    def clock_set(self, by: int, at: int) -> list[Change]:
        """Keep every wait as long, where the clock was put forward by ``by`` ns; return the changes."""
        self._held = {key: (_later(one, by), until + by) for key, (one, until) in self._held.items()}
        self._newest = {key: _later(one, by) for key, one in self._newest.items()}
        self._seen = {key: _later(one, by) for key, one in self._seen.items()}
        self._settling = {key: until + by for key, until in self._settling.items()}
        return self._alarms.clock_set(by, at)

    def lost(self, group: CauseGroup) -> tuple[str, ...]:
        """Return the devices of a group that have a member in alarm, told or not."""
        found = (d for d, r in group.members if self._alarms.state(d, r).active or (d, r) in self._held)
        return tuple(sorted(set(found)))

    def operate(self, event: AlarmEvent, command: AlarmCommand, at: int) -> Change:
        """Return the change that a person's command causes. Raises UsageError."""
        return self._alarms.operate(event, command, at)

    def begin_state(
        self, device: str, rules: Iterable[str], at: int, fact: Suppression, command: str
    ) -> list[Change]:
        """Let nobody be notified of rules of a device while it is in a state; return the changes."""
        return self._alarms.begin_state(device, rules, at, fact, command)

    def end_state(self, device: str, at: int, person: str, command: str) -> list[Change]:
        """Let people be notified of a device again; return the changes."""
        return self._alarms.end_state(device, at, person, command)

    def retire(self, device: str, rule: str, why: Evidence, at: int) -> Change | None:
        """End an alarm that nothing watches any more; None where there is nothing to end."""
        return self._alarms.retire(device, rule, why, at)


def _because(finding: Finding, cause: str) -> Finding:
    return replace(finding, evidence=replace(finding.evidence, cause=cause))


def _later(finding: Finding, by: int) -> Finding:
    return replace(finding, at=finding.at + by)


def _out(state: AlarmState) -> bool:
    """Return whether nobody would be notified of a cause either."""
    return bool(state.suppressors)
