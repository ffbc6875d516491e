"""All questions to one site: the journal opened read-only, and the site's tables beside it.

What only some questions need is imported by them, so that a command which asks another one starts quickly.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from zoneinfo import ZoneInfo

from facilityd.app.builtin import DAEMON, all_devices
from facilityd.app.checklist import NOT_YET, Checklists, JournalState
from facilityd.config.site import Site
from facilityd.model.command_record import CommandRecord
from facilityd.model.text import Text
from facilityd.query.alarms import (
    AlarmRecord,
    AlarmRow,
    alarm_record,
    alarm_rows,
    require_device,
    require_rule,
)
from facilityd.query.audit import audit_rows
from facilityd.query.changes import ChangeFilter, ChangeRow, change_rows
from facilityd.query.countdown import Countdown, countdown
from facilityd.query.counts import Counts
from facilityd.query.devices import DeviceReader, DeviceRow
from facilityd.query.liveness import Liveness, liveness
from facilityd.query.notices import NoticeRow, notice_rows
from facilityd.query.tasks import TaskRecord, TaskRow, task_record, task_rows
from facilityd.query.times_of_site import TimesOfSite
from facilityd.query.unsaved import outstanding
from facilityd.query.unwatched import unwatched
from facilityd.store.reader import JournalReader

if TYPE_CHECKING:
    from facilityd.query.hazards import HazardRow
    from facilityd.query.kpi_answer import KpiAnswer
    from facilityd.query.readiness import ReadinessAnswer, ReadinessBoard, RecordedCheck
    from facilityd.query.report import SiteReport
    from facilityd.query.rules import RuleRow
    from facilityd.query.storage import StorageAnswer


def open_journal(site: Site) -> JournalReader:
    """Open the site's journal. Raises UsageError where there is none."""
    return JournalReader.open(Path(site.store.path), site.id)


@dataclass(frozen=True, slots=True)
class UnjudgedRules:
    """What 'no alarms' does not say: how many rules cannot be evaluated now, or that none was yet."""

    never: bool
    unknown: int


@dataclass(frozen=True, slots=True)
class SiteStatus:
    """The devices, and whether the daemon watches, what it counts and what nobody watches."""

    devices: tuple[DeviceRow, ...]
    liveness: Liveness
    counts: Counts
    not_watched: Mapping[str, Mapping[str, str]]

    def plain(self) -> list[dict[str, Any]]:
        """Return data for JSON: one object for each device; the daemon's own has its counts too."""
        own = {"counts": self.counts.plain(), "not_watched": dict(self.not_watched)}
        daemon = {"daemon": self.liveness.state}
        return [row.plain() | daemon | (own if row.device == DAEMON else {}) for row in self.devices]


@dataclass(frozen=True, slots=True)
class SitePresent:
    """The site at one instant: its devices, and what is open, the most urgent first."""

    liveness: Liveness
    devices: tuple[DeviceRow, ...]
    hazards: tuple[HazardRow, ...]
    tasks: tuple[TaskRow, ...]


