"""What is fitted to healthy history: its rows, whether it is fit to learn from, and what is learned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from facilityd.app.builtin import DAEMON, all_devices
from facilityd.app.engine import fresh_engine
from facilityd.app.unjudged import Unjudged
from facilityd.config.site import Site
from facilityd.detect.fit import FITS
from facilityd.detect.learned import FitRefused
from facilityd.model.alarm import ChangeKind
from facilityd.model.baseline import HealthyReading
from facilityd.model.marks import Marking, OperatorMark
from facilityd.model.sample import Sample
from facilityd.store.reader import JournalReader

PAGE = 5_000
BAD_SHARE = 0.05
"""More bad readings than this, and a period is not healthy."""
UNSURE_SHARE = 0.2
"""Where a rule could not be evaluated for more of the time than this, that it raised nothing is no news."""


@dataclass(frozen=True, slots=True)
class FitResult:
    """What one rule learns from a period. ``data`` is empty where ``refused`` (a text's slug) says why."""

    device: str
    rule: str
    rows: int
    data: Mapping[str, Any] = field(default_factory=dict)
    refused: str = ""
    numbers: Mapping[str, float | str] = field(default_factory=dict)
    seen: Sequence[HealthyReading] = ()


@dataclass(frozen=True, slots=True)
class FitPeriod:
    """A stretch of a journal, ``since`` <= at < ``until`` in ns UTC."""

    reader: JournalReader
    since: int
    until: int

    def marks(self, device: str, kind: Marking) -> list[OperatorMark]:
        """Return the marks of a device that touch the period."""
        own = [one for one in self.reader.marks() if (one.device, one.kind) == (device, kind)]
        return [one for one in own if one.overlaps(self.since, self.until)]


def fit_rules(site: Site, device: str, periods: Sequence[FitPeriod]) -> list[FitResult]:
    """Return what each learned rule of a device makes of some periods, which follow each other in time.

    What a person marked as an incident is left out.
    """
    rows: dict[str, list[HealthyReading]] = {}
    unhealthy = untold = None
    good = bad = 0
    for period in periods:
        engine = fresh_engine(site)
        detectors = engine.learned(device)
        for detector in detectors.values():
            detector.record()
        unjudged = Unjudged(engine, device)
        for sample in _samples(period, device) if detectors else ():
            bad += len(sample.reasons)
            good += len(sample.values) - len(sample.reasons)
            unjudged.show(sample)
        for name, detector in detectors.items():
            rows.setdefault(name, []).extend(detector.rows or ())
        unhealthy, untold = unhealthy or _unhealthy(period, device), untold or _untold(unjudged)
    unhealthy = unhealthy or _poor(good, bad) or untold
    rules = all_devices(site)[device].family.rules
    return [
        FitResult(device, name, len(own), {}, *unhealthy, own)
        if unhealthy
        else _fit(device, name, rules[name].detect, own)
        for name, own in rows.items()
    ]


def _fit(device: str, name: str, rule: Any, rows: Sequence[HealthyReading]) -> FitResult:
    if rule.kind not in FITS:
        return FitResult(device, name, len(rows), {}, "unfit-kind", {"kind": rule.kind}, rows)
    try:
        return FitResult(device, name, len(rows), FITS[rule.kind](rule, rows), seen=rows)
    except FitRefused as unfit:
        return FitResult(device, name, len(rows), {}, unfit.slug, unfit.numbers, rows)


def _poor(good: int, bad: int) -> tuple[str, dict[str, float | str]] | None:
    share = bad / max(1, good + bad)
    return ("unfit-bad", {"bad_n": round(100 * share)}) if share > BAD_SHARE else None


def _untold(unjudged: Unjudged) -> tuple[str, dict[str, float | str]] | None:
    """Return that rules could not be evaluated, where that no alarm was raised says nothing."""
    if unjudged.total and not unjudged.judged:
        return "unfit-unjudged", {}
    rule, share = unjudged.worst()
    return ("unfit-unsure", {"alarm": rule, "share_n": round(100 * share)}) if share > UNSURE_SHARE else None


def _unhealthy(period: FitPeriod, device: str) -> tuple[str, dict[str, float | str]] | None:
    """Return the first trouble of the device, or jump of the clock, that overlaps the period."""
    begun: dict[tuple[str, str], int] = {}
    incidents = period.marks(device, Marking.INCIDENT)
    for change in (stored.change for stored in period.reader.changes()):
        key = (change.device, change.rule)
        if change.device != device and not (change.device == DAEMON and change.rule.startswith("clock-jump")):
            continue
        if change.kind is ChangeKind.RAISE:
            begun[key] = change.at
        elif change.kind not in (ChangeKind.CLEAR, ChangeKind.LATCH, ChangeKind.RETIRE):
            continue
        elif (at := begun.pop(key, period.until)) < period.until and change.at >= period.since:
            if any(one.since <= at and change.at <= one.until for one in incidents):
                continue  # nothing is learned from that time
            return "unfit-alarm", {"alarm": change.rule}
    running = next((rule for (_, rule), at in begun.items() if at < period.until), "")
    return ("unfit-alarm", {"alarm": running}) if running else None


def _samples(period: FitPeriod, device: str) -> Iterator[Sample]:
    last, reader = 0, period.reader
    incidents = period.marks(device, Marking.INCIDENT)
    while rows := reader.samples_after(last, PAGE):
        last = rows[-1].id
        for row in rows:
            mine = period.since <= row.at < period.until and reader.stream(row.stream).device == device
            if mine and not any(one.overlaps(row.at, row.at) for one in incidents):
                yield reader.sample(row)
