"""Incidents of a timeline: alarms that belong together, told once.

What is the consequence of another alarm stands with its cause; what came and went is one incident as long as
it kept coming; what the same rule told of several devices at once is one incident of all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from facilityd.config.site import Device
from facilityd.model.alarm import ChangeKind
from facilityd.model.sample import NS
from facilityd.notify.evidence_text import EvidenceFormatter
from facilityd.query.alarm_log import OccurrenceSpan
from facilityd.query.kpi_answer import alarm_words
from facilityd.query.timeline_entries import AlarmCount, Key, Occurrence, TimelineEntry, group_name
from facilityd.query.timeline_lines import incident_lines
from facilityd.query.words import both
from facilityd.store.rows import StoredChange

QUIET = 6 * 3600 * NS
"""An alarm that comes again after a longer pause (ns) is another incident."""
TOGETHER = 60 * NS
"""Within so long (ns) the same rule on several devices is one incident."""
_LATE = 900 * NS
"""A cause may be raised so much later (ns) than its consequence is."""
_ACTS = frozenset(
    {ChangeKind.ACKNOWLEDGE, ChangeKind.RESET, ChangeKind.CONFIRM, ChangeKind.SHELVE, ChangeKind.UNSHELVE,
     ChangeKind.SHELF_OVER, ChangeKind.OUT_OF_SERVICE, ChangeKind.RETURN_TO_SERVICE, ChangeKind.REALARM,
     ChangeKind.WORSEN, ChangeKind.RETIRE, ChangeKind.REVIEW}
)  # fmt: skip
_CAUSED = (ChangeKind.RAISE, ChangeKind.SUPPRESS)
TELLING = _ACTS.union(_CAUSED)
"""The kinds of changes that tell something of an incident."""


@dataclass(slots=True)
class _Group:
    """The occurrences of one alarm, or of one rule of several devices, and what they are the cause of."""

    roots: list[Occurrence]
    members: list[Occurrence] = field(default_factory=list)


def incidents(
    spans: Sequence[OccurrenceSpan],
    changes: Iterable[StoredChange],
    devices: Mapping[str, Device],
    span: tuple[int, int],
    zone: ZoneInfo,
) -> list[TimelineEntry]:
    """Return the incidents that touch since <= t < until (ns UTC), in the order of their beginnings.

    ``spans``: the occurrences that do; ``changes``: those ``TELLING`` from the first of these on.
    """
    known = {(one.device, one.rule, one.occurrence): Occurrence(one) for one in spans}
    for stored in changes:
        change = stored.change
        one = known.get((change.device, change.rule, change.occurrence))
        if one is not None and change.at < span[1]:
            _note(one, stored, devices, zone, span[0])
    groups = _grouped(list(known.values()), span[1])
    return [_entry(group, devices, span, zone.key) for group in _together(groups, devices)]


def _note(
    one: Occurrence, stored: StoredChange, devices: Mapping[str, Device], zone: ZoneInfo, since: int
) -> None:
    """Take in a change; what people did before the span is not told."""
    change = stored.change
    if change.kind is ChangeKind.RAISE:
        one.state = stored.state
    if change.kind is ChangeKind.RAISE and change.evidence:
        known = devices.get(change.device)
        signals, found = (known.family.signals if known else {}), change.evidence
        one.evidence = both(lambda language: EvidenceFormatter(signals, language, zone).evidence(found))
        one.seen = found.seen
    if change.evidence and change.evidence.cause and change.kind in _CAUSED:
        one.cause = _key_of(change.evidence.cause, change.device)
    if change.kind in _ACTS and change.at >= since:
        one.acts.append(change)


def _key_of(cause: str, device: str) -> Key:
    other, slash, rule = cause.rpartition("/")
    return (other if slash else device), rule


# --- what belongs together -------------------------------------------------------------------------


def _grouped(found: list[Occurrence], until: int) -> list[_Group]:
    """Return alarms with their consequences, and what came and went as one."""
    by_key: dict[Key, list[Occurrence]] = {}
    for one in found:
        by_key.setdefault(one.key, []).append(one)
    roots: dict[Key, list[_Group]] = {}
    members = []
    for one in sorted(found, key=lambda one: one.span.raised):
        root = _root(one, by_key, until)
        if root is not one:
            members.append((one, root))
            continue
        groups = roots.setdefault(one.key, [])
        if groups and one.span.raised - groups[-1].roots[-1].end(until) < QUIET:
            groups[-1].roots.append(one)
        else:
            groups.append(_Group([one]))
    for one, root in members:
        next(group for group in roots[root.key] if root in group.roots).members.append(one)
    return [group for groups in roots.values() for group in groups]


def _root(one: Occurrence, by_key: Mapping[Key, list[Occurrence]], until: int) -> Occurrence:
    """Return the occurrence at the beginning of a chain of causes; itself where it has none on record."""
    chain = [one]
    while chain[-1].cause:
        last = chain[-1]
        since, end = last.span.raised, last.end(until) + _LATE
        causes = by_key.get(last.cause or ("", ""), ())
        cause = next((c for c in causes if c.span.raised <= end and c.end(until) + _LATE >= since), None)
        if cause is None:
            break
        if cause in chain:  # causes that name each other: the first of them stands for all
            return min(chain[chain.index(cause) :], key=lambda one: (one.span.raised, one.key))
        chain.append(cause)
    return chain[-1]


def _together(groups: list[_Group], devices: Mapping[str, Device]) -> list[_Group]:
    """Make one of what the same rule of a family told of several devices at once."""
    kept: list[_Group] = []
    last: dict[Key, _Group] = {}
    for group in sorted(groups, key=lambda group: group.roots[0].span.raised):
        first = group.roots[0].span
        known = devices.get(first.device)
        kind = (known.family.family if known else first.device, first.rule)
        earlier = last.get(kind)
        if earlier and first.raised - earlier.roots[0].span.raised <= TOGETHER:
            earlier.roots += group.roots
            earlier.members += group.members
            continue
        last[kind] = group
        kept.append(group)
    return kept


# --- as an entry -----------------------------------------------------------------------------------


def _entry(group: _Group, devices: Mapping[str, Device], span: tuple[int, int], zone: str) -> TimelineEntry:
    since = span[0]
    roots = sorted(group.roots, key=lambda one: one.span.raised)
    every, first = sorted([*roots, *group.members], key=lambda one: one.came), roots[0]
    ends = [one.span.cleared for one in roots]
    over = None if None in ends else max(end for end in ends if end is not None)
    names = list(dict.fromkeys(one.span.device for one in roots))
    acted = any(one.acts for one in every) or any(one.span.raised >= since for one in every)
    told = [one for one in every if one.span.annunciated is not None]
    untouched = over is None and not acted
    return TimelineEntry(
        "standing" if untouched else "incident",
        every[0].came,
        over,
        tuple(dict.fromkeys([*names, *(one.span.device for one in every)])),
        group_name(devices, names),
        alarm_words(devices, *first.key)[0],
        max((one.span.priority for one in roots), key=_rank),
        len(roots),
        _counted(roots, lead=True) + _counted(group.members, lead=False),
        len(told),
        len(every) - len(told),
        bool(told) and not any(one.span.acknowledged for one in roots) and over is not None,
        tuple(incident_lines(roots, group.members, devices, span, zone)),
    )


def _counted(found: Iterable[Occurrence], *, lead: bool) -> tuple[AlarmCount, ...]:
    counts = Counter(one.key for one in sorted(found, key=lambda one: one.came))
    return tuple(AlarmCount(*key, times, lead) for key, times in counts.items())


def _rank(priority: str) -> int:
    order = ("info", "low", "medium", "high", "critical")
    return order.index(priority) if priority in order else -1


def touching(spans: Iterable[OccurrenceSpan], since: int, until: int) -> list[OccurrenceSpan]:
    """Return the occurrences that were there within since <= t < until (ns UTC), what comes after cut off."""
    return [
        replace(one, cleared=one.cleared if one.cleared is not None and one.cleared < until else None)
        for one in spans
        if one.raised < until and (one.cleared is None or one.cleared >= since)
    ]
