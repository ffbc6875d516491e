"""When a timeline's devices brought nothing, unit by unit, and when nobody watched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from facilityd.config.site import Device
from facilityd.model.downtime import Downtime
from facilityd.model.intervals import Span, union, without
from facilityd.model.sample import NS, SignalType, Value
from facilityd.model.text import Text
from facilityd.query.instants import show_second
from facilityd.query.state_spans import AWAY, StateSpan, hours_of, quality_text, run_together, state_spans
from facilityd.query.timeline_entries import TimelineEntry, TimelineLine, group_name
from facilityd.query.timeline_lines import clock
from facilityd.query.timeline_words import timeline_text
from facilityd.query.words import both
from facilityd.store.rollup import HOUR
from facilityd.store.rows_once import StateReader

SHORTEST = 120 * NS
"""A shorter time without data (ns) is not told."""
TOGETHER = 120 * NS
"""What several units lacked within so long (ns) of each other is one gap."""


@dataclass(frozen=True, slots=True)
class UnitGap:
    """A device had nothing from a unit at since <= t < until (ns UTC), ``quality`` says why."""

    device: str
    unit: str
    link: str
    since: int
    until: int
    quality: str


def unit_gaps(reader: StateReader, devices: Sequence[Device], since: int, until: int) -> list[UnitGap]:
    """Return the times in which units brought nothing, without those in which nobody watched."""
    found = []
    for device in devices:
        for stream in device.streams:
            names = zip(stream.signals, stream.types, strict=True)
            signal = next((name for name, kind in names if kind is not SignalType.TEXT), None)
            if signal is None:
                continue
            for gap in _gaps(reader, device.id, signal, since, until):
                about = (device.id, stream.unit, stream.link)
                found.append(UnitGap(*about, gap.since, gap.until, gap.quality))
    return sorted(found, key=lambda one: (one.since, one.device))


def _gaps(reader: StateReader, device: str, signal: str, since: int, until: int) -> Iterator[StateSpan]:
    """Return the times without a value; hours of which the roll-ups know every ns are not read."""
    found = (
        one
        for first, last in _doubtful(reader, device, signal, since, until)
        for one in state_spans(reader, device, signal, first, last, alike=_is_there)
        if one.value is None and one.quality != AWAY
    )
    return run_together(found, lambda edge, one: edge.until == one.since)


def _is_there(value: Value | None) -> bool:
    return value is not None


def _doubtful(reader: StateReader, device: str, signal: str, since: int, until: int) -> list[Span]:
    first = since // HOUR * HOUR
    hours = hours_of(reader, device, signal, first, until)
    whole = [(start, start + HOUR) for start, one in hours.items() if one.covered >= HOUR]
    return without([(since, until)], union(whole))


def gap_groups(gaps: Iterable[UnitGap]) -> list[list[UnitGap]]:
    """Return gaps (in order) that began and ended together for one reason as one, without the short ones."""
    groups: list[list[UnitGap]] = []
    recent: list[list[UnitGap]] = []
    for gap in gaps:
        if gap.until - gap.since < SHORTEST:
            continue
        recent = [g for g in recent if gap.since - g[0].since <= TOGETHER]
        group = next((g for g in recent if _alike(g[0], gap)), None)
        if group is None:
            group = []
            groups.append(group)
            recent.append(group)
        group.append(gap)
    return groups


def _alike(one: UnitGap, other: UnitGap) -> bool:
    edges = abs(one.since - other.since) <= TOGETHER and abs(one.until - other.until) <= TOGETHER
    return edges and (one.quality == other.quality or one.link == other.link)


def gap_entry(group: Sequence[UnitGap], devices: Mapping[str, Device], end: int) -> TimelineEntry:
    """Return a gap as an entry of its own."""
    until = max(gap.until for gap in group)
    names = tuple(dict.fromkeys(gap.device for gap in group))
    where = group_name(devices, names)
    return TimelineEntry(
        "gap", min(gap.since for gap in group), None if until >= end else until, names, where,
        timeline_text("gap", why=_why(group)),
    )  # fmt: skip


def gap_line(group: Sequence[UnitGap], devices: Mapping[str, Device], zone: str) -> TimelineLine:
    """Return a gap as a line of the incident that it belongs to."""
    since, until = min(gap.since for gap in group), max(gap.until for gap in group)
    where = group_name(devices, [gap.device for gap in group])
    edges = {"since": clock(since, zone), "until": clock(until, zone)}
    return TimelineLine("gap", since, timeline_text("gap-line", names=where, why=_why(group), **edges))


def _why(group: Sequence[UnitGap]) -> Text:
    return both(lambda language: quality_text(group[0].quality, language))


def downtime_entry(one: Downtime, where: Text, device: str, zone: str) -> TimelineEntry:
    """Return a time in which nobody watched."""
    edges = show_second(one.since, zone), show_second(one.until, zone)
    what = both(lambda language: one.sentence(*edges, language))
    return TimelineEntry("downtime", one.since, one.until, (device,), where, what, "high")
