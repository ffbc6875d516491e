"""What happened: a night or a week as incidents with their evidence, and what devices and people did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from facilityd.app.builtin import DAEMON
from facilityd.config.site import Device, Site
from facilityd.model.downtime import Downtime
from facilityd.model.intervals import length, union
from facilityd.model.sample import NS
from facilityd.model.text import Text
from facilityd.query.alarm_log import AlarmLog
from facilityd.query.json_data import to_plain
from facilityd.query.observed import ObservedWindow, observed_window
from facilityd.query.tasks import task_rows
from facilityd.query.timeline_entries import KINDS, TimelineEntry, TimelineLine, name_of
from facilityd.query.timeline_gaps import UnitGap, downtime_entry, gap_entry, gap_groups, gap_line, unit_gaps
from facilityd.query.timeline_incidents import TELLING, incidents, touching
from facilityd.query.timeline_people import (
    HELD,
    act_entries,
    held_entries,
    mark_entries,
    task_lines,
    with_tasks,
)
from facilityd.query.timeline_runs import ceremony_entries, run_entries, without_ceremonies
from facilityd.store.reader import JournalReader
from facilityd.store.rows_once import RowsOnce

NEAR = 600 * NS
"""A time without data that begins so shortly (ns) around an incident of its devices belongs to it."""


@dataclass(frozen=True, slots=True)
class TimelineQuery:
    """From ``since`` to before ``until`` (ns UTC), of some devices by their ids, or of all."""

    since: int
    until: int
    devices: tuple[str, ...] = ()


class TimelineFigure(NamedTuple):
    """One number of a timeline, None where nothing is known; ``seconds``: a length of time, else a count."""

    id: str
    value: float | None
    seconds: bool = False


@dataclass(frozen=True, slots=True)
class Timeline:
    """The answer: what is on record of the span, in the order of time."""

    query: TimelineQuery
    site: Text
    names: tuple[Text, ...]
    window: ObservedWindow
    entries: tuple[TimelineEntry, ...]
    no_data: int
    """How long (ns) any of the devices' units brought nothing while somebody watched."""

    def of(self, *kinds: str) -> list[TimelineEntry]:
        """Return the entries of some kinds."""
        return [one for one in self.entries if one.kind in kinds]

    def figures(self) -> list[TimelineFigure]:
        """Return what is counted, the same for every span, so that two stand side by side."""
        found, held = self.of("incident"), self.of("incident", "standing")
        ran, known = self.of("ceremony"), bool(self.window.spans())
        figures = [
            TimelineFigure("incidents", len(found)),
            TimelineFigure("told", sum(one.told for one in found)),
            TimelineFigure("suppressed", sum(one.suppressed for one in found)),
            TimelineFigure("unacknowledged", sum(one.unacknowledged for one in found)),
            TimelineFigure("standing", sum(one.until is None for one in held)),
            TimelineFigure("no_data", self.no_data / NS, seconds=True),
            TimelineFigure("not_watched", _away(self.window) / NS, seconds=True),
            TimelineFigure("ceremonies", sum(one.times for one in ran)),
        ]
        return figures if known else [one._replace(value=None) for one in figures]

    def plain(self) -> dict[str, Any]:
        """Return data for JSON; texts in both languages, instants in ns UTC."""
        found = {
            "since": self.query.since, "until": self.query.until,
            "devices": self.query.devices, "notes": self.window.notes(),
            "figures": {one.id: one.value for one in self.figures()},
            "entries": [one.plain() for one in self.entries],
        }  # fmt: skip
        return dict(to_plain(found))


def _away(window: ObservedWindow) -> int:
    return length(union((one.since, one.until) for one in window.away))


def read_timeline(
    site: Site, devices: Mapping[str, Device], reader: JournalReader, query: TimelineQuery, now: int
) -> Timeline:
    """Return what happened; ``devices`` are all of the site, the built-in ones too."""
    return _TimelineReader(site, devices, reader, query, now).read()


