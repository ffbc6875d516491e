"""Tasks of a site, compiled: how long repairs may take, and the inspections that come round."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

from facilityd.config.sections import SectionEntry, Sections
from facilityd.config.tasks_schema import TasksConfig
from facilityd.model.message import Wording
from facilityd.model.sample import NS
from facilityd.model.settings import InspectionSettings, TaskSettings
from facilityd.yaml_source import suggestion

EARLIEST, LATEST = 2000, 2100
"""The years in which an inspection can be due for the first time: another one is a slip of the finger."""


def compile_tasks(sections: Sections, zone: str) -> TaskSettings:
    """Return the settings; a device that there is not is reported."""
    entry = sections.entries["tasks"].get("tasks")
    value = entry.value if entry else TasksConfig()
    inspections = tuple(_inspection(one, sections, zone) for one in sections.values("inspections"))
    return TaskSettings(value.verify_for, value.occasions, value.due.model_dump(), inspections)


def _inspection(entry: SectionEntry, sections: Sections, zone: str) -> InspectionSettings:
    value, devices = entry.value, sections.known_ids("devices")
    if value.device not in devices:
        what = Wording("config.no-device-of-site", name=value.device)
        sections.report(entry.location("device"), what, suggestion(value.device, devices))
    if value.ahead >= value.every:
        what = Wording("config.next-task-before-this-one")
        sections.report(entry.location("ahead"), what, Wording("config.less-than-every"))
    if not EARLIEST <= value.first.year < LATEST:
        what = Wording("config.first-due-in", year=value.first.year, earliest=EARLIEST, latest=LATEST - 1)
        sections.report(entry.location("first"), what)
    first = datetime.combine(value.first, time.max, ZoneInfo(zone))
    return InspectionSettings(
        entry.id, value.device, value.name, int(first.timestamp()) * NS, value.every, value.ahead, value.steps
    )
