"""Units by wildcard: one pattern in the site's file, a unit and a device for each name."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from devices.unit import Unit, UnitTemplate
from facilityd.config.site import Device, Site, SiteTemplate
from facilityd.model.message import Wording
from facilityd.model.text import Text
from facilityd.model.topic import unfit

_PLAIN = re.compile(r"[A-Za-z0-9_. -]+")
PLACE = "{name}"
CLASH = Wording("config.its-id-taken-already")
OTHERS = Wording("config.its-topic-another-unit")


def part_of(name: str) -> str:
    """Return a name as a part of an id: small letters, digits and hyphens.

    One of other letters gets a mark of its own, so that 灯一 and 灯二 are two.
    """
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if plain and _PLAIN.fullmatch(name):
        return plain
    mark = hashlib.sha256(name.encode()).hexdigest()[:6]
    return f"{plain}-{mark}" if plain else mark


def topic_of(template: SiteTemplate, name: str) -> str:
    """Return the topic of the unit of this name."""
    return template.unit.topic.replace("+", name)


def obstacle(site: Site, template: SiteTemplate, name: str) -> str:
    """Return why a name cannot become a unit and a device; empty where it can."""
    if why := unfit(name):
        return why
    ids = {f"{template.unit.id}-{part_of(name)}", *(_device_id(device, name) for device in template.devices)}
    topics = {unit.topic for unit in site.units.values() if unit.link == template.unit.link}
    if topic_of(template, name) in topics:
        return OTHERS
    return CLASH if ids & (site.units.keys() | site.devices.keys()) else ""


def widened(site: Site, found: Mapping[str, Iterable[str]]) -> Site:
    """Return the site with a unit and a device for each name, by template; what cannot be is left out."""
    for key, names in found.items():
        for name in names:
            template = site.templates.get(key)
            if template is None or obstacle(site, template, name):
                continue
            site = _with(site, template, name)
    return site


def restored(site: Site, found: Mapping[str, Iterable[str]]) -> tuple[Site, list[str]]:
    """Return the site with the units of an earlier run, and what is no longer to be watched, and why."""
    told: list[str] = []
    for key, names in found.items():
        for name in names:
            template = site.templates.get(key)
            if template is None or name in template.names or name in template.ignore:
                continue  # the site's file says so
            why = obstacle(site, template, name) or (
                "" if template.room else Wording("config.discover-allows-no-more")
            )
            if why:
                told.append(
                    Wording("config.found-behind-not-watched", name=name, topic=template.unit.topic, why=why)
                )
            else:
                site = _with(site, template, name)
    return site, told


def _with(site: Site, template: SiteTemplate, name: str) -> Site:
    unit = _unit(template, name)
    devices = {_device_id(d, name): _device(d, unit, name) for d in template.devices}
    grown = replace(template, names=(*template.names, name))
    return replace(
        site,
        units={**site.units, unit.id: unit},
        devices={**site.devices, **devices},
        templates={**site.templates, template.unit.id: grown},
    )


def _device_id(device: Device, name: str) -> str:
    return f"{device.id}-{part_of(name)}"


def _unit(template: SiteTemplate, name: str) -> Unit:
    pattern = template.unit
    ids = {device.id: _device_id(device, name) for device in template.devices}
    number = f"{pattern.id}-{part_of(name)}"
    streams = {s: replace(s, device=ids.get(s.device, s.device), unit=number) for s in pattern.streams}
    return replace(
        pattern,
        id=number,
        topic=topic_of(template, name),
        streams=tuple(streams.values()),
        bindings=tuple(replace(binding, stream=streams[binding.stream]) for binding in pattern.bindings),
        poll_rates=replace(
            pattern.poll_rates, device=ids.get(pattern.poll_rates.device, pattern.poll_rates.device)
        ),
    )


def _device(device: Device, unit: Unit, name: str) -> Device:
    number = _device_id(device, name)
    streams = tuple(stream for stream in unit.streams if stream.device == number)
    return replace(device, id=number, name=_named(device.name, name), streams=streams)


def _named(text: Text, name: str) -> Text:
    zh, en = (
        words.replace(PLACE, name) if PLACE in words else f"{words} {name}" for words in (text.zh, text.en)
    )
    return Text(zh=zh, en=en)


def wildcards(site: Site, link: str) -> list[UnitTemplate]:
    """Return what is to be looked for on a link."""
    here = [one for one in site.templates.values() if one.unit.link == link and one.unit.bindings]
    if not here:
        return []
    topics = frozenset(unit.topic for unit in site.units.values() if unit.link == link)
    return [UnitTemplate(one.unit, frozenset((*one.names, *one.ignore)), topics, one.room) for one in here]
