"""All tasks of a site: what people do and what rules find comes in, events go out.

``take`` and the others return events and change nothing; ``apply`` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from facilityd.errors import UsageError
from facilityd.model.alarm import AlarmCondition, AlarmState
from facilityd.model.message import Wording
from facilityd.model.sample import NS
from facilityd.model.settings import TaskSettings
from facilityd.model.task import TaskEvent, TaskEventKind, TaskKind, TaskState, TaskStateName, opened
from facilityd.tasks.inspections import due_inspections
from facilityd.tasks.refusals import check
from facilityd.tasks.verification import RuleOutcome, RuleOutcomeOf, Verification

LATEST = 366 * 86_400 * NS
"""A repair that is due later (ns) is none that anybody makes."""
OFTEN, SELDOM = 2 * NS, 600 * NS
"""How often a repair that is to be verified is looked at, and everything else, in ns."""


class TaskManager:
    """Starts from the stored tasks. Instants are ns UTC."""

    def __init__(self, tasks: Iterable[TaskState] = (), settings: TaskSettings | None = None) -> None:
        self._tasks = {task.id: task for task in tasks}
        self._settings = settings or TaskSettings()
        self._verifications: dict[int, Verification] = {}

    def adopt(self, settings: TaskSettings) -> None:
        """Go by other settings from now on."""
        self._settings = settings

    @property
    def tasks(self) -> Mapping[int, TaskState]:
        """Return every task by its number."""
        return MappingProxyType(self._tasks)

    def open_for(self, device: str, name: str) -> TaskState | None:
        """Return the one open task of a device and a rule or inspection."""
        return next((t for t in self._tasks.values() if t.key == (device, name) and not t.closed), None)

    def take(
        self, alarm: AlarmState, priority: str, person: str, note: str, due: int, at: int, photo: str = ""
    ) -> list[TaskEvent]:
        """Return what makes a repair of an alarm, or takes over the one there is. Raises UsageError."""
        known = self.open_for(alarm.device, alarm.rule)
        if known:
            return self.take_over(known.id, person, note, due, at, photo)
        if alarm.raised_at is None or not (alarm.active or alarm.latched or not alarm.acked):
            raise UsageError(Wording("command.nothing-to-take", device=alarm.device, rule=alarm.rule))
        _check_due(due, at)
        due = due or at + self._settings.due.get(priority, self._settings.due["low"])
        about: dict[str, Any] = {"kind": TaskKind.REPAIR, "device": alarm.device, "rule": alarm.rule}
        number, about = self._next(), about | {"occurrence": alarm.occurrence, "due": due}
        return [
            TaskEvent(number, at, TaskEventKind.OPEN, details=about),
            TaskEvent(number, at, TaskEventKind.TAKE, person, note, {"due": due} | _photo(photo)),
        ]

    def take_over(
        self, number: int, person: str, note: str, due: int, at: int, photo: str = ""
    ) -> list[TaskEvent]:
        """Return what gives a task to a person. Raises UsageError."""
        check(self.task(number), TaskEventKind.TAKE, photo)
        _check_due(due, at)
        details = ({"due": due} if due else {}) | _photo(photo)
        return [TaskEvent(number, at, TaskEventKind.TAKE, person, note, details)]

    def act(
        self, kind: TaskEventKind, number: int, person: str, note: str, at: int, details: Mapping[str, Any]
    ) -> list[TaskEvent]:
        """Return a note, an end or a cancellation by a person. Raises UsageError."""
        check(self.task(number), kind, str(details.get("photo", "")))
        if kind is TaskEventKind.NOTE and not (note or any(details.values())):
            raise UsageError(Wording("command.empty-note"))
        return [TaskEvent(number, at, kind, person, note, {n: v for n, v in details.items() if v})]

    def task(self, number: int) -> TaskState:
        """Return a task by its number. Raises UsageError where there is none."""
        found = self._tasks.get(number)
        if found is None:
            raise UsageError(Wording("command.no-task", task=number))
        return found

    def tick(self, at: int, status: RuleOutcomeOf) -> list[TaskEvent]:
        """Return what time alone brings: overdue, verified by the data, to be inspected."""
        events = [event for task in self._tasks.values() for event in self._due(task, at, status)]
        for found in due_inspections(self._settings.inspections, self._tasks.values(), at):
            events.append(TaskEvent(self._next(len(events)), at, TaskEventKind.OPEN, details=found))
        return events

    def next_due(self, at: int) -> int:
        """Return when ``tick`` may find something after an instant, ns UTC; a repair is looked at often."""
        return min((self._next_look(task, at) for task in self._tasks.values()), default=at + SELDOM)

    def apply(self, events: Iterable[TaskEvent]) -> None:
        """Take events that are committed."""
        for event in events:
            known = self._tasks.get(event.task)
            self._tasks[event.task] = known.apply(event) if known else opened(event)

    def _due(self, task: TaskState, at: int, status: RuleOutcomeOf) -> list[TaskEvent]:
        if task.closed:
            self._verifications.pop(task.id, None)
            return []
        found = status(task.device, task.rule) if task.rule else None
        if found and found.occurrence > task.occurrence:
            return self._recurred(task, found.occurrence, at)
        if task.state is TaskStateName.DONE:
            return self._verified(task, at, found)
        if task.due and at >= task.due and not task.overdue:
            return [TaskEvent(task.id, at, TaskEventKind.OVERDUE)]
        return []

    def _recurred(self, task: TaskState, occurrence: int, at: int) -> list[TaskEvent]:
        """Return what a new occurrence of an alarm means for its repair: one more, or not repaired."""
        again = TaskEvent(task.id, at, TaskEventKind.RECUR, details={"occurrence": occurrence})
        return [again, self._reopen(task, at)] if task.state is TaskStateName.DONE else [again]

    def _verified(self, task: TaskState, at: int, found: RuleOutcome | None) -> list[TaskEvent]:
        """Return the verdict of the data on a repair that is said to be done, where there is one by now."""
        if found is None:
            return []  # nothing evaluates it any more
        seen = self._verifications.setdefault(task.id, Verification(at))
        seen.look(found, at)
        if seen.right_for >= self._settings.verify_for or seen.occasions >= self._settings.occasions:
            details = {"seconds": round(seen.right_for / 1e9), "occasions": seen.occasions}
            return [TaskEvent(task.id, at, TaskEventKind.VERIFY, details=details)]
        if found.condition is AlarmCondition.TRUE and at - (task.done_at or at) >= self._settings.verify_for:
            return [self._reopen(task, at)]  # it was done, and what was wrong has not ended since
        return []

    def _reopen(self, task: TaskState, at: int) -> TaskEvent:
        self._verifications.pop(task.id, None)
        due = at + max(0, task.due - (task.taken_at or task.opened_at)) if task.due else 0
        return TaskEvent(task.id, at, TaskEventKind.REOPEN, details={"due": due})

    def _next_look(self, task: TaskState, at: int) -> int:
        if task.closed or (task.overdue and task.state is not TaskStateName.DONE):
            return at + SELDOM
        if task.state is TaskStateName.DONE:
            return at + OFTEN
        return min(max(task.due, at), at + SELDOM)

    def _next(self, more: int = 0) -> int:
        return max(self._tasks, default=0) + 1 + more


def _photo(name: str) -> dict[str, str]:
    return {"photo": name} if name else {}


def _check_due(due: int, at: int) -> None:
    """Raise UsageError for a date that no repair can have; 0: none was asked for."""
    if due and not at < due <= at + LATEST:
        raise UsageError(Wording("command.task-due"))
