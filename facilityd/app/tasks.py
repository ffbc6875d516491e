"""Tasks in the daemon: what people ask of them, and what time and the data bring."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from facilityd.alarm.table import AlarmEvent
from facilityd.app.core import Core
from facilityd.errors import UsageError
from facilityd.model.command import (
    AcknowledgeAlarm,
    AlarmCommand,
    CancelTask,
    CompleteTask,
    ConfirmAlarm,
    NoteTask,
    TakeOverTask,
    TakeTask,
    TaskCommand,
)
from facilityd.model.command_record import CommandRecord
from facilityd.model.message import reason
from facilityd.model.notice import Notice
from facilityd.model.task import TaskEvent, TaskEventKind
from facilityd.store.reader import JournalReader
from facilityd.tasks.verification import RuleOutcome

Asked = tuple[AlarmEvent, AlarmCommand]


class TaskScheduler:
    """Looks at the tasks at each beat of the daemon."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def beat(self, at: int) -> None:
        """Store and send what is due at ``at`` (ns UTC)."""
        events = self._core.tasks.tick(at, self._status)
        if events:
            await self._core.flow.work(events, _applied(self._core, events))

    def next_edge(self, at: int) -> int:
        """Return when time alone may change something, ns UTC."""
        return self._core.tasks.next_due(at)

    def _status(self, device: str, rule: str) -> RuleOutcome | None:
        if (device, rule) not in self._core.engine.watched:
            return None
        state = self._core.alarms.state(device, rule)
        return RuleOutcome(state.condition, self._core.engine.judged_at(device, rule), state.occurrence)


async def take(core: Core, _: JournalReader, ask: TakeTask, record: CommandRecord) -> str:
    """Give the repair of an alarm to a person, who so knows of it; return why that is refused, or nothing."""
    alarm = core.alarms.state(ask.device, ask.rule)
    device = core.devices.get(ask.device)
    rule = device.family.rules.get(ask.rule) if device else None
    priority = rule.priority.name.lower() if rule else "low"
    known = AcknowledgeAlarm(
        id=ask.id, device=ask.device, rule=ask.rule, person=ask.person, comment=ask.comment
    )
    asked = () if alarm.acked else ((AlarmEvent.ACKNOWLEDGE, known),)

    def make(at: int) -> list[TaskEvent]:
        return core.tasks.take(alarm, priority, ask.person, ask.comment, ask.due, at, ask.photo)

    return await _work(core, record, make, asked)


async def take_over(core: Core, _: JournalReader, ask: TakeOverTask, record: CommandRecord) -> str:
    """Give a task to a person; return why that is refused, or nothing."""
    return await _work(
        core,
        record,
        lambda at: core.tasks.take_over(ask.task, ask.person, ask.comment, ask.due, at, ask.photo),
    )


ACTS: dict[type[TaskCommand], TaskEventKind] = {
    NoteTask: TaskEventKind.NOTE,
    CompleteTask: TaskEventKind.DONE,
    CancelTask: TaskEventKind.CANCEL,
}


async def act(core: Core, _: JournalReader, ask: Any, record: CommandRecord) -> str:
    """Write down a note, an end or a cancellation; return why that is refused, or nothing."""
    details = {name: getattr(ask, name, "") for name in ("parts", "photo")}
    kind, task = ACTS[type(ask)], core.tasks.tasks.get(ask.task)
    asked: tuple[Asked, ...] = ()
    if kind is TaskEventKind.DONE and task is not None and task.rule:
        done = ConfirmAlarm(
            id=ask.id, device=task.device, rule=task.rule, person=ask.person, comment=ask.comment
        )
        asked = ((AlarmEvent.CONFIRM, done),)

    def make(at: int) -> list[TaskEvent]:
        return core.tasks.act(kind, ask.task, ask.person, ask.comment, at, details)

    return await _work(core, record, make, asked)


async def _work(
    core: Core, record: CommandRecord, make: Callable[[int], list[TaskEvent]], asked: Sequence[Asked] = ()
) -> str:
    try:
        events = make(record.done_at)
    except UsageError as refused:
        return reason(refused)
    await core.flow.work(events, _applied(core, events), record, asked)
    return ""


def _applied(core: Core, events: Sequence[TaskEvent]) -> list[Notice]:
    """Take events over, and return what people are told of them."""
    known = core.tasks.tasks
    before = {event.task: known[event.task] for event in events if event.task in known}
    core.tasks.apply(events)
    return core.task_notifier.plan(events, before, core.tasks.tasks)
