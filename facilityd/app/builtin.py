"""Links and the daemon itself as devices: their troubles are alarms like all others."""

from __future__ import annotations

from devices.family import Family
from facilityd.config.site import Device, Site
from facilityd.model.sample import NS, Stream
from facilityd.model.text import Text

DAEMON = "facilityd"
PERIOD = 60 * NS
"""How often the daemon's own health is written down, in ns."""
LINK_PERIOD = 600 * NS
"""How often a link's health is written down while nothing changes, in ns."""


def _stream(device: str, family: Family, link: str, period: int) -> Stream:
    signals = tuple(family.signals)
    types = tuple(signal.type for signal in family.signals.values())
    return Stream(device, family.family, DAEMON, link, signals, types, period)


def link_device(link: str, family: Family) -> Device:
    """Return the device that stands for a link."""
    name = f"link-{link}"
    shown = Text(zh=f"链路 {link}", en=f"Link {link}")
    return Device(name, family, shown, (_stream(name, family, link, LINK_PERIOD),))


def daemon_device(family: Family) -> Device:
    """Return the device that stands for the daemon."""
    shown = Text(zh="监测程序", en="facilityd itself")
    return Device(DAEMON, family, shown, (_stream(DAEMON, family, DAEMON, PERIOD),))


def all_devices(site: Site) -> dict[str, Device]:
    """Return the site's devices and the built-in ones."""
    links = [link_device(link, site.families["link"]) for link in site.links]
    built_in = [*links, daemon_device(site.families["daemon"])]
    return {**site.devices, **{device.id: device for device in built_in}}
