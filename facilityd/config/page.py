"""What the page shows of a site, compiled: places are of devices that there are, each is one's own."""

from __future__ import annotations

from pathlib import PurePath

from devices.unit import Link, ModbusLink
from facilityd.config.hosts import is_this_machine
from facilityd.config.page_schema import PageConfig
from facilityd.config.sections import SectionEntry, Sections
from facilityd.config.site import Site
from facilityd.model.message import Wording
from facilityd.model.settings import PageSettings
from facilityd.yaml_source import suggestion

REAL = PurePath("/dev")
"""Where the serial ports of a machine are; those of a simulator are files elsewhere."""


def compile_page(sections: Sections, site: Site) -> PageSettings:
    """Return the settings; what does not fit the site is reported."""
    entry = sections.entries["page"].get("page")
    if entry is None:
        return PageSettings()
    value: PageConfig = entry.value
    taken: dict[tuple[int, int], str] = {}
    for device, place in value.at.items():
        if device not in site.devices:
            what = Wording("config.no-device-of-site", name=device)
            sections.report(entry.location("at", device, key=True), what, suggestion(device, site.devices))
        elif place in taken:
            what = Wording("config.place-is-taken", device=device, other=taken[place])
            sections.report(entry.location("at", device), what)
        taken.setdefault(place, device)
    if value.simulated:
        _all_here(sections, entry, site)
    return PageSettings(value.simulated, dict(value.at))


def _all_here(sections: Sections, entry: SectionEntry, site: Site) -> None:
    """Report a link that leads to something real: a story is played on no site that has one."""
    for link in site.links.values():
        if not _is_here(link):
            what = Wording("config.simulated-leads-elsewhere", link=link.id, where=link.where)
            sections.report(entry.location("simulated"), what, Wording("config.simulated-is-of-a-demo"))


def _is_here(link: Link) -> bool:
    if isinstance(link, ModbusLink) and link.protocol == "modbus-rtu":
        port = PurePath(link.serial_port)
        return not port.is_relative_to(REAL) and ".." not in port.parts and not link.serial_port.isalnum()
    return is_this_machine(link.host)
