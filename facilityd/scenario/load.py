"""Loads scenarios: every mistake with file:line:column, every name checked before anything runs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

from devices.family import Family
from facilityd.app.builtin import DAEMON, all_devices, channel_of
from facilityd.config.load import load as load_site
from facilityd.config.site import Site
from facilityd.config.timetable import read_timetable
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.sample import NS, SignalType
from facilityd.scenario import expectations
from facilityd.scenario.expectations import Expectation
from facilityd.scenario.host_faults import CHANNELS, SINKS
from facilityd.scenario.host_faults import HAZARDS as TROUBLES
from facilityd.scenario.in_memory_site import NO_HAZARD, known_hazards
from facilityd.scenario.people_expectations import never
from facilityd.scenario.schema import RULES, Scenario, ScenarioEvent, spelled
from facilityd.scenario.subset import subset
from facilityd.yaml_source import Document, Problem, raise_problems, read, suggestion, validate
from simulators.hazards import MAGNITUDES
from simulators.sensor_faults import HONEST, SWAPPED
from simulators.sensor_faults import check as check_sensor
from simulators.square import model_of

LIBRARY = Path(str(resources.files("simulators"))) / "scenarios"
"""The scenarios that ship."""


@dataclass(frozen=True, slots=True)
class LoadedScenario:
    """A scenario with its site; ``start`` in ns UTC; each expectation with its sentence and place."""

    file: str
    scenario: Scenario
    site: Site
    start: int
    expectations: tuple[tuple[str, str, Expectation], ...]
    people: Mapping[str, Site] = field(default_factory=dict)
    """The site with other people, by the file that an act names."""

    @property
    def forwards(self) -> bool:
        """Whether it is about the server that the points go to."""
        return any(event.hazard in SINKS for event in self.scenario.timeline)

    @property
    def first_step(self) -> int:
        """When the story begins, in ns from the start."""
        return min((event.at for event in self.scenario.timeline), default=0)


def square() -> Path:
    """Return the folder of the demonstration site, from a checkout or from an installed package."""
    beside = Path(__file__).parents[2] / "config" / "square"
    return beside if beside.is_dir() else Path(str(resources.files("simulators"))) / "demo_site"


def find(names: tuple[str, ...]) -> list[Path]:
    """Return the files meant by paths, folders, or names of the library. Raises UsageError."""
    out: list[Path] = []
    for name in names:
        path = Path(name)
        if path.is_dir():
            stories = sorted(path.rglob("*.yaml"))
            if not stories:
                raise UsageError(Wording("scenario.no-scenario-yaml-lies-in"), where=name)
            out += stories
        elif path.exists():
            out.append(path)
        else:
            out += _shipped(name)
    return out


def _shipped(name: str) -> list[Path]:
    known = {path.stem: path for path in sorted(LIBRARY.rglob("*.yaml"))}
    if name == "all":
        return list(known.values())
    if name not in known:
        raise UsageError(Wording("scenario.no-scenario", name=name), hint=suggestion(name, [*known, "all"]))
    return [known[name]]


def load(path: Path, site: Site | None = None) -> LoadedScenario:
    """Return one scenario, ready to play. Raises ConfigError with every mistake."""
    document = read(path)
    problems = list(document.problems)
    scenario = None
    if not problems:
        scenario, problems = validate(Scenario, document)
    raise_problems(problems)
    if scenario is None:
        raise UsageError(Wording("scenario.nothing-play"), where=str(path))
    site = _chosen(document, scenario, site or load_site(*_site_of(path, scenario, scenario.people)))
    site = _published(document, scenario, site)
    acts = [event.people for event in scenario.timeline if event.people]
    people = {one: _subset(load_site(*_site_of(path, scenario, one)), scenario) for one in acts}
    known = {*site.recipients, *(name for other in people.values() for name in other.recipients)}
    expectations: list[tuple[str, str, Expectation]] = []
    found = _expectations(document, scenario, site, expectations, known)
    raise_problems([*_steps(document, scenario, site), *found])
    zone = ZoneInfo(site.timezone)
    start = round(datetime.fromisoformat(scenario.start).replace(tzinfo=zone).timestamp()) * NS
    return LoadedScenario(str(path), scenario, site, start, tuple(expectations), people)


def _chosen(document: Document, scenario: Scenario, site: Site) -> Site:
    """Return the site with only the devices that the scenario is about. Raises ConfigError."""
    raise_problems(
        Problem(
            document.location(("only", number)),
            Wording("scenario.no-device", name=name),
            suggestion(name, site.devices),
        )
        for number, name in enumerate(scenario.only)
        if name not in site.devices
    )
    return _subset(site, scenario)


def _subset(site: Site, scenario: Scenario) -> Site:
    return subset(site, scenario.only) if scenario.only else site


def _published(document: Document, scenario: Scenario, site: Site) -> Site:
    """Return the site with the scenario's own published times. Raises ConfigError."""
    if not scenario.timetable:
        return site
    path = Path(document.file).parent / scenario.timetable
    if not path.is_file():
        raise_problems(
            [
                Problem(
                    document.location(("timetable",)), Wording("scenario.timetable-not-file", path=path), ""
                )
            ]
        )
    timetable, problems = read_timetable(path, ZoneInfo(site.timezone))
    raise_problems(problems)
    return replace(site, timetable=timetable)


def _site_of(path: Path, scenario: Scenario, people: str) -> list[Path]:
    """Return the site's place, and the file of people beside the scenario that goes with it."""
    site = square() if scenario.site == "square" else path.parent / scenario.site
    return [site, path.parent / people] if people else [site]


