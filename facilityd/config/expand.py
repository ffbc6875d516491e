"""What a site's file says of units by wildcard: patterns taken out, listed names put in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from facilityd.config.sections import SectionEntry, Sections
from facilityd.config.site import Device, Site, SiteTemplate
from facilityd.config.templates import obstacle, widened
from facilityd.model.message import Wording

ONLY_TEMPLATES = ("names", "discover", "ignore")


def expanded(site: Site, sections: Sections) -> Site:
    """Return the site with its patterns as templates, and a unit for each name that a pattern lists."""
    entries = {entry.id: entry for entry in sections.values("units")}
    for entry in entries.values():
        _check_settings(sections, entry)
    patterns = {name: unit for name, unit in site.units.items() if "+" in unit.topic}
    devices: dict[str, list[Device]] = {name: [] for name in patterns}
    for device in site.devices.values():
        if owner := _pattern_of(sections, device, patterns):
            devices[owner].append(device)
    made = {device.id for several in devices.values() for device in several}
    site = replace(
        site,
        units={name: unit for name, unit in site.units.items() if name not in patterns},
        devices={name: device for name, device in site.devices.items() if name not in made},
        templates={
            name: SiteTemplate(
                unit,
                tuple(devices[name]),
                discover=entries[name].value.discover,
                ignore=entries[name].value.ignore,
            )
            for name, unit in patterns.items()
        },
    )
    for name in patterns:
        site = _listed(site, sections, entries[name])
    return site


def _check_settings(sections: Sections, entry: SectionEntry) -> None:
    if "+" in (entry.value.topic or ""):
        return
    for setting in sorted(entry.value.model_fields_set.intersection(ONLY_TEMPLATES)):
        what = Wording("config.goes-with-topic-that-has", setting=setting)
        sections.report(entry.location(setting, key=True), what)


def _pattern_of(sections: Sections, device: Device, patterns: dict[str, Any]) -> str:
    """Return the pattern that a device belongs to; empty for an ordinary one."""
    units = {stream.unit for stream in device.streams}
    owner = min(units & patterns.keys(), default="")
    if owner and len(units) > 1:
        entry = sections.entries["devices"][device.id]
        what = Wording("config.device-made-for-each-unit", device=device.id, owner=owner)
        sections.report(entry.location("signals"), what)
    return owner


def _listed(site: Site, sections: Sections, entry: SectionEntry) -> Site:
    for number, name in enumerate(entry.value.ignore):
        if name in entry.value.names:
            what = Wording("config.stands-in-names-too-watched", name=name)
            sections.report(entry.location("ignore", number), what, Wording("config.take-out-one-them"))
    for number, name in enumerate(entry.value.names):
        if why := obstacle(site, site.templates[entry.id], name):
            sections.report(
                entry.location("names", number),
                Wording("config.cannot-unit", name=name, entry=entry.id, why=why),
            )
            continue
        site = widened(site, {entry.id: [name]})
    template = replace(site.templates[entry.id], listed=len(site.templates[entry.id].names))
    return replace(site, templates={**site.templates, entry.id: template})
