"""The report for the committee: what a month or a quarter was, each number from the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from facilityd.config.site import Device, Site
from facilityd.model.rule import Priority
from facilityd.model.text import Text
from facilityd.query.alarm_log import OccurrenceSpan
from facilityd.query.hazards import HazardRow
from facilityd.query.instants import iso_instant
from facilityd.query.json_data import to_plain
from facilityd.query.kpi import KpiReader
from facilityd.query.kpi_answer import KpiAnswer
from facilityd.query.kpi_table import kpi_table
from facilityd.query.observed import ObservedWindow
from facilityd.query.report_alarms import (
    AlarmDay,
    AlarmKindRow,
    RepairTimes,
    alarm_days,
    alarm_kinds,
    repairs,
)
from facilityd.query.report_ceremonies import AFTER, CeremonyRecords, CeremonyRow, ceremony_rows
from facilityd.query.report_devices import DeviceAvailability, availabilities, blind_times
from facilityd.query.report_tasks import TaskSummary, task_summary
from facilityd.store.reader import JournalReader
from facilityd.store.retention_table import findings_kept


@dataclass(frozen=True, slots=True)
class SiteReport:
    """All of it. ``made_at`` in ns UTC: hazards are as of then, everything else is of the window."""

    site: Text
    period: Text
    window: ObservedWindow
    made_at: int
    ceremonies: tuple[CeremonyRow, ...]
    availability: tuple[DeviceAvailability, ...]
    days: tuple[AlarmDay, ...]
    kinds: tuple[AlarmKindRow, ...]
    repairs: tuple[RepairTimes, ...]
    tasks: TaskSummary
    kpi: KpiAnswer
    hazards: tuple[HazardRow, ...]

    def plain(self) -> dict[str, Any]:
        """Return data for JSON; texts in both languages, instants on the site's clock, times in s."""
        zone = self.window.zone.key
        ceremonies = [asdict(one) | {"at": iso_instant(one.at, zone)} for one in self.ceremonies]
        found = {
            "site": self.site, "period": self.period, "made_at": iso_instant(self.made_at, zone),
            "window": self.window.plain(), "ceremonies": [_texts(one) for one in ceremonies],
            "availability": [_texts(asdict(one)) | {"share": one.share} for one in self.availability],
            "days": [asdict(one) for one in self.days], "alarms": [_texts(asdict(one)) for one in self.kinds],
            "repairs": [asdict(one) for one in self.repairs],
            "tasks": asdict(self.tasks) | {"touched": [row.plain() for row in self.tasks.touched]},
            "kpi": self.kpi.plain(), "hazards": [row.plain() for row in self.hazards],
        }  # fmt: skip
        return dict(to_plain(found))


def _texts(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row whose date, if it has one, is text."""
    return {key: value.isoformat() if isinstance(value, date) else value for key, value in row.items()}


def read_report(
    site: Site,
    devices: Mapping[str, Device],
    reader: JournalReader,
    period: tuple[Text, int, int],
    now: int,
    hazards: list[HazardRow],
) -> SiteReport:
    """Return the report of a period: its name, and from when to when (ns UTC)."""
    name, since, until = period
    kpi = KpiReader(site, devices, reader, (since, until), now)
    window, answer = kpi.window, kpi.answer()
    end = max(since, window.end)
    came = [one for one in kpi.log.annunciations if since <= one.at < end]
    kept = findings_kept(site.store.keep, site.store.retention)
    runs_from = max(window.known_from, now - kept)
    records = CeremonyRecords(
        window, reader.checks(since), reader.timed_runs(since, end + AFTER), kpi.log,
        blind_times(site, window, kpi.log), runs_from,
    )  # fmt: skip
    occurrences = kpi.occurrences
    return SiteReport(
        site.name, name, window, now, tuple(ceremony_rows(site, records)),
        tuple(availabilities(site, window, kpi.log)),
        tuple(alarm_days(came, window)), tuple(alarm_kinds(came, occurrences, devices)),
        tuple(_repairs(occurrences)), task_summary(site, devices, reader.task_events(), since, end), answer,
        tuple(hazards),
    )  # fmt: skip


def _repairs(occurrences: list[OccurrenceSpan]) -> list[RepairTimes]:
    names = [one.name.lower() for one in sorted(Priority, reverse=True)]
    least = kpi_table().settings.least
    found = [repairs([o for o in occurrences if o.priority == name], name, least) for name in names]
    return [one for one in found if one.alarms]
