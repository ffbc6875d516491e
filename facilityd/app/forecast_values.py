"""What the sources of forecasts say of the next ceremony and the coming night, as signals of one device."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from devices.family import Family, Signal
from facilityd.config.site import Site
from facilityd.model.forecast import AROUND, HOUR, Outlook
from facilityd.model.rule import with_settings
from facilityd.model.sample import NS, Value
from facilityd.model.text import LANGUAGES, Text
from facilityd.notify.hours import local_date, midnight

FORECAST = "forecast"
EVENING, MORNING = 18, 7
"""Local hours between which a night lies: it is coldest about sunrise."""
_GUSTS = frozenset({"wind_gust", "wind"})
_FORECAST = ("ceremony_gust", "night_minimum")


def own_family(family: Family, site: Site) -> Family:
    """Return the family of forecasts with the site's own gust limit, and with the names of who says so."""
    rules = dict(family.rules)
    if limits := list(_gusts_permitted(site)):
        rules["ceremony-gust"] = with_settings(rules["ceremony-gust"], {"all.0.above": min(limits)})
    signals = {name: _named(one, site) if name in _FORECAST else one for name, one in family.signals.items()}
    return family.model_copy(update={"rules": rules, "signals": signals})


def _gusts_permitted(site: Site) -> Iterator[float]:
    """Yield the wind below which each of the site's own checklists permits a ceremony, m/s."""
    for device in site.devices.values():
        for item in device.family.readiness.values():
            for signal in _GUSTS & device.bound:
                yield from (limit for side, limit in item.bounds(signal) if side == "below")


def _named(signal: Signal, site: Site) -> Signal:
    """Return a signal with the names of the sources in its own."""
    zh, en = (
        dict.fromkeys(one.name.in_(language) for one in site.forecasts if not one.warns)
        for language in LANGUAGES
    )
    if not zh:
        return signal
    name = Text(zh=f"{signal.name.zh}（{'、'.join(zh)}）", en=f"{signal.name.en} ({', '.join(en)})")
    return signal.model_copy(update={"name": name})


def night_of(at: int, zone: ZoneInfo) -> tuple[int, int]:
    """Return begin and end of the night that an instant lies in, or of the next, ns UTC."""
    today = midnight(local_date(at, zone), zone)
    if at < today + MORNING * HOUR:
        return at, today + MORNING * HOUR
    tomorrow = midnight(local_date(at, zone) + timedelta(days=1), zone)
    return max(at, today + EVENING * HOUR), tomorrow + MORNING * HOUR


def forecast_values(
    outlook: Outlook, site: Site, ceremony: int | None, not_drained: int
) -> dict[str, Value | None]:
    """Return the signals of family ``forecast``; ``ceremony`` in ns UTC. What is not known is None."""
    now, zone = outlook.now, ZoneInfo(site.timezone)
    warning = [one.id for one in site.forecasts if one.warns]
    gust = outlook.highest("gust", ceremony) if ceremony else None
    night = outlook.lowest("temperature", *night_of(now, zone))
    values: dict[str, Value | None] = {"not_drained": not_drained}
    if gust:
        values |= {"ceremony_gust": gust[0], "ceremony_gust_age": gust[1] / HOUR}
    if night:
        values |= {"night_minimum": night[0], "night_minimum_age": night[1] / HOUR}
    if warning:
        known, values["warning"], values["warning_by"] = _warned(outlook, site, warning, (now, now))
        values |= {"warned": known, "warnings": None if known is None else len(outlook.warnings(now, now))}
    if warning and ceremony:
        found = _warned(outlook, site, warning, (ceremony - AROUND, ceremony + AROUND))
        values["ceremony_warned"], values["ceremony_warning"], values["warned_by"] = found
    return values


def _warned(
    outlook: Outlook, site: Site, sources: list[str], span: tuple[int, int]
) -> tuple[bool | None, str, str]:
    """Return whether a warning holds in a span, the gravest one's headline, and who warns."""
    found = outlook.warnings(*span)
    if not found:
        return outlook.warned(sources, *span), "", ""
    return True, _both(found[0].headline(one) for one in LANGUAGES), _whose(outlook, site, span)


def _whose(outlook: Outlook, site: Site, span: tuple[int, int]) -> str:
    """Return who warns, and how long ago that was last seen."""
    names = {one.id: one.name for one in site.forecasts}
    for report, valid in outlook.reports:
        if Outlook(outlook.now, [(report, valid)]).warnings(*span) and report.source in names:
            age = f"{(report.age(outlook.now) or 0) // (60 * NS)} min"
            return f"{_both(names[report.source].in_(one) for one in LANGUAGES)}, {age}"
    return ""


def _both(texts: Iterable[str]) -> str:
    return " / ".join(dict.fromkeys(filter(None, texts)))