class SiteQuery(TimesOfSite):
    """Reads anew at each question. For one thread at a time; ``clock`` returns ns UTC, else the system's.

    Raises UsageError where the site has no journal, or one of another version or site.
    """

    def __init__(self, site: Site, clock: Callable[[], int] | None = None) -> None:
        super().__init__(site, all_devices(site), open_journal(site), clock or time.time_ns)
        self._rows = DeviceReader(self._reader)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the journal."""
        self._reader.close()

    @cached_property
    def _checklists(self) -> Checklists:
        return Checklists(self._site, devices=self._devices)

    def give_up_when(self, late: Callable[[], bool]) -> None:
        """End a question with apsw.Error as soon as ``late`` says so, while the journal is read."""
        self._reader.give_up_when(late)

    @property
    def journal(self) -> JournalReader:
        """The journal, for questions that load more than commands may: whole years as arrays."""
        return self._reader

    def meta(self, name: str) -> str | None:
        """Return a text that the daemon stored under a name."""
        return self._reader.meta(name)

    @property
    def site(self) -> Site:
        """The site that is asked."""
        return self._site

    def liveness(self) -> Liveness:
        """Return whether the daemon watches now."""
        return liveness(self._site, self._reader, self._clock())

    def devices(self, only: tuple[str, ...] = ()) -> list[DeviceRow]:
        """Return every device, or those named. Raises UsageError for one that there is not."""
        if unknown := set(only) - self._devices.keys():
            require_device(self._devices, min(unknown))
        chosen = [device for device in self._devices.values() if not only or device.id in only]
        return self._rows.rows(chosen, self.alarms(), self._clock())

    def alarms(self, *, everything: bool = False, device: str = "") -> list[AlarmRow]:
        """Return alarms that are not normal, or ``everything`` ever raised; most urgent first.

        Of one ``device`` only, where it is named. Raises UsageError where neither site nor journal knows it.
        """
        spilled = outstanding(self._site, self._reader)
        states = [*self._reader.alarms(), *(spilled.alarms if spilled else ())]
        found = alarm_rows(states, self._devices, everything=everything)
        if device and device not in {state.device for state in states}:
            require_device(self._devices, device)
        return [row for row in found if device in ("", row.device)]

    def alarm(self, device: str, rule: str) -> AlarmRecord:
        """Return one alarm whole. Raises UsageError where neither the site nor the journal knows it."""
        return alarm_record(self._reader, self._devices, device, rule, ZoneInfo(self._site.timezone))

    def tasks(self, *, everything: bool = False) -> list[TaskRow]:
        """Return the open tasks, or ``everything`` there ever was; the most pressing first."""
        events = self._reader.task_events()
        return task_rows(self._site, self._devices, events, self._clock(), everything=everything)

    def task(self, number: int) -> TaskRecord:
        """Return one task whole. Raises UsageError where there is none."""
        return task_record(self._site, self._devices, self._reader.task_events(), self._clock(), number)

    def require(self, device: str, rule: str | None = None) -> None:
        """Raise UsageError where there is no such device, or alarm of it, neither on site nor on record."""
        known = {(state.device, state.rule) for state in self._reader.alarms()}
        if (device, rule) in known:
            return
        if rule is None:
            require_device(self._devices, device)
        else:
            require_rule(self._devices, device, rule)

    def changes(self, since: int, asked: ChangeFilter, most: int) -> list[ChangeRow]:
        """Return at most so many changes of alarms from ``since`` (ns UTC) on, the oldest first.

        Raises UsageError for a device that neither site nor journal knows.
        """
        if asked.device and asked.device not in {state.device for state in self._reader.alarms()}:
            require_device(self._devices, asked.device)
        rows = change_rows(self._reader.changes(since), self._devices, ZoneInfo(self._site.timezone))
        return list(islice(filter(asked.accepts, rows), most))

    def position(self) -> tuple[int, int]:
        """Return the ids of the sample and of the change that were stored last; 0 where there is none."""
        return self._reader.last_sample(), self._reader.last_change()

    def changes_after(self, number: int, most: int) -> list[ChangeRow]:
        """Return at most so many changes of alarms in the order they were stored, after one by its id."""
        stored = self._reader.changes_after(number, most)
        return list(change_rows(stored, self._devices, ZoneInfo(self._site.timezone)))

    def notices(self, since: int, person: str = "", *, waiting: bool = False) -> list[NoticeRow]:
        """Return notices from an instant (ns UTC) on; of one person, or what has not left."""
        return notice_rows(Path(self._site.store.path), since, person, waiting=waiting)

    def commands(self, since: int, *, refused: bool = False) -> list[CommandRecord]:
        """Return what people asked from an instant (ns UTC) on, or only what was refused."""
        return audit_rows(self._reader.commands(since), refused=refused)

    def command_result(self, command: str) -> str | None:
        """Return why a command was refused, nothing where it was carried out; None if it is not on record."""
        return self._reader.command_result(command)

    def rules(self, *devices: str) -> list[RuleRow]:
        """Return the rules of some devices, or of all. Raises UsageError for an unknown device."""
        from facilityd.query.rules import rule_rows

        for device in devices:
            require_device(self._devices, device)
        return rule_rows(self._site, devices or self._devices, self._clock())

    def readiness(self, device: str = "") -> ReadinessAnswer:
        """Return the checklist of a device, or of all that have one. Raises UsageError where none has."""
        return self._board(device).answer(self._reader, self._clock())

    def recorded_checks(self, since: int, device: str = "") -> list[RecordedCheck]:
        """Return the checks recorded before ceremonies from ``since`` (ns UTC) on. Raises UsageError."""
        return self._board(device).recorded(self._reader, since)

    def _board(self, device: str) -> ReadinessBoard:
        from facilityd.query.readiness import ReadinessBoard, checklist_devices

        return ReadinessBoard(self._site, checklist_devices(self._site, device), self._checklists)

    def countdown(self) -> Countdown:
        """Return the next ceremony."""
        return countdown(self._site, self._clock())

    def counts(self) -> Counts:
        """Return what the daemon counts of its own."""
        (daemon,) = self._rows.rows([self._devices[DAEMON]], (), self._clock())
        return Counts.read(self._reader, {signal.signal: signal.value for signal in daemon.signals})

    def not_watched(self) -> dict[str, dict[str, str]]:
        """Return by unit with a wildcard topic the names seen there and not watched, with the reason."""
        return unwatched(self._site)

    def status(self, only: tuple[str, ...] = ()) -> SiteStatus:
        """Return devices, liveness and counts in one answer. Raises UsageError for an unknown device."""
        return SiteStatus(tuple(self.devices(only)), self.liveness(), self.counts(), self.not_watched())

    def storage(self) -> StorageAnswer:
        """Return what takes the room in the journal, and when it will be full."""
        from facilityd.query.storage import read_storage

        return read_storage(self._site, self._reader, self._clock())

    def kpi(self, since: int, until: int) -> KpiAnswer:
        """Return the figures of alarm management of since <= at < until (ns UTC), beside their limits."""
        from facilityd.query.kpi import KpiReader

        return KpiReader(self._site, self._devices, self._reader, (since, until), self._clock()).answer()

    def report(self, period: Text, since: int, until: int) -> SiteReport:
        """Return the report of since <= at < until (ns UTC), a ``period`` as it is called."""
        from facilityd.query.report import read_report

        named, hazards = (period, since, until), self.hazards()
        return read_report(self._site, self._devices, self._reader, named, self._clock(), hazards)

    def hazards(self, device: str = "") -> list[HazardRow]:
        """Return what is open, of one ``device`` or of all; most urgent first. Raises UsageError."""
        if device:
            require_device(self._devices, device)
        return [row for row in self.present().hazards if device in ("", row.device)]

    def present(self) -> SitePresent:
        """Return what is true now of all devices: whatever several answers rest on is read once."""
        from facilityd.query.hazards import OpenState, open_hazards

        alarms, found, now = self.alarms(), self.liveness(), self._clock()
        rows, tasks = self._rows.rows(list(self._site.devices.values()), alarms, now), self.tasks()
        state = OpenState(
            now, self._site.timezone, self._devices, alarms, tasks, self._reader.waivers(), rows, found,
            self._unjudged(found).unknown,
        )  # fmt: skip
        return SitePresent(found, tuple(rows), tuple(open_hazards(state)), tuple(tasks))

    def unjudged(self) -> UnjudgedRules:
        """Return how many rules cannot be evaluated now; one that waits for its baseline is not counted."""
        return self._unjudged(self.liveness())

    def _unjudged(self, watched: Liveness) -> UnjudgedRules:
        known = {(device.id, name) for device in self._devices.values() for name in device.family.rules}
        now = JournalState(self._reader, self._clock(), watched.judging)
        found = [finding for key in known if (finding := now.finding(*key)) is not None]
        unknown = sum(one.verdict is None and one.evidence.slug not in NOT_YET for one in found)
        return UnjudgedRules(all(one.verdict is None for one in found), unknown)
