"""One span against another: this week against last, signal by signal, from roll-ups by the hour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from devices.family import Signal
from facilityd.config.site import Site
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.sample import NS, SignalType
from facilityd.query.export import signal_of
from facilityd.query.instants import iso_instant
from facilityd.query.selection import SignalName
from facilityd.store.history_reader import HistoryReader
from facilityd.store.rollup import HOUR, Rollup
from facilityd.store.rollup_blocks import HOURS

ORDERS = ("change", "mean", "greatest", "least", "unknown")


@dataclass(frozen=True, slots=True)
class CompareQuery:
    """Signals from ``since`` to before ``until`` (ns UTC), against as long from ``before`` on.

    All three are whole hours. ``top``: so many signals, the first by ``order``; 0: all.
    """

    signals: tuple[SignalName, ...]
    since: int
    until: int
    before: int
    order: str = "change"
    top: int = 0


@dataclass(frozen=True, slots=True)
class SpanFigures:
    """A signal within a span; of a switch the values are 0 and 1, so its mean is its share of time on.

    ``mean`` by time; without a value all are None. ``covered``: share of the span in which a value held,
    ``good``: in which a certain one did. ``states``: seconds by code. ``increase``: of a counter that
    begins anew at 0.
    """

    mean: float | None
    least: float | None
    greatest: float | None
    increase: float | None
    count: int
    covered: float
    good: float
    states: tuple[tuple[int, float], ...]

    def plain(self) -> dict[str, Any]:
        """Return data for JSON."""
        return {
            "mean": self.mean, "least": self.least, "greatest": self.greatest, "increase": self.increase,
            "count": self.count, "covered": round(self.covered, 6), "good": round(self.good, 6),
            "states": {str(code): held for code, held in self.states},
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class ComparedSignal:
    """A signal then and now."""

    device: str
    signal: str
    about: Signal
    now: SpanFigures
    before: SpanFigures

    @property
    def change(self) -> float | None:
        """By how much the mean is another, None where one of the two is not known."""
        if self.now.mean is None or self.before.mean is None:
            return None
        return self.now.mean - self.before.mean

    @property
    def relative(self) -> float:
        """The change against the larger of the two means, from -1 to 1 where both have one sign."""
        change = self.change
        size = max(abs(self.now.mean or 0.0), abs(self.before.mean or 0.0))
        return change / size if change and size else 0.0

    def plain(self) -> dict[str, Any]:
        """Return data for JSON."""
        return {
            "device": self.device, "signal": self.signal, "unit": self.about.unit, "now": self.now.plain(),
            "before": self.before.plain(), "change": self.change, "relative": round(self.relative, 6),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class CompareAnswer:
    """What was asked, and the signals that have a value in either span."""

    query: CompareQuery
    zone: str
    signals: tuple[ComparedSignal, ...]

    def plain(self) -> dict[str, Any]:
        """Return data for JSON."""
        length = self.query.until - self.query.since
        edges = ((self.query.since, self.query.until), (self.query.before, self.query.before + length))
        spans = [{"from": iso_instant(a, self.zone), "to": iso_instant(b, self.zone)} for a, b in edges]
        found = [one.plain() for one in self.signals]
        return {"now": spans[0], "before": spans[1], "signals": found}


def read_comparison(site: Site, reader: HistoryReader, query: CompareQuery) -> CompareAnswer:
    """Return the answer. Raises UsageError for a span that is none."""
    if query.since >= query.until or query.order not in ORDERS:
        raise UsageError(Wording("ask.span-longer-than-expected"))
    found = []
    for device, signal in query.signals:
        about = signal_of(site, (device, signal))
        if about.type is SignalType.TEXT:
            continue
        length = query.until - query.since
        now, before = (
            _figures(reader, device, signal, start, length) for start in (query.since, query.before)
        )
        if now.count or before.count:
            found.append(ComparedSignal(device, signal, about, now, before))
    found.sort(key=lambda one: _rank(one, query.order))
    return CompareAnswer(query, site.timezone, tuple(found[: query.top or None]))


def _rank(one: ComparedSignal, order: str) -> float:
    """Return the less, the sooner it is shown; what is not known comes last."""
    if order == "change":
        return -abs(one.relative)
    if order == "unknown":
        return one.now.good
    value = getattr(one.now, order)
    if value is None:
        return float("inf")
    return float(value) if order == "least" else -float(value)


def _figures(reader: HistoryReader, device: str, signal: str, since: int, length: int) -> SpanFigures:
    whole = Rollup(since)
    for one in reader.rollups(device, signal, since, since + length, HOURS):
        whole.join(one)
    states = tuple(sorted((code, held / NS) for code, held in whole.states.items()))
    return SpanFigures(
        whole.mean, whole.least, whole.greatest, whole.increase, whole.count, whole.covered / length,
        whole.good / length, states,
    )  # fmt: skip


def whole_hours(since: int, until: int) -> tuple[int, int]:
    """Return a span that ends with the hours in which its ends lie: of hours there are roll-ups."""
    return since // HOUR * HOUR, -(-until // HOUR) * HOUR


def days_before(since: int, days: int, zone: str) -> int:
    """Return the same time of day so many days before, on the site's clock, to the hour; ns UTC."""
    when = datetime.fromtimestamp(since // NS, ZoneInfo(zone)).replace(tzinfo=None) - timedelta(days=days)
    return int(when.replace(tzinfo=ZoneInfo(zone)).timestamp()) * NS // HOUR * HOUR
