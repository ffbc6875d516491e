"""Who is responsible at an instant: by what they look after, by rota, by substitute."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from facilityd.model.people import DutyPlan, QuietHours, Rota, Shift
from facilityd.model.rule import Priority
from facilityd.model.settings import RecipientSettings
from facilityd.notify.hours import ends_at, local_date, spans_at
from facilityd.notify.rota_calendar import on_duty

log = logging.getLogger(__name__)


class Roster:
    """People and their duty plan; every answer is for an instant in ns UTC."""

    def __init__(self, people: Sequence[RecipientSettings], plan: DutyPlan, zone: ZoneInfo) -> None:
        self.people, self.plan, self._zone = tuple(people), plan, zone
        self._known = {one.id: one for one in self.people}
        self._names = {
            name.casefold(): one.id for one in self.people for name in (one.id, one.name.zh, one.name.en)
        }
        self._on_a_rota = frozenset().union(*(rota.people for rota in plan.rotas))

    def responsible(self, at: int, scope: Iterable[tuple[str, str]] = ()) -> list[RecipientSettings]:
        """Return who answers for devices now, in the order of the configuration.

        ``scope`` has each device with its family; none: it concerns everybody. Whoever is on no rota is
        always there. Where nobody at all would answer, everybody does: better too many.
        """
        on_duty, scope = self._there(at), tuple(scope)
        there = [one for one in self.people if one.id in on_duty and not one.standby]
        return [one for one in there if looks_after(one, scope)] or there or list(self.people)

    def members(self, names: Iterable[str], at: int) -> list[RecipientSettings]:
        """Return the people that ids of people and of rotas mean now; of a rota who is on duty."""
        wanted: set[str] = set()
        rotas = {rota.id: rota for rota in self.plan.rotas}
        for name in names:
            wanted |= self._on(rotas[name], at) if name in rotas else {self._stands_in(name, at)}
        return [one for one in self.people if one.id in wanted]

    def quiet_until(self, person: RecipientSettings, at: int, priority: Priority) -> int:
        """Return until when (ns UTC) somebody is not to be disturbed by a priority; 0: they may be now."""
        until, ahead = 0, at
        # Hours that follow each other without a gap are one night: Friday's into the weekend's.
        while (ends := _latest(person.quiet, ahead, priority, self._zone, self.plan.holidays)) > ahead:
            until = ahead = ends
            if until - at > _LONGEST_QUIET:
                break
        return until

    def gaps(self, at: int, days: int) -> list[tuple[str, int]]:
        """Return the rotas on which nobody is on duty in the coming days, with when that begins (ns UTC).

        Events of a calendar are looked at every quarter of an hour, shifts of a table at their ends.
        """
        found = ((rota.id, self._unmanned(rota, at, at + 24 * days * _HOUR)) for rota in self.plan.rotas)
        return [(name, when) for name, when in found if when is not None]

    def _unmanned(self, rota: Rota, at: int, until: int) -> int | None:
        while at < until:
            if not self._named(rota, at):
                return at
            ends = (ends_at(shift.hours, at, self._zone, self.plan.holidays) for shift in rota.shifts)
            at = max((end for end in ends if end is not None), default=at - at % _QUARTER + _QUARTER)
        return None

    def _there(self, at: int) -> frozenset[str]:
        always = {self._stands_in(one.id, at) for one in self.people if one.id not in self._on_a_rota}
        return frozenset(always).union(*(self._on(rota, at) for rota in self.plan.rotas))

    def _on(self, rota: Rota, at: int) -> frozenset[str]:
        """Return who is on duty on a rota; everybody on it where nobody would be."""
        return self._named(rota, at) or rota.people

    def _named(self, rota: Rota, at: int) -> frozenset[str]:
        people = {name for shift in rota.shifts for name in self._in_shift(shift, at)}
        if rota.calendar:
            try:
                people |= on_duty(rota.calendar, at, self._zone, self._names)
            except Exception as error:  # noqa: BLE001 - a library reads a foreign file: everybody is notified
                log.warning("rota %s: its calendar cannot be read: %s", rota.id, error)
        return frozenset(self._stands_in(name, at) for name in people)

    def _in_shift(self, shift: Shift, at: int) -> Iterable[str]:
        for day, _ in spans_at(shift.hours, at, self._zone, self.plan.holidays):
            if not shift.turn or shift.start is None:
                return shift.people
            turn = (day - shift.start).days // shift.turn
            return (shift.people[turn % len(shift.people)],)
        return ()

    def _stands_in(self, name: str, at: int) -> str:
        """Return who stands in for somebody on this day; themselves, where nobody does."""
        day, seen = local_date(at, self._zone), {name}
        while True:
            by = (s.by for s in self.plan.substitutions if s.person == name and s.begin <= day < s.until)
            substitute = next(by, name)
            if substitute in seen:  # nobody stands in, or two for each other
                return name
            seen.add(substitute)
            name = substitute


_HOUR = 3600 * 10**9
_QUARTER = _HOUR // 4
_LONGEST_QUIET = 14 * 24 * _HOUR


def looks_after(person: RecipientSettings, scope: Sequence[tuple[str, str]]) -> bool:
    """Return whether somebody answers for one of some devices, each with its family; for none: always."""
    if not scope or not (person.devices or person.families):
        return True
    return any(device in person.devices or family in person.families for device, family in scope)


def _latest(quiet: Iterable[QuietHours], at: int, priority: Priority, zone: ZoneInfo, holidays: str) -> int:
    return max(
        (ends_at(q.hours, at, zone, holidays) or 0 for q in quiet if priority < q.least),
        default=0,
    )
