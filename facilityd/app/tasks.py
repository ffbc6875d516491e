"""Tasks in the daemon: what people ask of them, and what time and the data bring."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from facilityd.alarm.table import AlarmEvent
from facilityd.app.core import Core
from facilityd.config.site import Site
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
from facilityd.model.rule import Priority
from facilityd.model.task import TaskEvent, TaskEventKind, TaskState
from facilityd.notify.render import SiteContext
from facilityd.notify.roster import Roster
from facilityd.notify.tasks import TaskContext, plan_task
from facilityd.store.reader import JournalReader
from facilityd.tasks.verification import RuleOutcome

Asked = tuple[AlarmEvent, AlarmCommand]


class TaskNotifier:
    """Plans the notices of tasks."""

    def __init__(self, site: Site) -> None:
        self._site = site
        zone = ZoneInfo(site.timezone)
        self._place = SiteContext(site.name, zone, f"facilityd take {site.source}", people=site.people)
        self._roster = Roster(list(site.recipients.values()), site.duty, zone)
        self._inspections = {(one.device, one.id): one for one in site.tasks.inspections}

    def plan(self, core: Core, events: Sequence[TaskEvent]) -> list[Notice]:
        """Return the notices of events that were applied, in their order."""
        return [notice for event in events for notice in self._of(core, event)]

    def _of(self, core: Core, event: TaskEvent) -> list[Notice]:
        task = core.tasks.tasks[event.task]
        about = self._about(core, task)
        return plan_task(event, task, about, self._place, self._roster) if about else []

    def _about(self, core: Core, task: TaskState) -> TaskContext | None:
        device = core.devices.get(task.device)
        if device is None:
            return None
        scope = ((device.id, device.family.family),)
        if planned := self._inspections.get(task.key):
            return TaskContext(device.name, planned.name, Priority.MEDIUM, scope, planned.steps)
        rule = device.family.rules.get(task.rule)
        return (
            TaskContext(device.name, rule.name, rule.priority, scope, rule.action, rule.short)
            if rule
            else None
        )


class TaskScheduler:
    """Looks at the tasks at each beat of the daemon."""

    def __init__(self, site: Site, core: Core) -> None:
        self._core, self._notifier = core, TaskNotifier(site)

    async def beat(self, at: int) -> None:
        """Store and send what is due at ``at`` (ns UTC)."""
        events = self._core.tasks.tick(at, self._status)
        if events:
            self._core.tasks.apply(events)
            await self._core.flow.work(events, self._notifier.plan(self._core, events))

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
    core.tasks.apply(events)
    await core.flow.work(events, (), record, asked)
    return ""
