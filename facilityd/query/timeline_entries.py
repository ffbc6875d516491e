"""What a timeline is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from facilityd.config.site import Device
from facilityd.model.alarm import Change
from facilityd.model.sample import NS
from facilityd.model.text import Text
from facilityd.query.alarm_log import OccurrenceSpan
from facilityd.query.json_data import to_plain
from facilityd.query.timeline_words import how_many, joined, timeline_text

Key = tuple[str, str]
"""A device and a rule."""
KINDS = ("ceremony", "incident", "downtime", "gap", "held", "task", "mark", "act", "run", "standing")
"""Of entries, in the order in which they stand where they begin together."""


NAMED = 3
"""Devices from which on their number is told instead of their names."""


class TimelineLine(NamedTuple):
    """One thing that belongs to an entry: its kind (evidence, first-out, acknowledge …), when, in words.

    ``at`` in ns UTC; 0 where it is of no instant.
    """

    kind: str
    at: int
    text: Text


class AlarmCount(NamedTuple):
    """How often an alarm came within an incident; ``lead``: it stands for it, else it is a consequence."""

    device: str
    rule: str
    times: int
    lead: bool


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One thing that happened, with what belongs to it; instants in ns UTC.

    ``until`` None: it goes on at the end of the span. ``times``: how often it came; of a ceremony 1 where it
    ran in time, else 0. ``alarms``: those in it, the one that stands for all first; ``told`` and
    ``suppressed``: how many were annunciated, or not.
    """

    kind: str
    since: int
    until: int | None
    devices: tuple[str, ...]
    where: Text
    what: Text
    priority: str = ""
    times: int = 1
    alarms: tuple[AlarmCount, ...] = ()
    told: int = 0
    suppressed: int = 0
    unacknowledged: bool = False
    lines: tuple[TimelineLine, ...] = ()

    def plain(self) -> dict[str, Any]:
        """Return data for JSON; texts in both languages, instants in ns UTC."""
        lines = [{"kind": one.kind, "at": one.at or None, "text": one.text} for one in self.lines]
        found = {
            "kind": self.kind, "since": self.since, "until": self.until,
            "seconds": None if self.until is None else (self.until - self.since) / NS,
            "devices": self.devices, "where": self.where, "what": self.what, "priority": self.priority,
            "times": self.times, "told": self.told, "suppressed": self.suppressed,
            "unacknowledged": self.unacknowledged, "alarms": [one._asdict() for one in self.alarms],
            "lines": lines,
        }  # fmt: skip
        return dict(to_plain(found))

    def with_lines(self, *lines: TimelineLine) -> TimelineEntry:
        """Return the entry with more lines; those of an instant are in the order of time."""
        every = [*self.lines, *lines]
        timeless = [one for one in every if not one.at]
        timed = sorted((one for one in every if one.at), key=lambda one: one.at)
        return replace(self, lines=(*timeless, *timed))


@dataclass(slots=True)
class Occurrence:
    """One occurrence of an alarm, with what its changes within the span say of it."""

    span: OccurrenceSpan
    state: str = ""
    evidence: Text | None = None
    seen: int = 0
    cause: Key | None = None
    acts: list[Change] = field(default_factory=list)

    @property
    def key(self) -> Key:
        """Its device and rule."""
        return self.span.device, self.span.rule

    @property
    def came(self) -> int:
        """When what it tells of was seen, ns UTC: of a run that is over, before it was raised."""
        return min(self.seen or self.span.raised, self.span.raised)

    def end(self, until: int) -> int:
        """Return when it was over, ``until`` where it stands."""
        return self.span.cleared if self.span.cleared is not None else until


def name_of(devices: Mapping[str, Device], device: str) -> Text:
    """Return what a device is called; its id where it left the site."""
    known = devices.get(device)
    return known.name if known else Text.model_construct(zh=device or "?", en=device or "?")


def group_name(devices: Mapping[str, Device], names: Sequence[str]) -> Text:
    """Return what one or several devices are called: of many of one family, how many of how many."""
    found = list(dict.fromkeys(names))
    if len(found) < NAMED:
        return joined([name_of(devices, one) for one in found])
    families = {devices[one].family.family if one in devices else "" for one in found}
    if len(families) > 1 or "" in families:
        return how_many([name_of(devices, one) for one in found])
    family = devices[found[0]].family
    every = sum(one.family.family == family.family for one in devices.values())
    return timeline_text(
        "alone" if every == len(found) else "some", family=family.name, n=len(found), all=every
    )
