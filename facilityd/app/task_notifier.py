"""Who is told what became of tasks: of a site's people, with the words of its devices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from facilityd.config.site import Device, Site
from facilityd.model.notice import Notice
from facilityd.model.rule import Priority
from facilityd.model.task import TaskEvent, TaskState
from facilityd.notify.render import SiteContext
from facilityd.notify.roster import Roster
from facilityd.notify.tasks import TaskContext, plan_task


class TaskNotifier:
    """Plans the notices of tasks. ``devices`` by their ids, as they are at each time."""

    def __init__(self, site: Site, devices: Mapping[str, Device]) -> None:
        self._devices = devices
        zone = ZoneInfo(site.timezone)
        self._place = SiteContext(site.name, zone, f"facilityd take {site.source}", people=site.people)
        self._roster = Roster(list(site.recipients.values()), site.duty, zone)
        self._inspections = {(one.device, one.id): one for one in site.tasks.inspections}

    def plan(
        self,
        events: Sequence[TaskEvent],
        before: Mapping[int, TaskState],
        after: Mapping[int, TaskState],
    ) -> list[Notice]:
        """Return the notices of events, in their order; tasks by their numbers, before and after them."""
        return [notice for event in events for notice in self._of(event, before, after[event.task])]

    def _of(self, event: TaskEvent, before: Mapping[int, TaskState], task: TaskState) -> list[Notice]:
        about = self._about(task)
        if about is None:
            return []
        holder = before[task.id].person if task.id in before else ""
        return plan_task(event, task, about, self._place, self._roster, holder)

    def _about(self, task: TaskState) -> TaskContext | None:
        device = self._devices.get(task.device)
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
