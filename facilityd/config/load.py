"""Loads a site. ``check`` and ``run`` both come through here: what passes here, starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from devices.family import Family
from devices.limits import never
from devices.modbus.load import BUSY, share
from devices.modbus.plan import UnitPlan, plan_unit
from devices.profile import ModbusProfile
from devices.tables import Tables, own_tables
from devices.unit import Link, ModbusLink, Unit
from facilityd.config.alarm_limits import compile_limits, compile_repeats
from facilityd.config.compile import Profiles, UnitCompiler
from facilityd.config.doubts import doubts, own_doubts
from facilityd.config.duty import compile_duty
from facilityd.config.duty_doubts import duty_doubts
from facilityd.config.expand import expanded
from facilityd.config.found import DiscoveredNames, file_of, read_found
from facilityd.config.installation import check_installation, unheard, unknown_group
from facilityd.config.machine_limits import AdvisingFamilies, confirmed
from facilityd.config.people import compile_link, compile_recipient, compile_sink
from facilityd.config.seasons import season_doubts
from facilityd.config.sections import SectionEntry, Sections, doubled, read_sections
from facilityd.config.site import Device, Site
from facilityd.config.site_parts import with_parts
from facilityd.config.store_schema import StoreConfig
from facilityd.config.tasks import compile_tasks
from facilityd.config.templates import restored
from facilityd.config.timetable import CeremonyTimetable, read_timetable
from facilityd.config.web import compile_web
from facilityd.errors import ConfigError
from facilityd.model.group import group_name
from facilityd.model.measure import spell_duration
from facilityd.model.message import Wording
from facilityd.model.readiness import Item
from facilityd.model.readiness import with_settings as with_item_settings
from facilityd.model.rule import Rule, with_settings
from facilityd.model.settings import RecipientSettings, RetentionSettings, StoreSettings
from facilityd.yaml_source import Problem, SourceLocation, raise_problems, suggestion

T = TypeVar("T", Rule, Item)


def load(*paths: Path, at_most: int = 0, secrets: bool = True) -> Site:
    """Return the site described by files or folders. Raises ConfigError with every mistake.

    Without ``secrets`` none is asked for: whoever only reads the journal needs none.
    ``at_most`` ns, where given, shortens every longer period: for demonstrations and commissioning.
    """
    sections = read_sections(list(paths), secrets=secrets)
    own = own_tables(home_of(paths[0]))
    sections.problems += own.problems
    known_profiles, known_families = Tables("profile", own.profiles), Tables("family", own.families)
    if at_most:
        _hurry(sections, at_most, known_profiles)
    compiler = UnitCompiler(sections, known_profiles, known_families, own.broken)
    site = _compile(str(paths[0]), sections, compiler, known_families)
    if site is not None:
        site = with_parts(site, sections)
    raise_problems(sections.problems, sections.language)
    if site is None:
        raise ConfigError((Wording("config.nothing-to-watch", path=paths[0]),))
    found, unread = read_found(file_of(site)) if site.templates else (DiscoveredNames(), "")
    site, left = restored(site, found.units)
    site, unsigned = confirmed(site)
    warnings = [
        *map(_warning, own_doubts(own)),
        *(unread, unsigned),
        *(_warning(Problem(SourceLocation(str(file_of(site))), what)) for what in left),
        *map(_warning, (*doubts(sections, known_profiles, site.timetable), *season_doubts(sections, site))),
        unknown_group(sections),
        *unheard(sections),
        *map(_warning, duty_doubts(sections, site)),
    ]
    return replace(
        site,
        warnings=tuple(filter(None, warnings)),
        paths=tuple(map(str, paths)),
        beside=tuple(map(str, sections.beside)),
    )


def _warning(doubt: Problem) -> str:
    return doubt.message("warning")


def _hurry(sections: Sections, wanted: int, known: Profiles) -> None:
    for name, entry in sections.entries["units"].items():
        period, profile = entry.value.period, known.get(entry.value.profile)
        at_most = max(wanted, profile.min_interval) if isinstance(profile, ModbusProfile) else wanted
        if isinstance(period, int):
            capped: int | dict[str, int] = min(period, at_most)
        else:
            capped = {state: min(own, at_most) for state, own in period.items()}
        value = entry.value.model_copy(update={"period": capped})
        sections.entries["units"][name] = replace(entry, value=value)


def _compile(
    source: str, sections: Sections, compiler: UnitCompiler, known: Mapping[str, Family]
) -> Site | None:
    links = {entry.id: compile_link(entry, sections) for entry in sections.values("links")}
    devices = _devices(sections, compiler)
    compiled = {e.id: unit for e in sections.values("units") if (unit := compiler.unit(e))}
    _check_addresses(sections)
    check_installation(sections)
    _check_buses(sections, links, compiled)
    sinks = {entry.id: compile_sink(entry, sections) for entry in sections.values("sinks")}
    recipients = {entry.id: compile_recipient(entry, sections) for entry in sections.values("recipients")}
    _check_own_names(sections, links, recipients)
    head = sections.entries["site"].get("site")
    if head is None:
        if not sections.broken["site"] and not sections.unread:
            sections.report(
                SourceLocation(str(sections.files[0])) if sections.files else SourceLocation("?"),
                Wording("config.site-missing"),
            )
        return None
    about = head.value
    site = Site(
        source, about.id, about.name, about.latitude, about.longitude, about.timezone, about.language,
        about.ceremony, _store(sections, Path(source), about.id), links, compiled, devices, sinks, recipients,
        known, _timetable(head, sections), duty=compile_duty(sections, recipients, about.holidays),
        tasks=compile_tasks(sections, about.timezone),
        secrets=frozenset(sections.resolved),
        limits=compile_limits(alarms := next((one.value for one in sections.values("alarms")), None)),
        repeats=compile_repeats(alarms), web=compile_web(sections),
    )  # fmt: skip
    return expanded(site, sections)


def _timetable(head: SectionEntry, sections: Sections) -> CeremonyTimetable | None:
    """Read the published times that the site names, beside the file that names them."""
    if not head.value.timetable:
        return None
    path = head.beside(head.value.timetable)
    sections.beside.append(path)
    if not path.is_file():
        sections.report(head.location("timetable"), Wording("config.timetable-not-file", path=path))
        return None
    timetable, problems = read_timetable(path, ZoneInfo(head.value.timezone))
    sections.problems += problems
    return timetable


def _store(sections: Sections, source: Path, site: str) -> StoreSettings:
    """Return where the journal lies: each site has its own, beside it, wherever a command is started from."""
    entry = sections.entries["store"].get("store")
    value = entry.value if entry else StoreConfig()
    if entry and value.path:
        path = entry.beside(value.path)
    else:
        path = home_of(source) / ".facilityd" / site / "journal.db"
    kept = RetentionSettings(**value.retention.model_dump())
    return StoreSettings(str(path), value.keep, value.max_size, value.group, kept, value.seal_after)


def journal_of(*paths: Path) -> Path | None:
    """Return where the journal of a site lies, also of one with mistakes; None where its files do not say."""
    sections = read_sections(list(paths), secrets=False)
    head = sections.entries["site"].get("site")
    if sections.broken["store"] or head is None:
        return None
    return Path(_store(sections, paths[0], head.value.id).path)


def home_of(source: Path) -> Path:
    """Return the folder that a site's own files stand in."""
    return source if source.is_dir() else source.parent


