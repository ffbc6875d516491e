"""Which devices gave the most trouble in a span: by alarms, time in alarm, or time without data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from facilityd.config.site import Device, Site
from facilityd.errors import UsageError
from facilityd.model.intervals import length, union
from facilityd.model.message import Wording
from facilityd.model.sample import NS
from facilityd.model.text import Text
from facilityd.query.alarm_log import AlarmLog, OccurrenceSpan
from facilityd.query.json_data import to_plain
from facilityd.query.kpi_answer import alarm_words
from facilityd.query.observed import ObservedWindow, observed_window
from facilityd.query.timeline_gaps import SHORTEST, unit_gaps
from facilityd.query.timeline_incidents import touching
from facilityd.store.reader import JournalReader
from facilityd.store.rows_once import RowsOnce

ORDERS = ("alarms", "time", "data")


@dataclass(frozen=True, slots=True)
class WorstQuery:
    """The first ``top`` devices of a family, or of all, in since <= t < until (ns UTC), by ``order``."""

    since: int
    until: int
    family: str = ""
    order: str = "alarms"
    top: int = 10


@dataclass(frozen=True, slots=True)
class WorstRow:
    """One device: ``alarms`` that were told, how long (s) any stood and a unit of it brought nothing.

    ``what``: the alarm that came most often; ``times``: how often.
    """

    device: str
    where: Text
    family: str
    alarms: int
    in_alarm_s: float
    without_data_s: float
    what: Text | None
    times: int

    def plain(self) -> dict[str, Any]:
        """Return data for JSON; texts in both languages."""
        return dict(to_plain({name: getattr(self, name) for name in self.__slots__}))


@dataclass(frozen=True, slots=True)
class WorstAnswer:
    """The rows, the worst first, without devices that gave none; ``window``: what is known of the span."""

    window: ObservedWindow
    rows: tuple[WorstRow, ...]

    def plain(self) -> dict[str, Any]:
        """Return data for JSON."""
        return {"window": self.window.plain(), "devices": [row.plain() for row in self.rows]}


def read_worst(
    site: Site, devices: Mapping[str, Device], reader: JournalReader, query: WorstQuery, now: int
) -> WorstAnswer:
    """Return the devices. Raises UsageError for a family or an order that there is not."""
    families = {one.family.family for one in site.devices.values()}
    if query.family and query.family not in families:
        names = ", ".join(sorted(families))
        what = Wording("ask.means-no-alarm", name=query.family)
        raise UsageError(what, hint=Wording("ask.known-names", names=names))
    window = replace(observed_window(site, reader, query.since, query.until, now), notices_from=0)
    end = max(query.since, window.end)
    own = [one for one in site.devices.values() if query.family in ("", one.family.family)]
    gaps: dict[str, list[tuple[int, int]]] = {}
    if window.known_from:
        known = max(query.since, window.known_from), end
        states = RowsOnce(reader, {one.id for one in own}, known)
        for gap in unit_gaps(states, own, *known):
            if gap.until - gap.since >= SHORTEST:
                gaps.setdefault(gap.device, []).append((gap.since, gap.until))
    spans = touching(AlarmLog.of(reader.alarm_log(end)).occurrences, query.since, end)
    rows = [_row(one, spans, gaps.get(one.id, ()), devices, (query.since, end)) for one in own]
    found = [row for row in rows if row.alarms or row.in_alarm_s or row.without_data_s]
    found.sort(key=lambda row: (_rank(row, query.order), row.device))
    return WorstAnswer(window, tuple(found[: query.top]))


def _rank(row: WorstRow, order: str) -> tuple[float, ...]:
    """Return the less, the worse."""
    numbers = {"alarms": -row.alarms, "time": -row.in_alarm_s, "data": -row.without_data_s}
    return (numbers[order], *(numbers[name] for name in ORDERS))


def _row(
    device: Device,
    spans: Sequence[OccurrenceSpan],
    gaps: Sequence[tuple[int, int]],
    devices: Mapping[str, Device],
    span: tuple[int, int],
) -> WorstRow:
    since, end = span
    own = [one for one in spans if one.device == device.id and one.annunciated is not None]
    held = [(max(since, one.raised), end if one.cleared is None else one.cleared) for one in own]
    new = [one for one in own if one.raised >= since]
    most = Counter(one.rule for one in own).most_common(1)
    rule, times = most[0] if most else ("", 0)
    return WorstRow(
        device.id, device.name, device.family.family, len(new), length(union(held)) / NS,
        length(union(gaps)) / NS, alarm_words(devices, device.id, rule)[0] if rule else None, times,
    )  # fmt: skip
