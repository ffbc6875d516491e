"""A square of foreign machines: commissioned as an engineer would, then healthy days and faults.

    python tools/acceptance.py --site random:SEEDS [--days N] [--before N] [--faults N]

One device of each family with a machine drawn from ``simulators/machines``, of which the site's files confirm
nothing. What keeps a baseline from being learned is marked, and learned again; then all is signed.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from facilityd.app.commission import CommissioningResult, FitPeriod, learn
from facilityd.config.load import load
from facilityd.config.machine_limits import AdvisingFamilies
from facilityd.config.signed_limits import LIMITS
from facilityd.config.site import Site
from facilityd.model.alarm import ChangeKind
from facilityd.model.command import AcknowledgeAlarm, AddMark, ApproveBaseline, ResetAlarm
from facilityd.model.rule import Rule
from facilityd.model.sample import NS
from facilityd.scenario.subset import subset
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.store.reader import JournalReader
from facilityd.store.rows import StoredChange
from simulators.machines import draw
from simulators.physics import MODELS

SQUARE = Path(__file__).resolve().parents[1] / "config" / "square"
DEVICES = ("weather", "fountain-1", "hoist-1", "pole-1", "gate-base")
BEGINS = date(2026, 5, 4)
COMMISSIONING_DAYS, HEALTHY_DAYS = 14, 10
POLE_RUNS_H = (9.0, 9.5, 15.0, 15.5)
DAY, HOUR = 86_400 * NS, 3600 * NS
ENGINEER = "engineer"
LONGEST_H, SETTLE_H = 26.0, 12
"""A fault is played for so long at most, and its alarms are waited for afterwards (h)."""


@dataclass(frozen=True, slots=True)
class FaultStory:
    """A fault of a device, begun at an ``hour`` of the day; ``beside``: weather that it takes to be seen."""

    device: str
    fault: str
    catalogue: str
    hour: float
    beside: tuple[tuple[str, float | None], ...] = ()
    longest: float = LONGEST_H


@dataclass(slots=True)
class FoundFault:
    """What came of one story: which rules were told, and after how many s the fault was named."""

    story: FaultStory
    named: float | None = None
    told: list[str] = field(default_factory=list)
    advised: list[str] = field(default_factory=list)


@dataclass(slots=True)
class RandomSquare:
    """What a random square came to."""

    seed: int
    kinds: dict[str, str]
    advice_before: int = 0
    told_before: list[str] = field(default_factory=list)
    marks: int = 0
    signed: int = 0
    refused: list[str] = field(default_factory=list)
    healthy_days: int = 0
    false_alarms: list[str] = field(default_factory=list)
    advice_after: list[str] = field(default_factory=list)
    found: list[FoundFault] = field(default_factory=list)
    seconds: float = 0.0


HOURS = {"fountain": 9.9, "hoist": 18.4, "flagpole": 9.0, "lighting": 21.0, "weather": 9.0}
"""When a fault of each family begins, local hours: before a show, before a ceremony, when all is lit."""
SPECIAL: dict[str, tuple[float | None, tuple[tuple[str, float | None], ...]]] = {
    "ignores-wind": (None, (("wind", 5.0),)),
    "chamber-cold": (None, (("cold", 28.0),)),
    "flag-foul": (9.0, (("wind", 6.5),)),
    "wet-facade": (None, (("rain", None),)),
    "clock-off": (12.0, ()),
}
"""Faults with an hour of their own (None: the family's), or with weather beside them."""
UNBOUND = frozenset({"overheat", "dali-fault"})
"""What no signal of these devices shows: the demo square has it on a lantern and on the line's own device."""


def every_story(site: Site) -> tuple[FaultStory, ...]:
    """Return each fault of the catalogue that a device here can have, at its typical size."""
    return tuple(
        FaultStory(device.id, name, one.catalogue, SPECIAL.get(name, (None, ()))[0] or HOURS[family],
                   SPECIAL.get(name, (None, ()))[1])
        for device in site.devices.values()
        for family in (device.family.family,)
        for name, one in MODELS[family].FAULTS.items()
        if one.catalogue and name not in UNBOUND and (family, name) not in WEATHER_OF_OTHERS
    )  # fmt: skip


def drawn_stories(stories: Sequence[FaultStory], faults: int | None, seed: int) -> tuple[FaultStory, ...]:
    """Return so many of them, drawn by the seed, in the order in which they stand."""
    if faults is None or faults >= len(stories):
        return tuple(stories)
    return tuple(stories[n] for n in sorted(random.Random(seed).sample(range(len(stories)), faults)))


WEATHER_OF_OTHERS = frozenset({("weather", "cold"), ("weather", "wind")})
"""Weather that is no fault: it shows one of a fountain."""


def foreign_site(folder: str) -> Site:
    """Return some devices of the demo square with nothing confirmed and no baseline beside them."""
    site, advising = subset(load(SQUARE), DEVICES), AdvisingFamilies()
    bare = {
        name: advising.on(replace(d, family=site.families[d.family.family], settings={}, checklist={}))
        for name, d in site.devices.items()
    }
    return replace(site, devices=bare, source=folder)


class Engineer:
    """Runs one square through its life; ``start`` is local midnight of the first day."""

    def __init__(self, runtime: VirtualRuntime, zone: ZoneInfo, out: RandomSquare) -> None:
        self.runtime, self.zone, self.out = runtime, zone, out

    def instant(self, at: datetime) -> int:
        """Return a local time in ns UTC."""
        return round(at.replace(tzinfo=self.zone).timestamp()) * NS

    def live(self, days: int) -> None:
        """Let days pass; every day the row poles are run."""
        local = datetime.fromtimestamp(self.runtime.now / NS, self.zone).replace(tzinfo=None)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        for day in range(days):
            for hour in POLE_RUNS_H:
                at = self.instant(midnight + timedelta(days=day, hours=hour))
                if at > self.runtime.now:
                    self.runtime.until(at)
                    self.runtime.demand("pole-1")
            self.runtime.until(self.instant(midnight + timedelta(days=day + 1)))

    def raised(self, since: int) -> Iterator[StoredChange]:
        """Yield what was raised, or told after all, from an instant on."""
        with JournalReader.open(self.runtime.journal) as reader:
            for stored in reader.changes(since):
                change = stored.change
                new = change.kind in (ChangeKind.RAISE, ChangeKind.UNSUPPRESS)
                if new and change.at >= since and not (change.evidence and change.evidence.cause):
                    yield stored

    def lessons(self, device: str, since: int) -> CommissioningResult:
        """Return what the time up to now teaches."""
        site, _ = self.runtime.load(0)
        with JournalReader.open(self.runtime.journal) as reader:
            return learn(site, device, [FitPeriod(reader, since, self.runtime.now)])

    def commission(self, since: int) -> None:
        """Mark what is in the way, learn again, sign all; note what is refused."""
        for device in DEVICES:
            result = self.lessons(device, since)
            troubles = dict.fromkeys(t for one in result.fits for t in one.troubles if t.device == device)
            for one in troubles:
                self.runtime.ask(
                    AddMark, device=device, kind="incident", person=ENGINEER, fault="", note=one.rule,
                    since=one.since - one.since % NS, until=one.until - one.until % NS + NS,
                )  # fmt: skip
                self.out.marks += 1
            if troubles:
                self.runtime.advance(120)
                result = self.lessons(device, since)
            signed = [(one.rule, dict(one.data)) for one in result.fits if not one.refused]
            signed += [(one.rule, {LIMITS: dict(one.values)}) for one in result.limits if not one.refused]
            for rule, data in signed:
                self.runtime.ask(ApproveBaseline, device=device, rule=rule, person=ENGINEER, since=since,
                                 until=self.runtime.now, data=data)  # fmt: skip
            self.out.signed += len(signed)
            self.out.refused += [
                f"{device} {one.rule}: {one.refused} {dict(one.numbers)}"
                for one in (*result.fits, *result.limits)
                if one.refused
            ]
        self.runtime.advance(600)

    def play(self, story: FaultStory) -> FoundFault:
        """Play one fault until it is named or its time is over; then mend it and wait until all is quiet."""
        runtime, found = self.runtime, FoundFault(story)
        local = datetime.fromtimestamp(runtime.now / NS, self.zone).replace(tzinfo=None)
        wanted = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(hours=story.hour)
        runtime.until(self.instant(wanted if wanted > local else wanted + timedelta(days=1)))
        begun = runtime.now
        for name, size in story.beside:
            runtime.fault("weather", name, size)
        runtime.fault(story.device, story.fault)
        rules = runtime.load(0)[0].devices[story.device].family.rules
        while found.named is None and runtime.now < begun + round(story.longest * HOUR):
            if story.device == "pole-1":
                runtime.demand("pole-1")
            runtime.advance(1800 if runtime.now - begun >= HOUR else 600)
            self._note(found, begun, rules)
        runtime.fault(story.device, story.fault, 0.0, ramp=0)
        for name, _ in story.beside:
            runtime.fault("weather", name, 0.0, ramp=0)
        runtime.square.model(story.device).restore()
        self._settle(story.device, begun)
        return found

    def _settle(self, device: str, since: int) -> None:
        """Let time pass until no alarm of a fault stands, with what is latched inspected and reset."""
        for _ in range(SETTLE_H):
            if device == "pole-1":
                self.runtime.demand("pole-1")
            self.runtime.advance(3600)
            with JournalReader.open(self.runtime.journal) as reader:
                mine = [
                    one for one in reader.alarms() if one.raised_at is not None and one.raised_at >= since
                ]
            for one in (one for one in mine if one.latched):
                command = ResetAlarm if one.acked else AcknowledgeAlarm
                self.runtime.ask(command, device=one.device, rule=one.rule, person=ENGINEER)
            if not any(one.active or one.latched for one in mine):
                return

    def _note(self, found: FoundFault, begun: int, rules: Mapping[str, Rule]) -> None:
        found.told, found.advised = [], []
        for stored in self.raised(begun):
            change = stored.change
            name = f"{change.device} {change.rule}"
            (found.advised if stored.priority == "info" else found.told).append(name)
            rule = rules.get(change.rule) if change.device == found.story.device else None
            right = rule is not None and rule.fault == found.story.catalogue
            if right and stored.priority != "info" and found.named is None:
                found.named = (change.at - begun) / NS


def run(
    seed: int, days: int = HEALTHY_DAYS, before: int = COMMISSIONING_DAYS, faults: int | None = None
) -> RandomSquare:
    """Return what the random square of a seed came to; ``before``: days until it is commissioned.

    ``faults``: so many of the catalogue's, drawn by the seed; without it all of them.
    """
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        site = foreign_site(folder)
        drawn = draw({name: one.family.family for name, one in site.devices.items()}, seed)
        out = RandomSquare(seed, {name: one.kind for name, one in drawn.items()})
        zone = ZoneInfo(site.timezone)
        start = round(datetime(BEGINS.year, BEGINS.month, BEGINS.day, tzinfo=zone).timestamp()) * NS
        with VirtualRuntime(site, Path(folder), start=start, seed=seed, foreign=drawn) as runtime:
            engineer = Engineer(runtime, zone, out)
            engineer.live(before)
            for stored in engineer.raised(start):
                name = f"{stored.change.device} {stored.change.rule}"
                if stored.priority == "info":
                    out.advice_before += 1
                else:
                    out.told_before.append(name)
            engineer.commission(start)
            since = runtime.now
            engineer.live(days)
            out.healthy_days = days
            for stored in engineer.raised(since):
                at = datetime.fromtimestamp(stored.change.at / NS, zone)
                said = stored.change.evidence.as_dict() if stored.change.evidence else {}
                line = f"{at:%m-%d %H:%M} {stored.change.device} {stored.change.rule} {said}"
                (out.advice_after if stored.priority == "info" else out.false_alarms).append(line)
            for story in drawn_stories(every_story(site), faults, seed):
                out.found.append(engineer.play(story))
        out.seconds = time.perf_counter() - began
    return out