def _steps(document: Document, scenario: Scenario, site: Site) -> Iterator[Problem]:
    for number, event in enumerate(scenario.timeline):
        where = ("timeline", number)
        problem = _wrong(event, site)
        if problem:
            key, what, hint = problem
            yield Problem(document.location((*where, key)), what, hint)


def _wrong(event: ScenarioEvent, site: Site) -> tuple[str, str, str] | None:
    """Return (key, what, hint) of the first thing in an event that the site does not have."""
    if event.step in ("clock", "restart", "people"):
        return None
    if event.step == "hazard":
        return _wrong_sensor(event, site) if "." in event.on else _wrong_hazard(event, site)
    if event.on not in site.devices:
        return "on", f"no device {event.on!r}", suggestion(event.on, site.devices)
    family = site.devices[event.on].family
    rule = getattr(event, event.step) if event.step in RULES else None
    if rule is not None and rule not in family.rules:
        return (
            spelled(event.step),
            Wording("scenario.no-rule", rule=rule),
            suggestion(str(rule), family.rules),
        )
    return _wrong_fault(event, family) if event.fault else None


def _wrong_hazard(event: ScenarioEvent, site: Site) -> tuple[str, str, str] | None:
    if event.on == DAEMON:
        return _wrong_trouble(event, TROUBLES)
    channels = {name for name in all_devices(site) if channel_of(name)}
    if event.on in channels:
        return _wrong_trouble(event, CHANNELS)
    places, hazards = {*site.units, *site.links, *channels, DAEMON}, known_hazards()
    if event.on not in places:
        return "on", f"no unit or link {event.on!r}", suggestion(event.on, places)
    if event.hazard not in hazards:
        return "hazard", f"no hazard {event.hazard!r}", suggestion(str(event.hazard), hazards)
    if event.magnitude is not None and event.hazard not in MAGNITUDES:
        return (
            "magnitude",
            f"hazard {event.hazard!r} has no magnitude",
            f"these have: {', '.join(MAGNITUDES)}",
        )
    return None


def _wrong_sensor(event: ScenarioEvent, site: Site) -> tuple[str, str, str] | None:
    """The same for a sensor that lies, at ``DEVICE.SIGNAL``."""
    device, _, signal = event.on.partition(".")
    if device not in site.devices:
        return "on", f"no device {device!r}", suggestion(device, site.devices)
    known = [
        name for name, one in site.devices[device].family.signals.items() if one.type is SignalType.FLOAT
    ]
    name = str(event.hazard)
    other = name.removeprefix(SWAPPED) if name.startswith(SWAPPED) else signal
    for one, key in ((signal, "on"), (other, "hazard")):
        if one not in known:
            return key, Wording("scenario.no-analogue-signal", signal=one), suggestion(one, known)
    try:
        if name != HONEST:
            check_sensor(name, event.magnitude)
    except UsageError as error:
        return "hazard", error.what, error.hint
    return None


def _wrong_trouble(event: ScenarioEvent, known: Sequence[str]) -> tuple[str, str, str] | None:
    """The same for a hazard of the daemon's own computer, or of a channel."""
    if event.hazard not in (*known, NO_HAZARD):
        return "hazard", f"no hazard {event.hazard!r} of {event.on}", suggestion(str(event.hazard), known)
    return ("magnitude", f"hazard {event.hazard!r} has no magnitude", "") if event.magnitude else None


def _wrong_fault(event: ScenarioEvent, family: Family) -> tuple[str, str, str] | None:
    model = model_of(family)
    if model is None:
        return "on", f"nothing simulates a {family.family}", "say how its signals go, under simulate"
    try:
        model.fault_name(str(event.fault))
    except UsageError as error:
        return "fault", error.what, error.hint
    return None


def _expectations(
    document: Document,
    scenario: Scenario,
    site: Site,
    out: list[tuple[str, str, Expectation]],
    people: Collection[str],
) -> Iterator[Problem]:
    for number, sentence in enumerate(scenario.expect):
        location = document.location(("expect", number))
        try:
            expectation = expectations.parse(sentence)
        except ValueError as error:
            yield Problem(location, Wording("scenario.sentence-says", sentence=sentence, error=error))
            continue
        wrong = (
            _stranger(expectation, people)
            or _unheard(expectation, site)
            or never(expectation, scenario.duration)
        )
        if wrong:
            yield Problem(location, *wrong)
        out.append((str(location), sentence, expectation))


def _stranger(expectation: Expectation, people: Collection[str]) -> tuple[str, str] | None:
    """Return (what, hint) where an expectation names a person whom nobody knows."""
    recipient = getattr(expectation, "recipient", "")
    if recipient and recipient not in people:
        return f"no recipient {recipient!r}", suggestion(recipient, people)
    return None


def _unheard(expectation: Expectation, site: Site) -> tuple[str, str] | None:
    """Return (what, hint) where an expectation names something the site does not have."""
    known = {device.id: device.family for device in all_devices(site).values()}
    device = getattr(expectation, "device", "")
    if not device:
        return None
    if device not in known:
        return f"no device {device!r}", suggestion(device, known)
    family = known[device]
    rule = getattr(expectation, "rule", "")
    numbers = {r.fault for r in family.rules.values()}
    if rule and rule not in family.rules and rule not in numbers:
        return f"no rule {rule!r} on {device}", suggestion(rule, family.rules)
    signal = getattr(expectation, "signal", "")
    if signal and signal not in family.signals:
        return f"no signal {signal!r} on {device}", suggestion(signal, family.signals)
    return None
