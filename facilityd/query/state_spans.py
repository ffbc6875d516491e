"""How long a signal was what: a switch, a code or a text over time, as spans."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from devices.family import Signal
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.sample import NS, STALE_PERIODS, Value
from facilityd.model.text import Language
from facilityd.query.devices import show_value
from facilityd.query.instants import iso_instant
from facilityd.query.json_data import to_plain
from facilityd.query.words import both, say_reason, sentence
from facilityd.store.reader import JournalReader
from facilityd.store.rollup import Rollup
from facilityd.store.rollups import settled_hours
from facilityd.store.rows_once import StateReader
from facilityd.store.sealed import Point

NOTHING, AWAY = "nothing-stored", "not-running"
"""Qualities of a span in which nothing came, and of one in which nobody watched."""


@dataclass(frozen=True, slots=True)
class StateSpan:
    """A signal was ``value`` at since <= t < until (ns UTC); None where that is not known.

    ``quality``: good, the reason why the value is doubtful or not known, or ``NOTHING`` or ``AWAY``.
    """

    since: int
    until: int
    value: Value | None
    quality: str = "good"

    def text(self, about: Signal, language: Language) -> str:
        """Return the state in words; of a time without a value why there is none."""
        if self.value is None:
            return quality_text(self.quality, language)
        clause = (about.active if self.value else about.inactive) if isinstance(self.value, bool) else None
        said = clause.in_(language) if clause else show_value(about, self.value, language)
        return said if self.quality == "good" else f"{said} ({say_reason(self.quality, language)})"

    def plain(self, about: Signal, zone: str) -> dict[str, Any]:
        """Return data for JSON; texts in both languages."""
        return {
            "from": iso_instant(self.since, zone), "to": iso_instant(self.until, zone),
            "seconds": (self.until - self.since) / NS, "value": self.value, "quality": self.quality,
            "text": to_plain(both(lambda language: self.text(about, language))),
        }  # fmt: skip


def quality_text(quality: str, language: Language) -> str:
    """Return why there is no value."""
    return sentence(quality, language) if quality in (NOTHING, AWAY) else say_reason(quality, language)


@dataclass(frozen=True, slots=True)
class StateAnswer:
    """The spans of a signal in order; together they are the whole time that was asked for."""

    device: str
    signal: str
    about: Signal
    zone: str
    spans: tuple[StateSpan, ...]

    def totals(self) -> list[tuple[Value | None, int, int]]:
        """Return (value, how often it began, how long it held in ns) for each value, the longest first.

        None: not known, and why is not told apart.
        """
        found: dict[tuple[type, Value | None], tuple[int, int]] = {}
        for one in self.spans:
            key = type(one.value), one.value
            times, held = found.get(key, (0, 0))
            found[key] = times + 1, held + one.until - one.since
        rows = [(value, times, held) for (_, value), (times, held) in found.items()]
        return sorted(rows, key=lambda row: (row[0] is None, -row[2]))

    def plain(self) -> dict[str, Any]:
        """Return data for JSON."""
        totals = [{"value": value, "times": n, "seconds": held / NS} for value, n, held in self.totals()]
        return {
            "device": self.device, "signal": self.signal, "totals": totals,
            "spans": [one.plain(self.about, self.zone) for one in self.spans],
        }  # fmt: skip


def read_states(
    reader: JournalReader, key: tuple[str, str], about: Signal, zone: str, span: tuple[int, int], most: int
) -> StateAnswer:
    """Return a signal's spans within since..until (ns UTC). Raises UsageError for more than ``most``."""
    found: list[StateSpan] = []
    for one in state_spans(reader, *key, *span, through=False):
        found.append(one)
        if len(found) > most:
            raise UsageError(Wording("ask.more-than-states", most=most), hint=Wording("ask.shorter-span"))
    return StateAnswer(*key, about, zone, tuple(found))


