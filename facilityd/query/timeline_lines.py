"""What is said below an incident: its evidence, what came first, what went with it, what people did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from facilityd.config.site import Device
from facilityd.model.alarm import AlarmStateName, Change, ChangeKind
from facilityd.model.intervals import length, union
from facilityd.model.text import Text
from facilityd.query.instants import show_second
from facilityd.query.kpi_answer import alarm_words
from facilityd.query.timeline_entries import Key, Occurrence, TimelineLine, name_of
from facilityd.query.timeline_words import SHOWN, by, joined, timeline_text
from facilityd.query.words import both, query_words, span_text

UNTOLD = frozenset({AlarmStateName.SHELVED, AlarmStateName.OUT_OF_SERVICE, AlarmStateName.BY_DESIGN})
"""States right after a raise in which nobody is told of it."""


def incident_lines(
    roots: Sequence[Occurrence],
    members: Sequence[Occurrence],
    devices: Mapping[str, Device],
    span: tuple[int, int],
    zone: str,
) -> Iterator[TimelineLine]:
    """Yield what is said below an incident: what is of no instant first, then by time.

    ``roots`` in the order in which they were raised, ``members``: their consequences.
    """
    newest = next((one for one in roots if one.evidence), None)
    if newest and newest.evidence:
        yield TimelineLine("evidence", 0, newest.evidence)
    if len(roots) > len({one.key for one in roots}):
        yield _times(roots, span, zone)
    own = {one.span.device for one in roots}
    if members:
        yield _first_out([*roots, *members], own, devices, zone)
    yield from _members(members, own, devices)
    if state := _untold(roots):
        yield TimelineLine("untold", 0, timeline_text("untold", state=state))
    yield from sorted(_acts([*roots, *members], roots[0].key, devices, zone), key=lambda one: one.at)


def _times(roots: Sequence[Occurrence], span: tuple[int, int], zone: str) -> TimelineLine:
    since, until = span
    held = length(union((max(since, one.span.raised), one.end(until)) for one in roots))
    last = clock(roots[-1].span.raised, zone)
    total = both(lambda language: span_text(held, language))
    return TimelineLine("times", 0, timeline_text("times", n=len(roots), last=last, total=total))


def _first_out(
    every: Sequence[Occurrence], own: set[str], devices: Mapping[str, Device], zone: str
) -> TimelineLine:
    """Tell which of several alarms came first; of those that came together the one that stands for all."""
    first = min(every, key=lambda one: one.came)
    at = show_second(first.came, zone)[11:]
    return TimelineLine(
        "first-out", 0, timeline_text("first", what=_counted(first.key, 1, own, devices), at=at)
    )


def _members(
    members: Sequence[Occurrence], own: set[str], devices: Mapping[str, Device]
) -> Iterator[TimelineLine]:
    """Yield what was suppressed as a consequence, and what was told all the same."""
    parts = {
        "with-it": [one for one in members if one.span.annunciated is None],
        "also": [one for one in members if one.span.annunciated is not None],
    }
    for name, found in parts.items():
        counts = Counter(one.key for one in found)
        names = [_counted(key, n, own, devices) for key, n in counts.most_common()]
        if len(names) > SHOWN:
            names = [timeline_text("and-more", names=joined(names[:SHOWN]))]
        if names:
            yield TimelineLine(name, 0, timeline_text(name, names=joined(names)))


def _counted(key: Key, times: int, own: set[str], devices: Mapping[str, Device]) -> Text:
    alone = own == {key[0]}
    name = alarm_words(devices, *key)[0] if alone else alarm_text(key, devices)
    return name if times == 1 else timeline_text("counted", name=name, n=times)


def alarm_text(key: Key, devices: Mapping[str, Device]) -> Text:
    """Return what an alarm is called, with its device."""
    return timeline_text("of", where=name_of(devices, key[0]), what=alarm_words(devices, *key)[0])


def _untold(roots: Sequence[Occurrence]) -> Text | None:
    """Return the state because of which nobody was told of any of them."""
    if any(one.span.annunciated is not None for one in roots):
        return None
    names = [AlarmStateName(one.state) for one in roots if one.state in set(UNTOLD)]
    return names[0].wording if names else None


# --- what people did -------------------------------------------------------------------------------


def _acts(
    every: Iterable[Occurrence], lead: Key, devices: Mapping[str, Device], zone: str
) -> Iterator[TimelineLine]:
    """Yield what was done to alarms; what one person did to several at once is said once."""
    told: set[tuple[str, str, int]] = set()
    for one in every:
        for change in one.acts:
            key = (change.kind.value, change.person, change.at // 10**9)
            if key in told:
                continue
            told.add(key)
            yield TimelineLine(change.kind.value, change.at, _act(change, one.key == lead, devices, zone))


def _act(change: Change, own: bool, devices: Mapping[str, Device], zone: str) -> Text:
    if change.kind is ChangeKind.RETIRE:
        return timeline_text("retired", at=clock(change.at, zone))
    what = query_words().change[change.kind.value]
    if not own:
        what = timeline_text("of", where=alarm_text((change.device, change.rule), devices), what=what)
    return timeline_text("act", at=clock(change.at, zone), what=what, by=by(change.person, change.comment))


def clock(at: int, zone: str) -> str:
    """Return the time of day that the site's clock shows, to the minute."""
    return show_second(at, zone)[11:16]
