"""Tasks: as rows of a list, and one whole with what happened to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from facilityd.config.site import Device, Site
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.task import TaskEvent, TaskEventKind, TaskState, fold
from facilityd.model.text import Text
from facilityd.query.json_data import to_plain
from facilityd.tasks.refusals import ALLOWED, check


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One task with its words. ``late``: open, and past its due instant; ``known``: the site still has it."""

    task: TaskState
    device: Text
    what: Text
    steps: tuple[Text, ...]
    late: bool
    known: bool = True

    def plain(self) -> dict[str, Any]:
        """Return data for JSON; texts in both languages, instants in ns UTC."""
        own = {name: getattr(self.task, name) for name in self.task.__slots__}
        own |= {"device_name": self.device, "what": self.what, "steps": self.steps, "late": self.late}
        return dict(to_plain(own))


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """One task whole: ``events`` oldest first."""

    row: TaskRow
    events: tuple[TaskEvent, ...]

    def plain(self) -> dict[str, Any]:
        """Return data for JSON."""
        events = [{name: getattr(one, name) for name in one.__slots__} for one in self.events]
        return self.row.plain() | {"events": to_plain(events)}


def task_rows(
    site: Site, devices: Mapping[str, Device], events: Iterable[TaskEvent], at: int, *, everything: bool
) -> list[TaskRow]:
    """Return the open tasks, or all; the most pressing first."""
    tasks = [task for task in fold(events).values() if everything or not task.closed]
    rows = [_row(site, devices, task, at) for task in tasks]
    return sorted(rows, key=lambda row: (row.task.closed, row.task.due or at, row.task.id))


def task_record(
    site: Site, devices: Mapping[str, Device], events: Iterable[TaskEvent], at: int, number: int
) -> TaskRecord:
    """Return one task. Raises UsageError where there is none of that number."""
    kept = [event for event in events if event.task == number]
    task = fold(kept).get(number)
    if task is None:
        raise UsageError(Wording("ask.no-task", number=number), hint=Wording("ask.tasks-are-listed"))
    return TaskRecord(_row(site, devices, task, at), tuple(kept))


def _row(site: Site, devices: Mapping[str, Device], task: TaskState, at: int) -> TaskRow:
    device = devices.get(task.device)
    name = device.name if device else Text(zh=task.device, en=task.device)
    late = bool(task.due) and at > task.due and not task.closed and task.done_at is None
    planned = {(one.device, one.id): one for one in site.tasks.inspections}.get(task.key)
    if planned:
        return TaskRow(task, name, planned.name, planned.steps, late)
    rule = device.family.rules.get(task.rule) if device else None
    if rule:
        return TaskRow(task, name, rule.name, rule.action, late)
    key = task.rule or task.inspection
    return TaskRow(task, name, Text(zh=key, en=key), (), late, known=False)


def allowed_acts(task: TaskState) -> list[TaskEventKind]:
    """Return what a person may do with a task as it is now."""
    return [kind for kind in ALLOWED if _may(task, kind)]


def _may(task: TaskState, kind: TaskEventKind) -> bool:
    try:
        check(task, kind)
    except UsageError:
        return False
    return True
