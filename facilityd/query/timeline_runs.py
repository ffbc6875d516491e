"""What the devices of a timeline did: flags raised and lowered, shows, lights, each group once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from facilityd.config.site import Device, Site
from facilityd.model.intervals import length
from facilityd.model.sample import NS
from facilityd.model.text import Language, Text
from facilityd.notify.texts import texts
from facilityd.query.alarm_log import AlarmLog
from facilityd.query.modes import ModeSpan, mode_name, mode_spans
from facilityd.query.observed import ObservedWindow
from facilityd.query.report_ceremonies import AFTER, CeremonyRecords, CeremonyRow, ceremony_rows
from facilityd.query.report_devices import blind_times
from facilityd.query.report_table import report_word
from facilityd.query.timeline_entries import TimelineEntry, TimelineLine, group_name
from facilityd.query.timeline_words import joined, timeline_text
from facilityd.query.words import both, span_text
from facilityd.store.reader import JournalReader
from facilityd.store.retention_table import findings_kept
from facilityd.store.rows_once import StateReader

TOGETHER = 120 * NS
"""Devices of a family that begin and end within so long (ns) of each other did one thing together."""
PAUSE = 3600 * NS
"""A run that follows another by less (ns) belongs to it where they are many."""
MANY = 3
"""Runs of one group from which on they are told as one entry."""
RUNS_BEFORE, RUNS_AFTER = 300 * NS, 900 * NS
"""A run that begins so long (ns) before or after a ceremony is that ceremony's."""


def run_entries(
    reader: StateReader, devices: Sequence[Device], families: Mapping[str, Device], span: tuple[int, int]
) -> list[TimelineEntry]:
    """Return what some of all devices did within since <= t < until (ns UTC).

    It is told by the first operating mode of each family.
    """
    found: list[ModeSpan] = []
    for device in devices:
        busiest = next(iter(device.family.states), "")
        found += [one for one in mode_spans(reader, device, *span) if one.mode == busiest]
    groups = _together(sorted(found, key=lambda one: (one.since, one.device)), families)
    return [_entry(group, families, span[1]) for group in _often(groups)]


@dataclass(slots=True)
class _Runs:
    """Runs of the same devices: each a list of what they did together."""

    each: list[list[ModeSpan]]

    @property
    def devices(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.device for one in self.each[0]))


def _together(found: Iterable[ModeSpan], families: Mapping[str, Device]) -> list[_Runs]:
    """Return runs that devices of one family made at the same time as one."""
    groups: dict[tuple[str, str, str], list[list[ModeSpan]]] = {}
    for one in found:
        family = families[one.device].family.family
        kept = groups.setdefault((family, one.mode, one.kind), [])
        near = (g for g in kept if abs(g[0].since - one.since) <= TOGETHER and _ends(g[0], one))
        group = next((g for g in near if all(other.device != one.device for other in g)), None)
        if group is None:
            kept.append([one])
        else:
            group.append(one)
    return [_Runs([group]) for kept in groups.values() for group in kept]


def _ends(one: ModeSpan, other: ModeSpan) -> bool:
    return one.ended == other.ended and abs(one.until - other.until) <= TOGETHER


def _often(groups: list[_Runs]) -> list[_Runs]:
    """Make one entry of many runs of the same devices that follow each other shortly."""
    rows: dict[tuple[object, ...], list[_Runs]] = {}
    for group in groups:
        first = group.each[0][0]
        rows.setdefault((group.devices, first.mode, first.kind), []).append(group)
    kept = []
    for same in rows.values():
        same.sort(key=lambda group: group.each[0][0].since)
        near = all(b.each[0][0].since - a.each[0][0].until <= PAUSE for a, b in pairwise(same))
        if len(same) >= MANY and near:
            same[0].each += [group.each[0] for group in same[1:]]
            kept.append(same[0])
        else:
            kept += same
    return kept


def _entry(runs: _Runs, families: Mapping[str, Device], end: int) -> TimelineEntry:
    every, first = [one for each in runs.each for one in each], runs.each[0][0]
    until = max(one.until for one in every)
    mode = mode_name(families[first.device].family, first.mode, first.kind)
    open_end = until >= end and not any(one.ended for one in runs.each[-1])
    if len(runs.each) > 1:
        total = length((each[0].since, each[0].until) for each in runs.each)
        shown = both(lambda language: span_text(total, language))
        what = timeline_text("run-spread", mode=mode, n=len(runs.each), total=shown)
    else:
        seen = first.begun and (first.ended or open_end)
        what = mode if seen else timeline_text("run-open", mode=mode)
    return TimelineEntry(
        "run", min(one.since for one in every), None if open_end else until, runs.devices,
        group_name(families, runs.devices), what, times=len(runs.each),
    )  # fmt: skip


# --- ceremonies ------------------------------------------------------------------------------------


def ceremony_entries(
    site: Site, reader: JournalReader, window: ObservedWindow, log: AlarmLog, devices: Iterable[str]
) -> list[TimelineEntry]:
    """Return each ceremony of the window with each hoist: how ready it was, and how it ran."""
    wanted = set(devices)
    if not any(one.family.readiness for one in site.devices.values() if one.id in wanted):
        return []
    kept = findings_kept(site.store.keep, site.store.retention)
    records = CeremonyRecords(
        window, reader.checks(window.since), reader.timed_runs(window.since, window.end + AFTER), log,
        blind_times(site, window, log), max(window.known_from, window.now - kept),
    )  # fmt: skip
    return [_ceremony(row) for row in ceremony_rows(site, records) if row.device in wanted]


def _ceremony(row: CeremonyRow) -> TimelineEntry:
    def ran(language: Language) -> str:
        word = report_word(f"run-{row.run}", language)
        if row.took is None:
            return word
        took = span_text(round(row.took) * NS, language)
        return timeline_text("took", run=word, took=took).in_(language)

    ready = both(lambda language: report_word(row.ready, language))
    name = both(texts().readiness[row.name].in_)
    watched = (row.ready, row.run) != ("unknown", "unknown")
    what: Text = timeline_text(
        "ceremony" if watched else "ceremony-unknown", name=name, ready=ready, run=both(ran)
    )
    lines = (TimelineLine("against", 0, joined(row.against)),) if row.against else ()
    bad = row.run in ("off-time", "not-seen")
    priority = "high" if bad else "medium" if row.ready == "not-ready" else ""
    well = int(row.run == "on-time")
    return TimelineEntry(
        "ceremony", row.at, row.at, (row.device,), row.where, what, priority, well, lines=lines
    )


def without_ceremonies(runs: list[TimelineEntry], held: list[TimelineEntry]) -> list[TimelineEntry]:
    """Return the runs that no ceremony tells of: those begin by themselves at another time."""
    return [
        run
        for run in runs
        if not any(
            run.devices == one.devices and one.since - RUNS_BEFORE <= run.since <= one.since + RUNS_AFTER
            for one in held
        )
    ]