def _devices(sections: Sections, compiler: UnitCompiler) -> dict[str, Device]:
    out, advising = {}, AdvisingFamilies()
    for entry in sections.values("devices"):
        if found := compiler.device(entry):
            value = entry.value
            family, rules, items = _own(sections, entry, found[0]), value.rules, value.readiness
            device = Device(entry.id, family, value.name, found[1], value.group, rules, items)
            out[entry.id] = advising.on(device)
    return out


def _own(sections: Sections, entry: SectionEntry, family: Family) -> Family:
    """Return the family as this very machine has it; report what the site sets and does not fit."""
    rules, items = dict(family.rules), dict(family.readiness)
    _set(sections, entry, ("rules", Wording("config.rule-word")), rules, with_settings, family)
    _set(
        sections,
        entry,
        ("readiness", Wording("config.item-word")),
        items,
        with_item_settings,
        family,
    )
    if not entry.value.rules and not entry.value.readiness:
        return family
    return family.model_copy(update={"rules": rules, "readiness": items})


def _set(
    sections: Sections,
    entry: SectionEntry,
    words: tuple[str, str],
    table: dict[str, T],
    change: Callable[[T, dict[str, Any]], T],
    family: Family,
) -> None:
    section, word = words
    for name, settings in getattr(entry.value, section).items():
        if name not in table:
            lacks = Wording("config.family-has-no", family=entry.value.family, word=word, name=name)
            sections.report(entry.location(section, name, key=True), lacks, suggestion(name, table))
            continue
        try:
            table[name] = change(table[name], settings)
            for what, hint in never(family.signals, table[name]):
                sections.report(
                    entry.location(section, name),
                    Wording("config.word-says", word=word, name=name, error=what),
                    hint,
                )
        except ValueError as error:
            sections.report(
                entry.location(section, name),
                Wording("config.word-says", word=word, name=name, error=error),
            )


