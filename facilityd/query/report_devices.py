"""Availability of devices: for how much of the time that is known nothing grave was wrong with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from facilityd.app.builtin import scope_of
from facilityd.config.site import Device, Site
from facilityd.model.intervals import Span, common, length, union, without
from facilityd.model.sample import NS
from facilityd.model.text import Text
from facilityd.query.alarm_log import AlarmLog, AsideSpan, OccurrenceSpan
from facilityd.query.observed import ObservedWindow

GRAVE = ("high", "critical")
"""Priorities of alarms with which a device is not available."""
BLIND = ("silence", "unreadable")
"""Kinds of rules that say that nothing is known of a device."""


@dataclass(frozen=True, slots=True)
class DeviceAvailability:
    """One device, or (``device`` empty) all of a family together. Times in s.

    ``down``: a grave alarm held, whether people were told or not; ``unknown``: it did not answer;
    ``planned``: it was in maintenance, drained or the like, which is neither up nor down; ``faults``: grave
    occurrences that began in the window and not in such a time, ``longest``: of all that touch it.
    """

    family: str
    device: str
    where: Text
    observed: float
    down: float
    unknown: float
    planned: float
    faults: int
    longest: float

    @property
    def share(self) -> float | None:
        """Availability in % of the time that is known and was to be served; None where there is none."""
        known = self.observed - self.unknown - self.planned
        return 100.0 * (known - self.down) / known if known > 0 else None


def blind_times(site: Site, window: ObservedWindow, log: AlarmLog) -> dict[str, list[Span]]:
    """Return of each device when it, or a link it needs, was silent while somebody watched."""
    by_device = _by_device(log)
    dark, watched = _dark_links(site, by_device, window), window.spans()
    found = {}
    for device in site.devices.values():
        blind = _blind_rules(device)
        own = [_held(one, window) for one in by_device.get(device.id, ()) if one.rule in blind]
        found[device.id] = common(union([*own, *dark.get(device.id, ())]), watched)
    return found


def availabilities(site: Site, window: ObservedWindow, log: AlarmLog) -> list[DeviceAvailability]:
    """Return each family with its devices after it, in the order of the site."""
    by_device, blind = _by_device(log), blind_times(site, window, log)
    families: dict[str, list[DeviceAvailability]] = {}
    for device in site.devices.values():
        aside = [_span(one, window) for one in log.aside if one.device == device.id]
        found = _device(device, by_device.get(device.id, ()), blind[device.id], aside, window)
        families.setdefault(device.family.family, []).append(found)
    rows: list[DeviceAvailability] = []
    for family, devices in families.items():
        rows += [_together(family, site.families[family].name, devices), *devices]
    return rows


def _by_device(log: AlarmLog) -> dict[str, list[OccurrenceSpan]]:
    found: dict[str, list[OccurrenceSpan]] = {}
    for span in log.occurrences:
        found.setdefault(span.device, []).append(span)
    return found


def _blind_rules(device: Device) -> set[str]:
    return {name for name, rule in device.family.rules.items() if rule.detect.kind in BLIND}


def _device(
    device: Device,
    spans: Sequence[OccurrenceSpan],
    unknown: Sequence[Span],
    aside: Sequence[Span],
    window: ObservedWindow,
) -> DeviceAvailability:
    blind, watched = _blind_rules(device), window.spans()
    planned = without(common(union(aside), watched), unknown)
    served = without(watched, planned)
    grave = [one for one in spans if one.priority in GRAVE and one.rule not in blind]
    held = common(union(_held(one, window) for one in grave), served)
    down = length(held) - length(common(held, unknown))
    begun = sum(window.since <= one.raised < window.end and not _within(one.raised, planned) for one in grave)
    longest = max((length(common([_held(one, window)], served)) for one in grave), default=0)
    return DeviceAvailability(
        device.family.family, device.id, device.name, length(watched) / NS, down / NS, length(unknown) / NS,
        length(planned) / NS, begun, longest / NS,
    )  # fmt: skip


def _within(at: int, spans: Sequence[Span]) -> bool:
    return any(since <= at < until for since, until in spans)


def _span(one: AsideSpan, window: ObservedWindow) -> Span:
    return one.since, max(one.since, window.end if one.until is None else one.until)


def _held(span: OccurrenceSpan, window: ObservedWindow) -> Span:
    """Return from when to when the condition held, as far as the window goes."""
    end = min(window.end, window.watched_until)
    until = end if span.cleared is None else span.cleared
    return span.raised, max(span.raised, min(until, end))


def _dark_links(
    site: Site, by_device: Mapping[str, Sequence[OccurrenceSpan]], window: ObservedWindow
) -> dict[str, list[Span]]:
    """Return of each device the times in which a link that it depends on was down."""
    found: dict[str, list[Span]] = {}
    for name, spans in by_device.items():
        if not name.startswith("link-"):
            continue
        for device, _ in scope_of(name, site):
            found.setdefault(device, []).extend(_held(one, window) for one in spans)
    return found


def _together(family: str, name: Text, rows: Sequence[DeviceAvailability]) -> DeviceAvailability:
    sums = (
        sum(getattr(row, key) for row in rows) for key in ("observed", "down", "unknown", "planned", "faults")
    )
    observed, down, unknown, planned, faults = sums
    longest = max(row.longest for row in rows)
    return DeviceAvailability(family, "", name, observed, down, unknown, planned, int(faults), longest)
