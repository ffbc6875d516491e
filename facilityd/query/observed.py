"""The window of an evaluation: what was asked, and how much of it the journal can speak of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from typing import Any
from zoneinfo import ZoneInfo

from facilityd.config.site import Site
from facilityd.model.downtime import Downtime
from facilityd.model.intervals import Span, length
from facilityd.model.sample import NS
from facilityd.model.text import Language, Text
from facilityd.notify.value_text import format_span
from facilityd.query.instants import iso_instant, show_second
from facilityd.query.json_data import to_plain
from facilityd.query.liveness import liveness
from facilityd.query.words import both, sentence
from facilityd.store.reader import JournalReader
from facilityd.store.retention_table import TABLES

DAY = 86_400 * NS


SLACK = 600 * NS
"""A journal that begins so shortly (ns) after a window did knows all of it, for a reader."""


@dataclass(frozen=True, slots=True)
class ObservedWindow:
    """What was asked (``since`` to ``until``) and what is known of it; instants in ns UTC.

    ``known_from``: the journal speaks of alarms from here on, ``notices_from``: of notices; each 0 where it
    is empty. ``watched_until``: the daemon's last word, or ``now`` while it runs. ``away``: when nobody
    watched.
    """

    since: int
    until: int
    now: int
    known_from: int
    notices_from: int
    watched_until: int
    away: tuple[Downtime, ...]
    zone: ZoneInfo

    @property
    def end(self) -> int:
        """Where the window ends for now."""
        return min(self.until, self.now)

    @property
    def future(self) -> bool:
        """Whether nothing of it has happened yet."""
        return self.since >= self.now

    def spans(self, known_from: int | None = None) -> list[Span]:
        """Return in order the times of the window that were watched and of which something is known."""
        if not self.known_from:
            return []
        known = max(self.known_from, known_from or 0)
        return list(_without((max(self.since, known), min(self.end, self.watched_until)), self.away))

    @property
    def observed(self) -> int:
        """The length of those times, ns."""
        return length(self.spans())

    @property
    def days(self) -> float:
        """The same in days of 24 h."""
        return self.observed / DAY

    def local(self, at: int) -> datetime:
        """Return an instant on the site's clock."""
        return datetime.fromtimestamp(at // NS, self.zone)

    def dates(self) -> list[date]:
        """Return the site's days that the window touches, in order."""
        first, last = self.local(self.since).date(), self.local(max(self.since, self.end - 1)).date()
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]

    def instant(self, day: date, hour: int = 0) -> int:
        """Return the instant (ns UTC) at which the site's clock shows a full hour of a day."""
        return round(datetime.combine(day, clock_time(hour), self.zone).timestamp()) * NS

    def notes(self) -> list[Text]:
        """Return what a reader must know before the figures; nothing where all is known."""
        return [both(note) for note in self._notes()]

    def _notes(self) -> Iterator[Callable[[Language], str]]:
        if self.future:
            yield self._said("window-future")
            return
        if self.until > self.now:
            yield self._said("window-not-over", now=self.shown(self.now))
        if not self.known_from or self.known_from >= self.end:
            yield self._said("window-unknown")
            return
        if self.known_from > self.since + SLACK:
            yield self._said("window-younger", since=self.shown(self.known_from))
        if self.notices_from > max(self.since, self.known_from) + SLACK:
            yield self._said("window-notices", since=self.shown(self.notices_from))
        if self.away:
            yield self._away

    def _away(self, language: Language) -> str:
        longest = max(self.away, key=lambda one: one.until - one.since)
        total = sum(one.until - one.since for one in self.away)
        return sentence(
            "window-away", language, total=format_span(total / NS, language), n=len(self.away),
            since=self.shown(longest.since), until=self.shown(longest.until),
        )  # fmt: skip

    def _said(self, name: str, **fields: object) -> Callable[[Language], str]:
        return lambda language: sentence(name, language, **fields)

    def shown(self, at: int) -> str:
        """Return an instant as the site's clock shows it, to the minute."""
        return show_second(at, self.zone.key)[:16]

    def plain(self) -> dict[str, Any]:
        """Return data for JSON; instants on the site's clock."""
        zone = self.zone.key
        away = [
            {"since": iso_instant(since, zone), "until": iso_instant(until, zone), "why": why.value}
            for since, until, why in ((one.since, one.until, one.why) for one in self.away)
        ]
        return {
            "since": iso_instant(self.since, zone), "until": iso_instant(self.until, zone), "zone": zone,
            "known_from": iso_instant(self.known_from, zone) if self.known_from else None,
            "observed_s": self.observed / NS, "away": away, "notes": to_plain(self.notes()),
        }  # fmt: skip


def observed_window(site: Site, reader: JournalReader, since: int, until: int, now: int) -> ObservedWindow:
    """Return what the journal knows of since <= at < until (ns UTC), asked at ``now``."""
    begun = reader.beginning()
    live = liveness(site, reader, now)
    watched = now if live.state in ("running", "full") else min(now, live.since)
    pauses = [
        Downtime(max(one.since, since), min(one.until, until, now), one.why)
        for one in reader.downtimes(since, min(until, now))
    ]
    if begun and max(watched, since, begun) < min(until, now):
        pauses.append(Downtime(max(watched, since, begun), min(until, now)))
    away = tuple(one for one in pauses if one.until > one.since)
    known, notices = (_kept(site, name, begun, now) for name in ("change", "outbox"))
    return ObservedWindow(since, until, now, known, notices, watched, away, ZoneInfo(site.timezone))


def _kept(site: Site, table: str, begun: int, now: int) -> int:
    """Return from when on (ns UTC) a table's rows are still there; 0 where the journal is empty."""
    entry = next(one for one in TABLES if one.table == table)
    return max(begun, entry.horizon(now, site.store.keep, site.store.retention)) if begun else 0


def _without(span: Span, away: tuple[Downtime, ...]) -> Iterator[Span]:
    since, until = span
    for one in sorted(away, key=lambda pause: pause.since):
        if since < min(one.since, until):
            yield since, min(one.since, until)
        since = max(since, one.until)
    if since < until:
        yield since, until
