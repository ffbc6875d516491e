"""The lights of one night: when each circuit was lit, how bright, and when that is not known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from facilityd.config.site import Device, Site
from facilityd.model.intervals import Span, overlap, union, without
from facilityd.model.operating_mode import REST
from facilityd.model.sample import NS
from facilityd.model.text import Text
from facilityd.notify.hours import local_date
from facilityd.query.modes import every_span
from facilityd.query.night import night_span
from facilityd.query.occurrences import OccurrenceQuery, OccurrenceRow, read_occurrences
from facilityd.store.reader import JournalReader

SLOT = 600 * NS
"""Width of a cell of the heat map: what a person sees of a night at once."""
HOUR = 3600 * NS
LIT, LAMPS = "lit", "lamps"
"""The operating mode in which a circuit is lit, and the topic of lamps that failed."""
LEVELS = 4
TRANSITION = 120 * NS
"""Lamps take a moment: a circuit that is switched on and dark for longer (ns) is told in its cell."""


class LightState(StrEnum):
    """What a circuit was in a cell; ``SWITCHED`` on and not lit, ``AHEAD``: still to come."""

    LIT = "lit"
    DARK = "dark"
    SWITCHED = "switched"
    UNKNOWN = "unknown"
    AHEAD = "ahead"


@dataclass(frozen=True, slots=True)
class LightCell:
    """A circuit at since <= t < until (ns UTC). ``level``: 1 to 4, against its own greatest of the night."""

    since: int
    until: int
    state: LightState
    level: int = 0


@dataclass(frozen=True, slots=True)
class CircuitNight:
    """One circuit: its ``cells`` in order; ``lit``, ``switched`` and ``unknown`` are exact spans, ns UTC."""

    device: str
    name: Text
    cells: tuple[LightCell, ...]
    lit: tuple[Span, ...]
    switched: tuple[Span, ...]
    unknown: tuple[Span, ...]
    lamps: tuple[OccurrenceRow, ...]


@dataclass(frozen=True, slots=True)
class LightNight:
    """A night of whole hours, ns UTC, as it is known at ``now``; ``lamps``: alarms of lamps in it."""

    since: int
    until: int
    now: int
    zone: str
    circuits: tuple[CircuitNight, ...]
    lamps: tuple[OccurrenceRow, ...]


def light_circuits(site: Site) -> list[Device]:
    """Return the devices of which it is known when they are lit."""
    return [one for one in site.devices.values() if LIT in one.family.states and _brightness(one)]


def _brightness(device: Device) -> str:
    """Return the signal that says how brightly a circuit is lit; "" where none is bound."""
    names = [condition.signal for condition in device.family.states[LIT].when]
    return next((name for name in names if name in device.bound), "")


def night_of(site: Site, now: int) -> date:
    """Return the day on whose evening the last night began that has begun."""
    tonight = local_date(now, ZoneInfo(site.timezone))
    return tonight if _whole(night_span(site, tonight))[0] <= now else tonight - timedelta(days=1)


def _whole(span: Span) -> Span:
    """Return a night whose edges are whole hours."""
    return span[0] // HOUR * HOUR, -(-span[1] // HOUR) * HOUR


def read_light_night(
    site: Site, devices: Mapping[str, Device], reader: JournalReader, day: date, now: int
) -> LightNight:
    """Return the night that begins on a day of the site, of all circuits, as it is known at ``now``."""
    span = _whole(night_span(site, day))
    asked = OccurrenceQuery(*span, about=LAMPS, standing=True)
    lamps = read_occurrences(devices, reader, asked, site.timezone)
    circuits = tuple(_circuit(reader, one, span, now, lamps) for one in light_circuits(site))
    return LightNight(*span, now, site.timezone, circuits, tuple(lamps))


def _circuit(
    reader: JournalReader, device: Device, span: Span, now: int, lamps: Sequence[OccurrenceRow]
) -> CircuitNight:
    since, until = span[0], max(span[0], min(span[1], now))
    spans = every_span(reader, device, since, until)
    lit = tuple((one.since, one.until) for one in spans if one.mode == LIT)
    dark = tuple((one.since, one.until) for one in spans if one.mode == REST)
    switched = tuple((one.since, one.until) for one in spans if one.mode and one.mode not in (LIT, REST))
    unknown = tuple(without([(since, until)], union((*lit, *dark, *switched))))
    states = {LightState.LIT: lit, LightState.DARK: dark, LightState.SWITCHED: switched}
    bright = _levels(reader, device, span)
    cells = tuple(_cell(at, until, states, bright.get(at, 1)) for at in range(*span, SLOT))
    own = tuple(row for row in lamps if row.device == device.id)
    return CircuitNight(device.id, device.name, cells, lit, switched, unknown, own)


def _levels(reader: JournalReader, device: Device, span: Span) -> dict[int, int]:
    """Return by the begin of a cell how bright it was, 1 to 4."""
    means = {
        one.start: one.mean
        for one in reader.buckets(device.id, _brightness(device), *span, SLOT)
        if one.mean is not None
    }
    most = max(means.values(), default=0.0)
    return {at: _level(mean / most) if most > 0 else 1 for at, mean in means.items()}


def _level(share: float) -> int:
    return min(LEVELS, max(1, round(share * LEVELS)))


def _cell(at: int, until: int, states: Mapping[LightState, Sequence[Span]], level: int) -> LightCell:
    cell = at, at + SLOT
    seen = min(cell[1], until)
    if seen <= at:
        return LightCell(*cell, LightState.AHEAD)
    held = {state: overlap((at, seen), spans) for state, spans in states.items()}
    held[LightState.UNKNOWN] = seen - at - sum(held.values())
    if held[LightState.SWITCHED] > TRANSITION:
        return LightCell(*cell, LightState.SWITCHED)
    state = max(held, key=lambda one: held[one])
    return LightCell(*cell, state, level if state is LightState.LIT else 0)
