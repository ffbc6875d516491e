"""Alarms of a window by kind, priority and day, and how long they took to be repaired."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median

from facilityd.config.site import Device
from facilityd.model.intervals import common
from facilityd.model.sample import NS
from facilityd.model.text import Text
from facilityd.query.alarm_log import Annunciation, OccurrenceSpan
from facilityd.query.kpi_answer import alarm_words
from facilityd.query.kpi_people import percentile
from facilityd.query.observed import ObservedWindow


@dataclass(frozen=True, slots=True)
class AlarmKindRow:
    """One rule of one family: how often it came before people, on how many devices. Times in s.

    ``acknowledge`` and ``repair``: medians; None where there was none.
    """

    family: Text
    rule: str
    what: Text
    priority: str
    alarms: int
    devices: int
    acknowledge: float | None
    repair: float | None


@dataclass(frozen=True, slots=True)
class RepairTimes:
    """How long occurrences of one priority went on after they came before people; times in s.

    ``over`` of ``alarms`` ended within the window.
    """

    priority: str
    alarms: int
    over: int
    median: float | None
    p95: float | None
    longest: float | None


@dataclass(frozen=True, slots=True)
class AlarmDay:
    """How many alarms of each priority came before people on a day; ``watched``: at any time of it."""

    day: date
    alarms: Mapping[str, int]
    watched: bool


def alarm_kinds(
    came: Iterable[Annunciation], spans: Sequence[OccurrenceSpan], devices: Mapping[str, Device]
) -> list[AlarmKindRow]:
    """Return the kinds of alarms, the most frequent first."""
    groups: dict[tuple[str, str], list[Annunciation]] = {}
    for one in came:
        groups.setdefault((_family(devices, one.device), one.rule), []).append(one)
    by_kind: dict[tuple[str, str], list[OccurrenceSpan]] = {}
    for span in spans:
        by_kind.setdefault((_family(devices, span.device), span.rule), []).append(span)
    rows = [_kind(key, group, by_kind.get(key, ()), devices) for key, group in groups.items()]
    return sorted(rows, key=lambda row: (-row.alarms, row.family.en, row.rule))


def _family(devices: Mapping[str, Device], device: str) -> str:
    known = devices.get(device)
    return known.family.family if known else ""


def _kind(
    key: tuple[str, str],
    group: Sequence[Annunciation],
    spans: Sequence[OccurrenceSpan],
    devices: Mapping[str, Device],
) -> AlarmKindRow:
    first = group[0]
    what, where = alarm_words(devices, first.device, first.rule)
    known = devices.get(first.device)
    acknowledged = [s.acknowledged - s.annunciated for s in spans if s.acknowledged and s.annunciated]
    repaired = [s.cleared - s.annunciated for s in spans if s.cleared and s.annunciated]
    return AlarmKindRow(
        known.family.name if known else where, key[1], what, group[-1].priority, len(group),
        len({one.device for one in group}), _middle(acknowledged), _middle(repaired),
    )  # fmt: skip


def _middle(times: Sequence[int]) -> float | None:
    return max(0.0, median(times) / NS) if times else None


def repairs(spans: Iterable[OccurrenceSpan], priority: str, least: int) -> RepairTimes:
    """Return how long occurrences went on; a 95th percentile from ``least`` on."""
    told = [span for span in spans if span.annunciated is not None]
    times = sorted(
        max(0, span.cleared - span.annunciated) / NS
        for span in told
        if span.cleared is not None and span.annunciated is not None and not span.retired
    )
    return RepairTimes(
        priority, len(told), len(times), median(times) if times else None,
        percentile(times, 95) if len(times) >= least else None, times[-1] if times else None,
    )  # fmt: skip


def alarm_days(came: Iterable[Annunciation], window: ObservedWindow) -> list[AlarmDay]:
    """Return every day of the window with its alarms by priority."""
    counts: dict[date, Counter[str]] = {}
    for one in came:
        counts.setdefault(window.local(one.at).date(), Counter())[one.priority] += 1
    watched = window.spans()
    found, dates = [], window.dates()
    for n, day in enumerate(dates):
        until = window.instant(dates[n + 1]) if n + 1 < len(dates) else window.end
        seen = bool(common([(window.instant(day), max(until, window.instant(day)))], watched))
        found.append(AlarmDay(day, dict(counts.get(day, {})), seen))
    return found
