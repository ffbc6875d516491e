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
    # Those without limits of their own come last: theirs is the family as it is for everybody.
    ordered = sorted(devices.values(), key=lambda device: not device.settings)
    families = {device.family.family: device.family for device in ordered}
    streams = [stream for device in devices.values() for stream in device.streams]
    groups = {device.id: device.group for device in devices.values()}
    own = {device.id: device.family for device in devices.values() if device.settings}
    judge = Judge(families, streams, calendar.near, Surroundings(calendar, groups, baselines, own))
    for device in devices.values():
        asked = {rule for item in device.family.readiness.values() for rule in item.rules}
        if asked and device.streams:
            judge.renew(device.id, asked)
    return judge


def fresh_judge(site: Site) -> Judge:
    """Return the very judge that the daemon would use, knowing no baseline."""
    return make_judge(all_devices(site), SiteCalendar(Ceremonies.of(site), site.timezone))