def _check_own_names(
    sections: Sections, links: dict[str, Link], recipients: dict[str, RecipientSettings]
) -> None:
    """The daemon, each link and each channel are devices too: nothing else may bear their names."""
    channels = [channel.id for person in recipients.values() for channel in person.channels]
    taken = {"facilityd": Wording("config.watched-itself")}
    if sections.known_ids("forecast"):
        taken["forecast"] = Wording("config.watched-forecast")
    taken |= {f"link-{link}": Wording("config.watched-link", link=link) for link in links}
    taken |= {
        f"channel-{channel}": Wording("config.watched-channel", channel=channel) for channel in channels
    }
    taken |= {
        group_name(group): Wording("config.watched-group", group=group)
        for group in sections.known_ids("groups")
    }
    for entry in sections.values("devices"):
        if entry.id in taken:
            what = Wording("config.device-has-name-under-which", entry=entry.id, taken=taken[entry.id])
            sections.report(entry.location(key=True), what, Wording("config.choose-another-id"))


def _check_addresses(sections: Sections) -> None:
    for entry, first in doubled(sections.values("units"), _address):
        value = entry.value
        if value.topic is not None:
            shown = Wording("config.topic-shown", topic=value.topic)
        else:
            shown = Wording("config.device-id-shown", device_id=value.device_id)
        key = "topic" if value.topic is not None else "device_id"
        what = Wording("config.on-link-already-unit", shown=shown, link=value.link, first=first.id)
        sections.report(
            entry.location(key), what, Wording("config.first-at", location=first.location(key=True))
        )


def _address(entry: SectionEntry) -> tuple[object, ...]:
    """Return what no two units may share."""
    value = entry.value
    if value.topic is None:
        return value.link, value.device_id, value.base
    # Devices of several models may stand behind one wildcard.
    return value.link, "topic", value.topic, value.profile if "+" in value.topic else ""


def _check_buses(sections: Sections, links: dict[str, Link], units: dict[str, Unit]) -> None:
    """A period that the bus cannot keep is a mistake, reported with the load it would make."""
    for link in links.values():
        if not isinstance(link, ModbusLink):
            continue
        plans = [plan_unit(unit, link) for unit in units.values() if unit.link == link.id and unit.bindings]
        load = sum(share(plan, link) for plan in plans)
        if load > BUSY:
            worst = max(plans, key=lambda plan: share(plan, link))
            location = sections.entries["units"][worst.unit.id].location("period")
            what = Wording("config.link-cannot-keep-its-periods", link=link.id, load=load, busy=BUSY)
            alone = Wording("config.unit-alone-takes", unit=worst.unit.id, share=share(worst, link))
            hint = Wording("config.at-read-less-often", alone=alone, worst=_fastest(worst))
            sections.report(location, what, hint)


def _fastest(plan: UnitPlan) -> str:
    return spell_duration(plan.unit.poll_rates.fastest)
