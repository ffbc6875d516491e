"""Sources of forecasts and warnings, compiled: their shape is known, a topic is of a broker of the site."""

from __future__ import annotations

from dataclasses import replace

from devices.forecast.cap import WarningFilter
from devices.forecast.mapping import ForecastMapping, shipped_mappings
from devices.forecast.source import ForecastSource
from devices.unit import MqttLink
from facilityd.config.forecast_schema import CAP
from facilityd.config.sections import SectionEntry, Sections, resolve_secret
from facilityd.config.site import Site
from facilityd.model.message import Wording
from facilityd.model.text import Text
from facilityd.yaml_source import suggestion


def compile_forecasts(sections: Sections, site: Site) -> tuple[ForecastSource, ...]:
    """Return the sources; what does not fit the site is reported."""
    return tuple(_source(entry, sections, site) for entry in sections.values("forecast"))


def _source(entry: SectionEntry, sections: Sections, site: Site) -> ForecastSource:
    value = entry.value
    wanted = WarningFilter(site.latitude, site.longitude, value.areas, value.events, value.least)
    name = value.name or Text(zh=entry.id, en=entry.id)
    source = ForecastSource(
        entry.id, value.kind, name, "", _mapping(entry, sections), valid=value.valid_for, wanted=wanted
    )
    if value.kind == "mqtt":
        _check_link(entry, sections, site)
        return replace(source, where=value.topic, link=value.link)
    if value.kind == "file":
        return replace(source, where=str(entry.beside(value.path)), every=value.every)
    token = resolve_secret(sections, entry.location("token"), value.token)
    secrets = frozenset(filter(None, {token}))
    return replace(source, where=value.url, every=value.every, token=token, secrets=secrets)


def _mapping(entry: SectionEntry, sections: Sections) -> ForecastMapping | None:
    content = entry.value.content
    if isinstance(content, ForecastMapping) or content == CAP:
        return content if isinstance(content, ForecastMapping) else None
    known = shipped_mappings()
    if content not in known:
        hint = suggestion(content, [CAP, *known])
        sections.report(entry.location("content"), Wording("forecast.unknown-content", name=content), hint)
    return known.get(content)


def _check_link(entry: SectionEntry, sections: Sections, site: Site) -> None:
    link, where = entry.value.link, entry.location("link")
    if not sections.knows("links", link):
        hint = suggestion(link, sections.known_ids("links"))
        sections.report(where, Wording("config.link-not-known", link=link), hint)
    elif link in site.links and not isinstance(site.links[link], MqttLink):
        sections.report(where, Wording("forecast.link-not-mqtt", link=link))
