"""Counting annunciations: the worst 10 min, floods, what chatters, is fleeting or stale, bad actors."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from facilityd.model.intervals import Span, overlap
from facilityd.query.alarm_log import Annunciation, Key, OccurrenceSpan, StandingSpan
from facilityd.query.kpi_table import Flood
from facilityd.query.observed import DAY, ObservedWindow


@dataclass(frozen=True, slots=True)
class FloodSpan:
    """A flood from its first alarm on; ``until``: fewer than its end's number in the last 10 min. ns UTC.

    ``most``: alarms in the worst 10 min of it.
    """

    since: int
    until: int
    alarms: int
    most: int


@dataclass(frozen=True, slots=True)
class ChatteringAlarm:
    """An alarm that came so often in so short a time: ``episodes``, and ``most`` in one."""

    device: str
    rule: str
    episodes: int
    most: int


@dataclass(frozen=True, slots=True)
class StaleAlarm:
    """An alarm that stood for longer than a day; ``until`` None: it still does. ns UTC."""

    device: str
    rule: str
    since: int
    until: int | None


def worst(instants: Sequence[int], within: int) -> int:
    """Return the most of some instants (in order) that lie less than ``within`` ns apart."""
    held: deque[int] = deque()
    most = 0
    for at in instants:
        held.append(at)
        while at - held[0] >= within:
            held.popleft()
        most = max(most, len(held))
    return most


def floods(instants: Sequence[int], by: Flood, end: int) -> list[FloodSpan]:
    """Return the floods among instants in order (ns UTC), as they are known at ``end``."""
    found: list[FloodSpan] = []
    first: int | None = None
    low = 0
    for n, at in enumerate(instants):
        while at - instants[low] >= by.within:
            low += 1
        if first is not None and (over := _over(instants, n, by)) <= at:
            found.append(_flood(instants[first:n], over, by))
            first = None
        if first is None and n - low + 1 >= by.begins:
            first = low
    if first is not None:
        until = min(end, _over(instants, len(instants), by))
        found.append(_flood(instants[first:], until, by))
    return found


def _over(instants: Sequence[int], n: int, by: Flood) -> int:
    """Return when a flood is over if nothing came after the first ``n`` instants."""
    return instants[n - by.ends] + by.within


def _flood(instants: Sequence[int], until: int, by: Flood) -> FloodSpan:
    return FloodSpan(instants[0], until, len(instants), worst(instants, by.within))


def periods(spans: Iterable[Span], width: int) -> set[int]:
    """Return the numbers of the clock's periods of ``width`` ns that spans touch."""
    return {number for since, until in spans for number in range(since // width, (until - 1) // width + 1)}


def crowded(instants: Iterable[int], width: int, most: int) -> int:
    """Return in how many of the clock's periods of ``width`` ns there were more than ``most`` instants."""
    return sum(count > most for count in Counter(at // width for at in instants).values())


def chattering(raised: Iterable[OccurrenceSpan], times: int, within: int) -> list[ChatteringAlarm]:
    """Return the alarms of which ``times`` occurrences or more began within a time (ns), the worst first."""
    by_alarm: dict[Key, list[int]] = {}
    for span in raised:
        by_alarm.setdefault((span.device, span.rule), []).append(span.raised)
    found = []
    for (device, rule), instants in by_alarm.items():
        if episodes := _episodes(instants, times, within):
            found.append(ChatteringAlarm(device, rule, episodes, worst(instants, within)))
    return sorted(found, key=lambda one: (-one.episodes, -one.most, one.device, one.rule))


def _episodes(instants: Sequence[int], times: int, within: int) -> int:
    """Return how often so many came in a time; one that goes on is one."""
    count, until = 0, -1
    for n in range(times - 1, len(instants)):
        if instants[n] - instants[n - times + 1] < within:
            count += instants[n - times + 1] > until
            until = instants[n]
    return count


def fleeting(raised: Iterable[OccurrenceSpan], within: int) -> list[OccurrenceSpan]:
    """Return the occurrences that were over in less than ``within`` ns before anybody had acknowledged."""
    return [
        span
        for span in raised
        if span.cleared is not None
        and not span.retired
        and span.cleared - span.raised < within
        and (span.acknowledged is None or span.acknowledged >= span.cleared)
    ]


def stale(standing: Iterable[StandingSpan], window: ObservedWindow, after: int) -> list[StaleAlarm]:
    """Return what in a window stood for longer than ``after`` ns by then, the oldest first."""
    end, found = min(window.end, window.watched_until), []
    for span in standing:
        until = end if span.until is None else min(span.until, end)
        if until > max(window.since, span.since + after):
            shown = span.until if span.until is not None and span.until <= end else None
            found.append(StaleAlarm(span.device, span.rule, span.since, shown))
    return found


def stale_by_day(alarms: Sequence[StaleAlarm], window: ObservedWindow, after: int) -> list[int]:
    """Return how many of stale alarms there were on each of the site's days that somebody watched."""
    counts, watched = [], window.spans()
    for day in window.dates():
        begin = window.instant(day)
        finish = window.local(begin + DAY + DAY // 4).date()
        end = min(window.instant(finish), window.end)
        if not overlap((begin, end), watched):
            continue
        counts.append(
            sum(one.since + after < end and (one.until is None or one.until > begin) for one in alarms)
        )
    return counts


def most_frequent(came: Iterable[Annunciation], most: int) -> list[tuple[Key, int]]:
    """Return the alarms that came most often, and how often."""
    counts = Counter((one.device, one.rule) for one in came)
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most]
