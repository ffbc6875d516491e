"""Ceremonies of a window: due by the timetable, how ready, and how each hoist ran."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from facilityd.app.ceremony import Ceremonies, Ceremony
from facilityd.config.site import Device, Site
from facilityd.model.intervals import Span, common
from facilityd.model.readiness import Check, ItemOutcome
from facilityd.model.rule import Rule
from facilityd.model.sample import NS
from facilityd.model.text import Text
from facilityd.query.alarm_log import AlarmLog
from facilityd.query.observed import ObservedWindow
from facilityd.store.alarm_log import TimedRun

BEFORE, AFTER = 1800 * NS, 3600 * NS
"""A run belongs to a ceremony where it ended so long (ns) before or after its instant."""
LASTS = 600 * NS
"""A run that was not seen by so long (ns) after its instant did not take place."""


@dataclass(frozen=True, slots=True)
class CeremonyRow:
    """One ceremony and one hoist. ``at`` in ns UTC, ``took`` in s.

    ``ready``: ready, not-ready, or unknown where no check was recorded; ``against``: what stood against it at
    the last check, ``waived``: by how many waivers. ``run``: on-time, off-time, not-seen or unknown, where
    nobody watched. ``alarms``: that came before people about it within the half hour around.
    """

    at: int
    name: str
    device: str
    where: Text
    ready: str
    against: tuple[Text, ...]
    waived: int
    run: str
    took: float | None
    alarms: int


def due_ceremonies(site: Site, since: int, until: int) -> list[Ceremony]:
    """Return the ceremonies of since <= at < until (ns UTC) by the timetable, else by the sun."""
    ceremonies = Ceremonies.of(site)
    day, last = (datetime.fromtimestamp(at / NS, UTC).date() for at in (since, max(since, until)))
    found: set[Ceremony] = set()
    for n in range((last - day).days + 1):
        around = ceremonies.of_day(day + timedelta(days=n))
        found |= {one for one in around if since <= one.at < until}
    return sorted(found)


def hoists(site: Site) -> list[Device]:
    """Return the devices that have a checklist and a rule that times runs."""
    return [device for device in site.devices.values() if device.family.readiness and _timing(device)]


def _timing(device: Device) -> list[Rule]:
    return [rule for rule in device.family.rules.values() if rule.detect.kind == "sequence"]


@dataclass(frozen=True, slots=True)
class CeremonyRecords:
    """What is known of a window's ceremonies. ``runs_from``: runs are known from then on, ns UTC.

    ``blind``: of each device when nothing was known of it.
    """

    window: ObservedWindow
    checks: Sequence[Check]
    runs: Sequence[TimedRun]
    log: AlarmLog
    blind: Mapping[str, Sequence[Span]]
    runs_from: int

    def last_checks(self) -> dict[int, dict[str, Check]]:
        """Return the last check of each device before each ceremony."""
        found: dict[int, dict[str, Check]] = {}
        for check in sorted(self.checks, key=lambda one: -one.before):
            found.setdefault(check.ceremony, {})[check.device] = check
        return found

    def run(self, due: Ceremony, hoist: Device) -> tuple[str, float | None]:
        """Return how a hoist ran, and for how long (s); the last run that belongs to a ceremony counts."""
        since, until = due.at - BEFORE, due.at + AFTER
        own = [run for run in self.runs if run.device == hoist.id and since <= run.ended < until]
        if own:
            return "off-time" if own[-1].off else "on-time", own[-1].took
        needed = since, due.at + LASTS
        watched = any(a <= needed[0] and needed[1] <= b for a, b in self.window.spans(self.runs_from))
        timed = any(hoist.bound.issuperset(rule.detect.inputs) for rule in _timing(hoist))
        blind = common([needed], self.blind.get(hoist.id, ()))
        return ("not-seen" if watched and timed and not blind else "unknown"), None


def ceremony_rows(site: Site, known: CeremonyRecords) -> list[CeremonyRow]:
    """Return each ceremony of the window that has begun, with each hoist."""
    due = due_ceremonies(site, known.window.since, known.window.end)
    last, found = known.last_checks(), hoists(site)
    return [_row(one, hoist, last.get(one.at, {}), site.devices, known) for one in due for hoist in found]


def _row(
    due: Ceremony,
    hoist: Device,
    checks: Mapping[str, Check],
    devices: Mapping[str, Device],
    known: CeremonyRecords,
) -> CeremonyRow:
    ready = "unknown" if not checks else "ready" if all(c.ready for c in checks.values()) else "not-ready"
    against = tuple(name for check in checks.values() for name in _against(check, devices))
    waived = sum(item.outcome is ItemOutcome.WAIVED for check in checks.values() for item in check.items)
    came = known.log.annunciations
    near = [one for one in came if one.device == hoist.id and abs(one.at - due.at) <= BEFORE]
    run = known.run(due, hoist)
    return CeremonyRow(due.at, due.name, hoist.id, hoist.name, ready, against, waived, *run, len(near))


def _against(check: Check, devices: Mapping[str, Device]) -> Iterator[Text]:
    known = devices.get(check.device)
    items = known.family.readiness if known else {}
    for one in check.items:
        if one.stands_against:
            yield items[one.item].name if one.item in items else Text(zh=one.item or "?", en=one.item or "?")
