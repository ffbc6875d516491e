"""What is fitted to healthy history: its rows, whether it is fit to learn from, and what is learned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from facilityd.app.builtin import DAEMON, all_devices
from facilityd.app.engine import fresh_engine
from facilityd.app.limit_proposals import LimitProposal, LimitReadings, propose
from facilityd.app.unjudged import Unjudged
from facilityd.config.site import Device, Site
from facilityd.detect.fit import FITS
from facilityd.detect.learned import FitRefused
from facilityd.model.alarm import ChangeKind
from facilityd.model.baseline import HealthyReading
from facilityd.model.marks import Marking, OperatorMark
from facilityd.model.rule import Priority
from facilityd.model.sample import Sample
from facilityd.store.reader import JournalReader
from facilityd.store.rows import StoredChange

PAGE = 5_000
Refusal = tuple[str, dict[str, float | str]]
"""Why nothing is learned: a text's slug and what goes into it."""
ADVICE = Priority.INFO.name.lower()
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
    troubles: Sequence[HealthTrouble] = ()
    """Why the whole time is not healthy; each may be marked as an incident."""


@dataclass(frozen=True, slots=True)
class HealthTrouble:
    """An alarm in a time that should be healthy, or a jump of the clock; instants in ns UTC."""

    device: str
    rule: str
    since: int
    until: int


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


@dataclass(frozen=True, slots=True)
class CommissioningResult:
    """What one device's history taught: its learned rules, and the limits of the machine that are assumed."""

    fits: list[FitResult]
    limits: list[LimitProposal]


def fit_rules(site: Site, device: str, periods: Sequence[FitPeriod]) -> list[FitResult]:
    """Return what each learned rule of a device makes of some periods (``learn``)."""
    return learn(site, device, periods).fits


def learn(site: Site, device: str, periods: Sequence[FitPeriod]) -> CommissioningResult:
    """Return what some periods, which follow each other in time, teach of a device.

    What a person marked as an incident is left out.
    """
    rows: dict[str, list[HealthyReading]] = {}
    gathered: dict[tuple[str, str], list[float]] = {}
    whole, untold = all_devices(site)[device], None
    troubles: list[HealthTrouble] = []
    good = bad = 0
    for period in periods:
        engine = fresh_engine(site)
        detectors = engine.learned(device)
        for detector in detectors.values():
            detector.record()
        unjudged, readings = Unjudged(engine, device), LimitReadings(engine, whole)
        for sample in _samples(period, device) if detectors or whole.assumed else ():
            bad += len(sample.reasons)
            good += len(sample.values) - len(sample.reasons)
            unjudged.show(sample)
            readings.look(sample.steady)
        readings.take(gathered)
        for name, detector in detectors.items():
            rows.setdefault(name, []).extend(detector.rows or ())
        troubles += _troubles(period, whole)
        untold = untold or _untold(unjudged)
    unhealthy = _unhealthy(troubles) or _poor(good, bad) or untold
    fits = [
        FitResult(device, name, len(own), {}, *unhealthy, own, troubles)
        if unhealthy
        else _fit(device, name, whole.family.rules[name].detect, own)
        for name, own in rows.items()
    ]
    return CommissioningResult(fits, _limits(whole, gathered, unhealthy))


def _limits(
    device: Device, gathered: Mapping[tuple[str, str], Sequence[float]], unhealthy: Refusal | None
) -> list[LimitProposal]:
    proposed = propose(device, gathered)
    if unhealthy is None:
        return proposed
    slug, numbers = unhealthy
    return [LimitProposal(device.id, one.rule, refused=slug, numbers=numbers) for one in proposed]


def _fit(device: str, name: str, rule: Any, rows: Sequence[HealthyReading]) -> FitResult:
    if rule.kind not in FITS:
        return FitResult(device, name, len(rows), {}, "unfit-kind", {"kind": rule.kind}, rows)
    try:
        return FitResult(device, name, len(rows), FITS[rule.kind](rule, rows), seen=rows)
    except FitRefused as unfit:
        return FitResult(device, name, len(rows), {}, unfit.slug, unfit.numbers, rows)


def _poor(good: int, bad: int) -> Refusal | None:
    share = bad / max(1, good + bad)
    return ("unfit-bad", {"bad_n": round(100 * share)}) if share > BAD_SHARE else None


def _untold(unjudged: Unjudged) -> Refusal | None:
    """Return that rules could not be evaluated, where that no alarm was raised says nothing."""
    if unjudged.total and not unjudged.judged:
        return "unfit-unjudged", {}
    rule, share = unjudged.worst()
    return ("unfit-unsure", {"alarm": rule, "share_n": round(100 * share)}) if share > UNSURE_SHARE else None


def _unhealthy(troubles: Sequence[HealthTrouble]) -> Refusal | None:
    """Return the first trouble, where there is any, and when it was."""
    if not troubles:
        return None
    first = troubles[0]
    when = {
        f"{name}_{part}": at
        for name, at in (("begun", first.since), ("over", first.until))
        for part in ("at", "clock")
    }
    return "unfit-alarm", {"alarm": first.rule, **when}


def _troubles(period: FitPeriod, device: Device) -> list[HealthTrouble]:
    """Return what of a period was not healthy: alarms of the device and jumps of the clock.

    Advice is none: an assumed limit that healthy data contradict is what commissioning is for.
    """
    begun: dict[tuple[str, str], int] = {}
    found = []
    for stored in period.reader.changes():
        change, key = stored.change, (stored.change.device, stored.change.rule)
        if change.device != device.id and not (
            change.device == DAEMON and change.rule.startswith("clock-jump")
        ):
            continue
        if change.kind is ChangeKind.RAISE and not _advises(device, stored):
            begun[key] = change.at
        elif change.kind in (ChangeKind.CLEAR, ChangeKind.LATCH, ChangeKind.RETIRE) and key in begun:
            found.append(HealthTrouble(*key, begun.pop(key), change.at))
    found += [HealthTrouble(*key, at, period.until) for key, at in begun.items()]
    incidents = period.marks(device.id, Marking.INCIDENT)
    mine = (one for one in found if one.since < period.until and one.until >= period.since)
    told = (one for one in mine if not any(i.since <= one.since and one.until <= i.until for i in incidents))
    return sorted(told, key=lambda one: one.since)


def _advises(device: Device, stored: StoredChange) -> bool:
    """Return whether an alarm was only advice when it was raised, or is by now."""
    rule = device.family.rules.get(stored.change.rule) if stored.change.device == device.id else None
    return stored.priority == ADVICE or (rule is not None and rule.priority is Priority.INFO)


def _samples(period: FitPeriod, device: str) -> Iterator[Sample]:
    last, reader = 0, period.reader
    incidents = period.marks(device, Marking.INCIDENT)
    while rows := reader.samples_after(last, PAGE):
        last = rows[-1].id
        for row in rows:
            mine = period.since <= row.at < period.until and reader.stream(row.stream).device == device
            if mine and not any(one.overlaps(row.at, row.at) for one in incidents):
                yield reader.sample(row)
