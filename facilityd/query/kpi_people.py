"""Counting what people get and how they answer: notices per person and night, time to acknowledge."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from facilityd.model.intervals import Span, overlap
from facilityd.model.notice import Purpose
from facilityd.model.sample import NS
from facilityd.model.text import Text
from facilityd.query.alarm_log import OccurrenceSpan
from facilityd.query.kpi_alarms import worst
from facilityd.query.kpi_table import KpiSettings
from facilityd.query.observed import ObservedWindow
from facilityd.store.alarm_log import NoticeLogEntry
from facilityd.store.batch import Delivery

LEFT = (Delivery.ACCEPTED, Delivery.UNKNOWN)
"""What reached a person, or may have."""
_WEEK = 7


@dataclass(frozen=True, slots=True)
class PersonLoad:
    """What one recipient got in a window: ``notices`` that were taken or may have been, over all channels.

    ``at_night``: of these, and ``worst_night`` in one; ``undelivered``: refused, or still waiting.
    """

    person: str
    name: Text
    notices: int
    per_day: float | None
    at_night: int
    worst_night: int
    per_week_at_night: float | None
    worst_10min: int
    undelivered: int


@dataclass(frozen=True, slots=True)
class AnswerTimes:
    """How occurrences of one priority (``""``: of all) were answered; times in s, None where unknown.

    ``alarms`` came before people, ``acknowledged`` of them within the window.
    """

    priority: str
    alarms: int
    acknowledged: int
    median: float | None
    p95: float | None
    longest: float | None


def night_of(at: int, window: ObservedWindow, night: tuple[int, int]) -> date | None:
    """Return the evening of the night that an instant (ns UTC) belongs to; None by day."""
    local = window.local(at)
    begin, end = night
    if local.hour >= begin:
        return local.date()
    return local.date() - timedelta(days=1) if local.hour < end else None


def nights(spans: Sequence[Span], window: ObservedWindow, night: tuple[int, int]) -> list[date]:
    """Return the evenings of the nights that spans touch; a night is as long as the clock makes it."""
    begin, end = night
    days = window.dates()
    evenings = [days[0] - timedelta(days=1), *days]
    return [
        day
        for day in evenings
        if overlap((window.instant(day, begin), window.instant(day + timedelta(days=1), end)), spans)
    ]


def loads(
    notices: Iterable[NoticeLogEntry], names: dict[str, Text], window: ObservedWindow, by: KpiSettings
) -> list[PersonLoad]:
    """Return the load of everybody who is or was notified; who has most comes first."""
    by_person: dict[str, list[NoticeLogEntry]] = {person: [] for person in names}
    for one in notices:
        if one.purpose is not Purpose.TEST:
            by_person.setdefault(one.recipient, []).append(one)
    spans = window.spans(window.notices_from)
    days, evenings = sum(b - a for a, b in spans) / (86_400 * NS), len(nights(spans, window, by.night))
    found = [
        _load(person, names.get(person), entries, (days, evenings), window, by)
        for person, entries in by_person.items()
    ]
    return sorted(found, key=lambda load: (-load.notices, load.person))


def _load(
    person: str,
    name: Text | None,
    entries: Sequence[NoticeLogEntry],
    observed: tuple[float, int],
    window: ObservedWindow,
    by: KpiSettings,
) -> PersonLoad:
    left = sorted(one.at for one in entries if one.state in LEFT)
    evenings = [evening for at in left if (evening := night_of(at, window, by.night)) is not None]
    days, count = observed
    waiting = sum(one.state not in (*LEFT, Delivery.DEFERRED, Delivery.DIGESTED) for one in entries)
    return PersonLoad(
        person, name or Text(zh=person or "?", en=person or "?"), len(left),
        len(left) / days if days >= 1 else None, len(evenings),
        max((evenings.count(one) for one in set(evenings)), default=0),
        len(evenings) / count * _WEEK if count and days >= 1 else None, worst(left, by.flood.within), waiting,
    )  # fmt: skip


def answers(spans: Iterable[OccurrenceSpan], priority: str, least: int) -> AnswerTimes:
    """Return how occurrences that came before people were answered; a 95th percentile from ``least`` on."""
    told = [span for span in spans if span.annunciated is not None]
    times = sorted(
        max(0, span.acknowledged - span.annunciated) / NS
        for span in told
        if span.acknowledged is not None and span.annunciated is not None
    )
    return AnswerTimes(
        priority, len(told), len(times), median(times) if times else None,
        percentile(times, 95) if len(times) >= least else None, times[-1] if times else None,
    )  # fmt: skip


def percentile(ordered: Sequence[float], share: int) -> float:
    """Return the nearest-rank percentile of numbers in order."""
    return ordered[max(0, math.ceil(share / 100 * len(ordered)) - 1)]
