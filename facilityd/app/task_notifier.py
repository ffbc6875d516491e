"""Who is told what became of tasks: of a site's people, with the words of its devices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from facilityd.config.site import Device, Site
from facilityd.model.notice import Notice
from facilityd.model.rule import Priority
from facilityd.model.task import TaskEvent, TaskState
from facilityd.model.text import Text
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
        holder = before[task.id].person if task.id in before else ""
        return plan_task(event, task, self._about(task), self._place, self._roster, holder)

    def _about(self, task: TaskState) -> TaskContext:
        """Return what a task is about; by its ids where that left the site, for it is still to be done."""
        device = self._devices.get(task.device)
        name = device.name if device else Text(zh=task.device, en=task.device)
        scope = ((task.device, device.family.family if device else ""),)
        if planned := self._inspections.get(task.key):
            return TaskContext(name, planned.name, Priority.MEDIUM, scope, planned.steps)
        if device and (rule := device.family.rules.get(task.rule)):
            return TaskContext(name, rule.name, rule.priority, scope, rule.action, rule.short)
        what = task.key[1]
        return TaskContext(name, Text(zh=what, en=what), Priority.MEDIUM, scope)
