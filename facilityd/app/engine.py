"""The rule engine of a site: the same for the daemon, for what is learned and for the rules' list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from devices.family import Family
from devices.profile import ModbusProfile, Point
from devices.unit import Unit
from facilityd.app.builtin import all_devices
from facilityd.app.calendar import SiteCalendar
from facilityd.app.ceremony import Ceremonies
from facilityd.config.site import Device, Site
from facilityd.detect.context import Calendar, RuleContext
from facilityd.detect.engine import RuleEngine
from facilityd.detect.resume import Past
from facilityd.model.baseline import Baseline
from facilityd.model.sample import Stream


def make_engine(
    devices: Mapping[str, Device],
    calendar: Calendar,
    baselines: Sequence[Baseline] = (),
    units: Iterable[Unit] = (),
) -> RuleEngine:
    """Return the rule engine of some devices, knowing some baselines; ``units`` name the registers."""
    families, streams, context = _parts(devices, calendar, baselines, units)
    engine = RuleEngine(families, streams, calendar.near, context)
    _report_occasions(engine, devices)
    return engine


def reconfigure(
    engine: RuleEngine,
    devices: Mapping[str, Device],
    calendar: Calendar,
    baselines: Sequence[Baseline],
    units: Iterable[Unit],
    past: Past,
) -> None:
    """Let an engine go on with other devices; ``past`` is what those that changed begin with."""
    families, streams, context = _parts(devices, calendar, baselines, units)
    engine.reconfigure(families, streams, context, past)
    _report_occasions(engine, devices)


def _parts(
    devices: Mapping[str, Device], calendar: Calendar, baselines: Sequence[Baseline], units: Iterable[Unit]
) -> tuple[dict[str, Family], list[Stream], RuleContext]:
    families = {device.family.family: device.family for device in devices.values()}
    streams = [stream for device in devices.values() for stream in device.streams]
    groups = {device.id: device.group for device in devices.values()}
    own = {device.id: device.family for device in devices.values()}
    points, meanings = points_of(units), meanings_of(units)
    return families, streams, RuleContext(calendar, groups, baselines, own, points, meanings)


def _report_occasions(engine: RuleEngine, devices: Mapping[str, Device]) -> None:
    for device in devices.values():
        asked = {rule for item in device.family.readiness.values() for rule in item.rules}
        if asked and device.streams:
            engine.report_each_occasion(device.id, asked)


def points_of(units: Iterable[Unit]) -> dict[tuple[str, str], str]:
    """Return the register or topic behind each (device, signal): ``panel.input_0 (discrete-input 0)``."""
    found = {}
    for unit in units:
        for one in unit.bindings:
            where = f"{unit.id}.{one.name}"
            if isinstance(unit.profile, ModbusProfile) and isinstance(one.point, Point):
                where += f" ({(one.point.table or unit.profile.table).value} {one.point.address + unit.base})"
            found[one.stream.device, one.stream.signals[one.slot]] = where
    return found


def meanings_of(units: Iterable[Unit]) -> dict[tuple[str, str], dict[int, str]]:
    """Return what codes come from by (device, signal), of those whose profile says so."""
    return {
        (one.stream.device, one.stream.signals[one.slot]): one.point.means
        for unit in units
        for one in unit.bindings
        if isinstance(one.point, Point) and one.point.means
    }


def fresh_engine(site: Site) -> RuleEngine:
    """Return the very engine that the daemon would use, knowing no baseline."""
    return make_engine(
        all_devices(site),
        SiteCalendar(Ceremonies.of(site), site.timezone, site.duty.holidays),
        units=site.units.values(),
    )
