"""Seasons of a site, compiled: every device and rule in them is held against the site."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from facilityd.config.sections import SectionEntry, Sections
from facilityd.config.site import Device, Site
from facilityd.model.message import Wording
from facilityd.model.settings import SeasonSettings
from facilityd.yaml_source import Problem, suggestion


def compile_seasons(sections: Sections, site: Site) -> tuple[SeasonSettings, ...]:
    """Return the seasons; a device or rule that there is not is reported."""
    return tuple(_season(entry, sections, site.devices) for entry in sections.values("seasons"))


def _season(entry: SectionEntry, sections: Sections, devices: Mapping[str, Device]) -> SeasonSettings:
    value, known = entry.value, sections.known_ids("devices")
    for number, name in enumerate(value.devices):
        if name not in known:
            what = Wording("config.no-device-of-site", name=name)
            sections.report(entry.location("devices", number), what, suggestion(name, known))
    families = {device.family.family for device in devices.values()}
    for number, name in enumerate(value.families):
        if name not in families and len(devices) == len(known):
            what = Wording("config.no-family-of-site", name=name)
            sections.report(entry.location("families", number), what, suggestion(name, families))
    chosen = [d for d in devices.values() if d.id in value.devices or d.family.family in value.families]
    rules = {rule for device in chosen for rule in device.family.rules}
    for number, name in enumerate(value.also):
        if chosen and name not in rules:
            what = Wording("config.no-rule-of-season", name=name)
            sections.report(entry.location("also", number), what, suggestion(name, rules))
    return SeasonSettings(
        entry.id, value.state, tuple(device.id for device in chosen), value.from_, value.until, value.reason,
        frozenset(value.also),
    )  # fmt: skip


def season_doubts(sections: Sections, site: Site) -> Iterator[Problem]:
    """Yield the seasons in which nobody hears of something that endangers people."""
    entries = {entry.id: entry for entry in sections.values("seasons")}
    for season in site.seasons:
        if season.also:
            names = ", ".join(sorted(season.also))
            where = entries[season.id].location("also")
            yield Problem(where, Wording("config.season-hides-danger", rules=names, season=season.id))
