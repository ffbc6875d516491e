"""Some devices of a site, with the units and links they need, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from devices.unit import Unit
from facilityd.config.site import Site
from facilityd.query.alarms import require_device


def subset(site: Site, devices: Iterable[str]) -> Site:
    """Return the site as if only these devices stood on it. Raises UsageError for an unknown one."""
    wanted = set(devices)
    for device in wanted:
        require_device(site.devices, device)
    units = {
        unit.id: _without(unit, wanted)
        for unit in site.units.values()
        if any(stream.device in wanted for stream in unit.streams)
    }
    used = {unit.link for unit in units.values()}
    return replace(
        site,
        devices={name: device for name, device in site.devices.items() if name in wanted},
        units=units,
        links={name: link for name, link in site.links.items() if name in used},
        templates={},
    )


def _without(unit: Unit, wanted: set[str]) -> Unit:
    streams = tuple(stream for stream in unit.streams if stream.device in wanted)
    bindings = tuple(b for b in unit.bindings if b.stream.device in wanted)
    return replace(unit, streams=streams, bindings=bindings)
