"""Why there is no value: it was bad, its link was down, nobody watched (until now, too), or nothing came."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from facilityd.app.builtin import all_devices
from facilityd.config.site import Site
from facilityd.model.downtime import Downtime
from facilityd.model.quality import Reason
from facilityd.model.sample import NS
from facilityd.model.text import Language
from facilityd.query.alarms import require_device
from facilityd.query.beyond_samples import uncovered
from facilityd.query.instants import iso_instant, show_second
from facilityd.query.json_data import to_plain
from facilityd.query.liveness import present_downtime
from facilityd.query.words import both, say_reason, sentence
from facilityd.store.history import Gap
from facilityd.store.history_reader import HistoryReader
from facilityd.store.rollup import joined
from facilityd.store.rollup_blocks import Level
from facilityd.store.rollups import level_for

MOST_TOLD = 2000
"""Gaps beyond which an answer in buckets tells them by its buckets: each for itself is seen by nobody."""


@dataclass(frozen=True, slots=True)
class GapQuery:
    """A signal from ``since`` to before ``until``, asked at ``now``; all ns UTC.

    ``bucket``: what the roll-ups of buckets of so many ns know is no gap, or 0: every silence is one.
    """

    device: str
    signal: str
    since: int
    until: int
    now: int
    bucket: int = 0


@dataclass(frozen=True, slots=True)
class DataGap:
    """From ``since`` to before ``until`` (ns UTC) there is no value.

    ``reason``: the values were bad. ``downtime``: nobody watched. Neither: nothing came.
    ``known``: ns of it in which there was one: it stands for many short gaps.
    """

    since: int
    until: int
    reason: Reason | None
    downtime: Downtime | None
    zone: str
    known: int = 0

    @property
    def missing(self) -> int:
        """For how long there is no value, ns."""
        return self.until - self.since - self.known

    def text(self, language: Language) -> str:
        """Return why there is no value."""
        if self.reason is not None:
            return say_reason(str(self.reason), language)
        if self.known:
            share = 100 * self.missing / (self.until - self.since)
            return sentence("short-gaps", language, share=f"{share:.0f}")
        if self.downtime is None:
            return sentence("nothing-stored", language)
        since, until = (show_second(at, self.zone) for at in (self.downtime.since, self.downtime.until))
        return self.downtime.sentence(since, until, language)

    def plain(self) -> dict[str, Any]:
        """Return data for JSON; ``code`` and ``why`` are the same in every language."""
        found = {
            **self._edges(self.since, self.until), "seconds": (self.until - self.since) / NS,
            "missing": self.missing / NS,
            "code": None if self.reason is None else str(self.reason),
            "reason": both(self.text), "downtime": None,
        }  # fmt: skip
        if one := self.downtime:
            edges = self._edges(one.since, one.until)
            found["downtime"] = {"why": one.why.value, **edges, "seconds": one.seconds}
        return dict(to_plain(found))

    def _edges(self, since: int, until: int) -> dict[str, object]:
        return {"from": iso_instant(since, self.zone), "to": iso_instant(until, self.zone)}


def stored_gaps(site: Site, reader: HistoryReader, asked: GapQuery) -> Iterator[Gap]:
    """Iterate over the gaps as they are stored, the downtime that still lasts among their reasons."""
    lasting = present_downtime(site, reader.journal, asked.now) if reader.journal else None
    return reader.gaps(asked.device, asked.signal, asked.since, asked.until, [lasting] if lasting else [])


def read_gaps(site: Site, reader: HistoryReader, asked: GapQuery) -> Iterator[DataGap]:
    """Iterate over the times without a value, each with why; those that roll-ups know left out.

    In an answer in buckets more than MOST_TOLD of them are told by the buckets in which they are.
    """
    found = _each(site, reader, asked)
    level = level_for(asked.bucket) if asked.bucket else None
    if level is None:
        return found
    told = list(islice(found, MOST_TOLD + 1))
    return iter(told) if len(told) <= MOST_TOLD else _by_bucket(site, reader, asked, level)


def _by_bucket(site: Site, reader: HistoryReader, asked: GapQuery, level: Level) -> Iterator[DataGap]:
    """Iterate over the buckets in which something is missing; those without any value follow as one."""
    first, edge = asked.since // level.width * level.width, asked.since
    rolled = reader.rollups(asked.device, asked.signal, first, asked.until, level)
    for one in joined(rolled, asked.bucket, first):
        since, until = max(one.start, asked.since), min(one.start + asked.bucket, asked.until)
        covered = min(one.covered, until - since)
        if not covered:
            continue
        if since > edge:
            yield DataGap(edge, since, None, None, site.timezone)
        if covered < until - since:
            yield DataGap(since, until, None, None, site.timezone, covered)
        edge = until
    if asked.until > edge:
        yield DataGap(edge, asked.until, None, None, site.timezone)


def _each(site: Site, reader: HistoryReader, asked: GapQuery) -> Iterator[DataGap]:
    edge = reader.oldest()
    for gap in stored_gaps(site, reader, asked):
        reason = gap.reason
        if reason is None and gap.downtime is None and _link_down(site, reader, asked, gap):
            reason = Reason.LINK_DOWN
        parts = [(gap.since, gap.until)]
        if asked.bucket and gap.reason is None:
            parts = uncovered(reader, asked.device, asked.signal, parts[0], asked.bucket, edge)
        for since, until in parts:
            yield DataGap(since, until, reason, gap.downtime, site.timezone)


def _link_down(site: Site, reader: HistoryReader, asked: GapQuery, gap: Gap) -> bool:
    """Return whether the signal's link was down in a gap: over MQTT nobody then stores a bad value."""
    known = site.devices if asked.device in site.devices else all_devices(site)
    streams = require_device(known, asked.device).streams
    for link in {stream.link for stream in streams if asked.signal in stream.signals}:
        told = reader.history(f"link-{link}", "up", gap.since, gap.until)
        if any(value is False for _, value, _ in told):
            return True
    return False
