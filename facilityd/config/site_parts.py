"""Sections that are held against the whole site: groups, seasons, the page, forecasts."""

from __future__ import annotations

from dataclasses import replace

from facilityd.config.forecast import compile_forecasts
from facilityd.config.groups import compile_groups
from facilityd.config.page import compile_page
from facilityd.config.seasons import compile_seasons
from facilityd.config.sections import Sections
from facilityd.config.site import Device, Site

FORECAST_RULES = "forecast."
"""What the name of a rule begins with that forecasts judge."""


def with_parts(site: Site, sections: Sections) -> Site:
    """Return the site with them; what does not fit it is reported."""
    groups, seasons = compile_groups(site, sections), compile_seasons(sections, site)
    page, forecasts = compile_page(sections, site), compile_forecasts(sections, site)
    devices = site.devices if forecasts else {name: _unforecast(one) for name, one in site.devices.items()}
    return replace(site, devices=devices, groups=groups, seasons=seasons, page=page, forecasts=forecasts)


def _unforecast(device: Device) -> Device:
    """Return a device without what its checklist asks of forecasts: the site has none."""
    items = device.family.readiness
    kept = {
        name: item
        for name, item in items.items()
        if item.any_of or not all(rule.startswith(FORECAST_RULES) for rule in item.rules)
    }
    if len(kept) == len(items):
        return device
    return replace(device, family=device.family.model_copy(update={"readiness": kept}))
