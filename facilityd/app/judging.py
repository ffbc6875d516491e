"""The judge of a site: the same for the daemon, for what is learned and for the rules' list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from facilityd.app.builtin import all_devices
from facilityd.app.calendar import SiteCalendar
from facilityd.app.ceremony import Ceremonies
from facilityd.config.site import Device, Site
from facilityd.detect.judge import Judge
from facilityd.detect.surroundings import Calendar, Surroundings
from facilityd.model.baseline import Baseline


def make_judge(
    devices: Mapping[str, Device], calendar: Calendar, baselines: Sequence[Baseline] = ()
) -> Judge:
    """Return the judge of some devices, knowing some baselines."""
    families = {device.family.family: device.family for device in devices.values()}
    streams = [stream for device in devices.values() for stream in device.streams]
    groups = {device.id: device.group for device in devices.values()}
    return Judge(families, streams, calendar.near, Surroundings(calendar, groups, baselines))


def fresh_judge(site: Site) -> Judge:
    """Return the very judge that the daemon would use, knowing no baseline."""
    return make_judge(all_devices(site), SiteCalendar(Ceremonies.of(site), site.timezone))