def state_spans(
    reader: StateReader, device: str, signal: str, since: int, until: int, *, through: bool = True,
    alike: Callable[[Value | None], object] | None = None,
) -> Iterator[StateSpan]:  # fmt: skip
    """Iterate over the spans of equal values, without a hole between them.

    ``through``: a value holds through a time that nobody watched, as long as it is not old; else such a time
    is told where it is longer than a period of the signal. ``alike``: values of which it returns the same are
    one span, with the first of them as its value.
    """
    period = longest_period(reader, device, signal)
    stale = STALE_PERIODS * period
    away = [(one.since, one.until) for one in reader.downtimes(since, until)]
    points = reader.history(device, signal, since - stale, until)
    spans = _clipped(_held(points, (since - stale, until), stale, alike or _itself), since, until)
    if not through:
        long = [one for one in away if one[1] - one[0] > period]
        spans = (part for one in spans for part in _cut(one, long, period))
    yield from _joined(
        (part for one in spans for part in _cut(one, away, period, only=NOTHING)), alike or _itself
    )


def hours_of(reader: StateReader, device: str, signal: str, since: int, until: int) -> dict[int, Rollup]:
    """Return a signal's hours by their beginnings, those of which a roll-up is stored; none is computed."""
    found = reader.of_signal(device, signal, lambda db, carriers: settled_hours(db, carriers, since, until))
    return {one.start: one for one in found}


def longest_period(reader: StateReader, device: str, signal: str) -> int:
    """Return the longest period (ns) of the streams that carry a signal; 0 where none does."""
    streams = reader.streams().values()
    return max((s.expected for s in streams if s.device == device and signal in s.signals), default=0)


def _itself(value: Value | None) -> Value | None:
    return value


def _held(
    points: Iterable[Point], span: tuple[int, int], stale: int, alike: Callable[[Value | None], object]
) -> Iterator[StateSpan]:
    """Yield how long samples that are alike speak: each to the next one, at most until it is old."""
    begin = last = span[0]
    known, why, key, quality = None, None, None, NOTHING
    for at, value, reason in points:  # a week has a million of these: what goes on costs a comparison
        now = alike(value)
        going_on = now == key and reason == why and at - last <= stale and type(now) is type(key)
        if going_on and quality != NOTHING:
            last = at
            continue
        yield from _spoken(StateSpan(begin, at, known, quality), last + stale)
        begin = last = at
        known, why, key, quality = value, reason, now, str(reason or "good")
    yield from _spoken(StateSpan(begin, span[1], known, quality), last + stale)


def _spoken(one: StateSpan, old: int) -> Iterator[StateSpan]:
    """Yield a span up to where its last sample is ``old``, and that nothing came from there on."""
    if one.until <= old or one.quality == NOTHING:
        yield one
        return
    yield replace(one, until=old)
    yield StateSpan(old, one.until, None, NOTHING)


def _clipped(spans: Iterable[StateSpan], since: int, until: int) -> Iterator[StateSpan]:
    for one in spans:
        if since <= one.since < one.until <= until:
            yield one
        elif one.since < until and one.until > since and one.since < one.until:
            yield replace(one, since=max(one.since, since), until=min(one.until, until))


def _cut(
    one: StateSpan, away: Iterable[tuple[int, int]], period: int, *, only: str = ""
) -> Iterator[StateSpan]:
    """Cut a span where nobody watched; what is left of nothing and shorter than a period goes with that.

    ``only``: spans of another quality stay as they are.
    """
    if only and one.quality != only:
        yield one
        return
    edge = one.since
    for begin, end in away:
        first, last = max(begin, edge), min(end, one.until)
        if first >= last:
            continue
        if one.quality == NOTHING:
            first = edge if first - edge < period else first
            last = one.until if one.until - last < period else last
        if edge < first:
            yield replace(one, since=edge, until=first)
        yield StateSpan(first, last, None, AWAY)
        edge = last
    if edge < one.until:
        yield replace(one, since=edge)


def _joined(spans: Iterable[StateSpan], alike: Callable[[Value | None], object]) -> Iterator[StateSpan]:
    """Make one span of those that follow each other with the same value."""

    def same(last: StateSpan, one: StateSpan) -> bool:
        before, now = alike(last.value), alike(one.value)
        return before == now and type(before) is type(now) and last.quality == one.quality

    return run_together(spans, same)


def run_together(
    spans: Iterable[StateSpan], belongs: Callable[[StateSpan, StateSpan], bool]
) -> Iterator[StateSpan]:
    """Make one span, like the first, of each run in which every next one belongs to what was before it."""
    last: StateSpan | None = None
    for one in spans:
        if last and belongs(last, one):
            last = replace(last, until=one.until)
            continue
        if last:
            yield last
        last = one
    if last:
        yield last