class _TimelineReader:
    def __init__(
        self, site: Site, devices: Mapping[str, Device], reader: JournalReader, query: TimelineQuery, now: int
    ) -> None:
        self._site, self._devices, self._reader, self._query = site, devices, reader, query
        # What is known of notices is not asked here.
        window = observed_window(site, reader, query.since, query.until, now)
        self._window = replace(window, notices_from=0)
        self._end = max(query.since, self._window.end)
        self._span = query.since, self._end
        self._zone = site.timezone
        own = [one for one in site.devices.values() if not query.devices or one.id in query.devices]
        self._own = own
        self._only = frozenset(query.devices)
        links = {f"link-{stream.link}" for one in own for stream in one.streams}
        self._about = self._only | links | {DAEMON}
        self._states = RowsOnce(reader, {one.id for one in own}, self._span)
        self._log = AlarmLog.of(reader.alarm_log(self._end))

    def read(self) -> Timeline:
        """Return all of it."""
        known = self._window.known_from
        gaps = unit_gaps(self._states, self._own, max(self._span[0], known), self._end) if known else []
        entries = self._with_gaps(self._incidents(), gap_groups(gaps))
        entries = list(with_tasks(entries, *self._tasks()))
        entries += self._done()
        missing = length(union((gap.since, gap.until) for gap in gaps))
        names = tuple(name_of(self._devices, one) for one in self._query.devices)
        order = sorted(entries, key=lambda one: (one.since, KINDS.index(one.kind), one.devices))
        return Timeline(self._query, self._site.name, names, self._window, tuple(order), missing)

    def _incidents(self) -> list[TimelineEntry]:
        spans = touching(self._log.occurrences, *self._span)
        first = min((one.raised for one in spans), default=self._end)
        changes = self._reader.changes(first, kinds=TELLING)
        found = incidents(spans, changes, self._devices, self._span, self._window.zone)
        return self._without_pauses([one for one in found if self._meant(one)])

    def _meant(self, entry: TimelineEntry) -> bool:
        """Return whether an entry is of the devices asked for, or explains what is."""
        return not self._only or not self._about.isdisjoint(entry.devices)

    def _without_pauses(self, found: list[TimelineEntry]) -> list[TimelineEntry]:
        """Add the times in which nobody watched: to the daemon's own alarm of it, else as entries."""
        left: list[Downtime] = list(self._window.away)
        own = [one for one in found if one.devices[0] == DAEMON]
        for entry in own:
            left = [one for one in left if not _close(entry, one.since, one.until)]
        where = name_of(self._devices, DAEMON)
        return found + [downtime_entry(one, where, DAEMON, self._zone) for one in left]

    def _with_gaps(
        self, found: list[TimelineEntry], groups: Iterable[Sequence[UnitGap]]
    ) -> list[TimelineEntry]:
        """Give each gap to the incident of its devices or link; what belongs to none is an entry."""
        for group in groups:
            names = {name for gap in group for name in (gap.device, f"link-{gap.link}")}
            since, until = min(gap.since for gap in group), max(gap.until for gap in group)
            mine = [
                n for n, one in enumerate(found)
                if one.kind == "incident" and not names.isdisjoint(one.devices) and _close(one, since, until)
            ]  # fmt: skip
            if mine:
                line = gap_line(group, self._devices, self._zone)
                found[mine[0]] = found[mine[0]].with_lines(line)
            else:
                found.append(gap_entry(group, self._devices, self._end))
        return found

    def _tasks(self) -> tuple[list[Any], dict[int, list[TimelineLine]]]:
        events = self._reader.task_events()
        rows = task_rows(self._site, self._devices, events, self._end, everything=True)
        rows = [row for row in rows if not self._only or row.task.device in self._only]
        return rows, task_lines(rows, events, self._span, self._zone)

    def _done(self) -> list[TimelineEntry]:
        """Return what devices and people did."""
        names = [one.id for one in self._own]
        held = ceremony_entries(self._site, self._reader, self._window, self._log, names)
        runs = without_ceremonies(run_entries(self._states, self._own, self._devices, self._span), held)
        states = held_entries(self._reader.changes(kinds=HELD), self._devices, self._span)
        marks = mark_entries(self._reader.marks(), self._devices, self._span)
        acts = act_entries(self._reader.commands(self._span[0]), self._devices, self._only, self._span)
        return [*held, *runs, *(one for one in [*states, *marks] if self._meant(one)), *acts]


def _close(entry: TimelineEntry, since: int, until: int) -> bool:
    """Return whether a span of time begins or ends within, or shortly around, an incident."""
    end = entry.until if entry.until is not None else until
    return since <= end + NEAR and until >= entry.since - NEAR
