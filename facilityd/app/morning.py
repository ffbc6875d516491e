"""Each morning, for who wants it: what happened at night, what is open, what is ready."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from facilityd.app.builtin import scope_of
from facilityd.app.ceremony import NAMES, Ceremonies
from facilityd.app.checklist import Checklists, JournalState
from facilityd.app.core import Core
from facilityd.app.night import night_alarms
from facilityd.config.site import Site
from facilityd.errors import StoreFull
from facilityd.model.downtime import Downtime, Pause
from facilityd.model.people import Hours, MorningSettings
from facilityd.model.readiness import is_ready
from facilityd.model.sample import NS, STALE_PERIODS
from facilityd.model.settings import RecipientSettings
from facilityd.model.text import Text
from facilityd.notify.hours import applies, local_date, span
from facilityd.notify.morning import CeremonyOutlook, MorningFacts, plan_morning
from facilityd.notify.render import SiteContext
from facilityd.notify.roster import looks_after
from facilityd.store.reader import JournalReader

LATE = 4 * 3600 * NS
"""One that was missed is made up for so long (ns): at noon the night is old."""
DAY = 86_400 * NS
AGAIN = 3600 * NS
"""Where no day is one for a person, days are looked at again after so long, ns."""


class MorningDigests:
    """One for each person and day. Its key is the day's, so a restart sends none twice."""

    def __init__(self, site: Site, core: Core) -> None:
        self._site, self._core, self._zone = site, core, ZoneInfo(site.timezone)
        self._people = [(p, p.morning) for p in site.recipients.values() if p.morning and p.channels]
        self._place = SiteContext(site.name, self._zone, people=site.people)
        self._made: dict[str, int] = {}
        self._reckoned: dict[str, tuple[int, int | None, int]] = {}

    def next_due(self, at: int) -> int | None:
        """Return when the next one is due, ns UTC; None where nobody wants one."""
        dues = (self._due(person, wanted, at) for person, wanted in self._people)
        return min((due for due in dues if due is not None), default=None)

    async def beat(self, at: int) -> None:
        """Send what is due at an instant (ns UTC)."""
        due = {p.id: self._due(p, wanted, at) for p, wanted in self._people}
        ready = [(p, wanted) for p, wanted in self._people if (when := due[p.id]) is not None and when <= at]
        if not ready:
            return
        with JournalReader.open(self._core.path) as reader:
            for person, wanted in ready:
                await self._send(reader, person, wanted, due[person.id] or 0, at)

    async def _send(
        self, reader: JournalReader, person: RecipientSettings, wanted: MorningSettings, due: int, at: int
    ) -> None:
        self._made[person.id] = due
        self._reckoned.pop(person.id, None)
        night = Hours(wanted.since, wanted.at)
        since = span(night, self._evening(due, wanted), self._zone)[0]
        facts = self._facts(reader, person, since, at)
        if facts.quiet and not wanted.when_quiet:
            return
        notices = plan_morning(facts, person, self._place, due, tuple(self._core.planner.troubled()))
        with suppress(StoreFull):
            await self._core.flow.tell((), notices)

    def _evening(self, due: int, wanted: MorningSettings) -> date:
        """Return the day on which the night began."""
        return local_date(due, self._zone) - timedelta(days=wanted.since >= wanted.at)

    def _due(self, person: RecipientSettings, wanted: MorningSettings, at: int) -> int | None:
        """Return when a person's next one is due; reckoned anew when that is over, or the clock went back."""
        since, due, until = self._reckoned.get(person.id, (at, None, at))
        if not since <= at < until:
            due = self._next(person, wanted, at)
            self._reckoned[person.id] = at, due, at + AGAIN if due is None else due + LATE
        return due

    def _next(self, person: RecipientSettings, wanted: MorningSettings, at: int) -> int | None:
        hours, today = Hours(wanted.at, wanted.at, wanted.days), local_date(at, self._zone)
        days = (today + timedelta(days=n) for n in range(-1, 9))
        dues = (span(hours, d, self._zone)[0] for d in days if applies(hours, d, self._site.duty.holidays))
        made = self._made.get(person.id, 0)
        return min((due for due in dues if due > made and due + LATE > at), default=None)

    def _facts(self, reader: JournalReader, person: RecipientSettings, since: int, at: int) -> MorningFacts:
        mine = {
            name: device
            for name, device in self._core.devices.items()
            if looks_after(person, scope_of(name, self._site))
        }
        raised, before = night_alarms(reader, mine, self._core.alarms.states.values(), person.minimum, since)
        own = [name for name in mine if name in self._site.devices]
        states = [s for s in self._core.alarms.states.values() if s.device in mine and s.suppressors]
        return MorningFacts(
            since, at, raised, before, _gaps(reader, since, at), self._unseen(reader, own, at), len(own),
            sum(state.active for state in states), self._tasks(mine.keys(), at),
            list(self._ceremonies(reader, own, at)),
        )  # fmt: skip

    def _tasks(self, mine: Collection[str], at: int) -> tuple[int, int]:
        open_ = [t for t in self._core.tasks.tasks.values() if not t.closed and t.device in mine]
        return len(open_), sum(bool(t.due) and t.due < at for t in open_)

    def _unseen(self, reader: JournalReader, own: list[str], at: int) -> list[Text]:
        """Return the names of devices of which no good value is current."""
        seen: set[str] = set()
        for row in reader.latest():
            sample = reader.sample(row)
            if at - sample.at <= STALE_PERIODS * sample.stream.expected and any(
                value is not None and n not in sample.reasons for n, value in enumerate(sample.values)
            ):
                seen.add(sample.stream.device)
        bound = (self._core.devices[name] for name in own if self._core.devices[name].bound)
        return [device.name for device in bound if device.id not in seen]

    @cached_property
    def _lists(self) -> Checklists:
        return Checklists(self._site, self._core.engine, self._core.devices)

    def _ceremonies(self, reader: JournalReader, own: list[str], at: int) -> Iterator[CeremonyOutlook]:
        """Yield today's ceremonies: those that are over as they were checked, others as it is now."""
        devices = [name for name in self._lists.devices if name in own]
        if not devices:
            return
        ceremonies, today = Ceremonies.of(self._site), local_date(at, self._zone)
        day = datetime.fromtimestamp(at // NS, UTC).date()
        now = JournalState(reader, at, watching=True)
        checks = {(c.ceremony, c.device): c for c in sorted(reader.checks(at - DAY), key=lambda c: -c.before)}
        for name in NAMES:
            for when in sorted(set(ceremonies.instants(day, name))):
                if local_date(when, self._zone) != today:
                    continue
                for device in devices:
                    known = checks.get((when, device))
                    items = self._lists.check(device, now) if when > at else known.items if known else None
                    about = self._core.devices[device]
                    ready = None if items is None else is_ready(items)
                    against = [one.item for one in items or () if one.stands_against]
                    named = tuple(about.family.readiness[item].name for item in against)
                    yield CeremonyOutlook(name, when, about.name, ready, named)


def _gaps(reader: JournalReader, since: int, at: int) -> list[Downtime]:
    """Return when nobody watched; a clock that was set is no such time, the one before the first start is."""
    first = next((row.at for row in reader.samples_after(0, 1)), at)
    before = [Downtime(since, first)] if first > since else []
    return [*before, *(one for one in reader.downtimes(since, at) if one.why is not Pause.CLOCK)]
