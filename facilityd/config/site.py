"""A site, compiled: everything resolved, checked and ready to run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from devices.family import Family
from devices.forecast.source import ForecastSource
from devices.unit import Link, Unit
from facilityd.config.timetable import CeremonyTimetable
from facilityd.model.people import DutyPlan
from facilityd.model.repeats import RepeatSpans
from facilityd.model.sample import Stream
from facilityd.model.settings import (
    PageSettings,
    RecipientSettings,
    SeasonSettings,
    SinkSettings,
    StoreSettings,
    TaskSettings,
    WebSettings,
)
from facilityd.model.suppression import LIMITS, SuppressionLimits
from facilityd.model.text import Language, Text


@dataclass(frozen=True, slots=True)
class Device:
    """One thing the crew maintains, with the streams that feed it."""

    id: str
    family: Family
    name: Text
    streams: tuple[Stream, ...]
    group: str = ""
    """Devices of one family and group are neighbours, compared with each other."""
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Rules' parameters that the site sets for this machine; they are in ``family`` already."""
    checklist: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The same of its readiness items."""

    @property
    def bound(self) -> frozenset[str]:
        """The signals that a unit brings."""
        return frozenset(signal for stream in self.streams for signal in stream.signals)

    @property
    def assumed(self) -> tuple[tuple[str, str], ...]:
        """(rule, parameter) of every limit that belongs to the machine that applies here and is not set."""
        rules = {name: (rule.machine, rule.detect.inputs) for name, rule in self.family.rules.items()}
        return self._unset(rules, self.settings)

    @property
    def assumed_items(self) -> tuple[tuple[str, str], ...]:
        """The same as (item, parameter) of its readiness checklist."""
        items = {name: (item.machine, item.signals) for name, item in self.family.readiness.items()}
        return self._unset(items, self.checklist)

    def _unset(
        self,
        limits: Mapping[str, tuple[Iterable[str], Iterable[str]]],
        own: Mapping[str, Mapping[str, Any]],
    ) -> tuple[tuple[str, str], ...]:
        """Return the machine's parameters of what applies here that are not its own; by (machine, inputs)."""
        bound = self.bound
        applies = [(name, machine) for name, (machine, inputs) in limits.items() if bound.issuperset(inputs)]
        return tuple((name, p) for name, machine in applies for p in machine if p not in own.get(name, {}))


@dataclass(frozen=True, slots=True)
class SiteTemplate:
    """A unit and its devices for each name in place of the ``+`` of a topic.

    ``unit`` and ``devices`` are the pattern; ``names`` are units already, the first ``listed`` of them by
    the site's file and the others because they were heard. ``discover`` of those may be.
    """

    unit: Unit
    devices: tuple[Device, ...]
    names: tuple[str, ...] = ()
    listed: int = 0
    discover: int = 0
    ignore: tuple[str, ...] = ()

    @property
    def unit_names(self) -> tuple[str, ...]:
        """The names that no list has."""
        return self.names[self.listed :]

    @property
    def room(self) -> int:
        """How many more may be taken in."""
        return max(0, self.discover - len(self.unit_names))


@dataclass(frozen=True, slots=True)
class SiteGroup:
    """Devices with a common cause. ``rules`` none: those that say that a device cannot be reached.

    ``causes`` are alarms as (device, rule); ``least`` 0: only they stand for it; ``within`` in ns.
    """

    id: str
    name: Text
    members: tuple[str, ...]
    rules: tuple[str, ...]
    causes: tuple[tuple[str, str], ...]
    least: int
    within: int


@dataclass(frozen=True, slots=True)
class Site:
    """Everything one daemon watches. Coordinates in degrees, ``ceremony`` in ns.

    ``source`` is the path it was loaded from, as a person would type it again; ``language`` that of
    commands, None for the terminal's.
    """

    source: str
    id: str
    name: Text
    latitude: float
    longitude: float
    timezone: str
    language: Language | None
    ceremony: int
    store: StoreSettings
    links: Mapping[str, Link]
    units: Mapping[str, Unit]
    devices: Mapping[str, Device]
    sinks: Mapping[str, SinkSettings]
    recipients: Mapping[str, RecipientSettings]
    families: Mapping[str, Family]
    timetable: CeremonyTimetable | None = None
    templates: Mapping[str, SiteTemplate] = field(default_factory=dict)
    """Patterns of units by wildcard; the units and devices made of them stand among the others."""
    paths: tuple[str, ...] = ()
    """All paths it was loaded from; ``source`` is the first."""
    beside: tuple[str, ...] = ()
    """Other files that it names: its timetable, rosters."""
    warnings: tuple[str, ...] = ()
    """What is allowed and perhaps not meant, as file:line:column."""
    duty: DutyPlan = field(default_factory=DutyPlan)
    tasks: TaskSettings = field(default_factory=TaskSettings)
    seasons: tuple[SeasonSettings, ...] = ()
    """When people are notified, and who is asked next."""
    secrets: frozenset[str] = field(default=frozenset(), repr=False)
    """Whatever must be masked where an error's text repeats it."""
    groups: Mapping[str, SiteGroup] = field(default_factory=dict)
    """Devices with a common cause."""
    limits: Mapping[str, SuppressionLimits] = field(default_factory=lambda: dict(LIMITS))
    repeats: Mapping[str, RepeatSpans] = field(default_factory=dict)
    """How long people may keep alarms from being sent, by what is at stake."""
    web: WebSettings = field(default_factory=WebSettings)
    """The HTTP API."""
    page: PageSettings = field(default_factory=PageSettings)
    """What its page shows beyond what it finds out."""
    forecasts: tuple[ForecastSource, ...] = ()
    """Where forecasts and official warnings come from."""

    @property
    def people(self) -> dict[str, Text]:
        """The names of the recipients, by id."""
        return {one.id: one.name for one in self.recipients.values()}

    def units_of(self, link: str) -> list[Unit]:
        """Return the units on a link that feed something."""
        return [unit for unit in self.units.values() if unit.link == link and unit.bindings]
