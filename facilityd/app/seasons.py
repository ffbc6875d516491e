"""Seasons: devices are in a state on days of each year that the site's files name; each ends by itself."""

from __future__ import annotations

from collections.abc import Container, Iterator
from datetime import date, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from facilityd.app.core import Core
from facilityd.app.device_states import STOPPED, season_of, suppressible
from facilityd.config.site import Site
from facilityd.model.command_record import CommandRecord
from facilityd.model.settings import MonthDay, SeasonSettings
from facilityd.model.suppression import Suppression, Suppressor
from facilityd.notify.hours import local_date, midnight
from facilityd.store.reader import JournalReader


class SeasonScheduler:
    """Begins what a season asks for and ends what the files have no season for any more.

    Its memory is the alarms' states; that a person ended a season before its time is in the journal.
    """

    def __init__(self, site: Site, core: Core) -> None:
        self._core, self._seasons, self._zone = core, site.seasons, ZoneInfo(site.timezone)
        self._looked: int | None = None

    def next_due(self, at: int) -> int | None:
        """Return when a season begins next, ns UTC; None where the site has none."""
        if self._looked is None:
            return at
        tomorrow = local_date(at, self._zone) + timedelta(days=1)
        return midnight(tomorrow, self._zone) if self._seasons else None

    async def beat(self, at: int) -> None:
        """Begin and end what an instant (ns UTC) asks for; looked at once a day, and at the start."""
        day = local_date(at, self._zone).toordinal()
        if day == self._looked:
            return
        self._looked = day
        wanted = {
            (season.id, device): (season, until)
            for season in self._seasons
            if (until := ends_at(season, at, self._zone))
            for device in season.devices
        }
        await self._end(wanted.keys(), at)
        if wanted:
            with JournalReader.open(self._core.path) as reader:
                stopped = {key: reader.meta(STOPPED.format(*key)) for key in wanted}
            for key, (season, until) in wanted.items():
                if stopped[key] != str(until):
                    await self._begin(season, key[1], until, at)

    async def _begin(self, season: SeasonSettings, device: str, until: int, at: int) -> None:
        rules = suppressible(self._core, device, season.also)
        lacking = [rule for rule in rules if self._lacks(device, rule, season, until)]
        if not lacking:
            return
        fact = Suppression(
            Suppressor.BY_STATE, at, until, season_of(season.id), season.reason, state=season.state
        )
        record = self._record("maintenance", season.id, device, at, until)
        await self._core.flow.carry_out(
            lambda: self._core.alarms.begin_state(device, lacking, at, fact, record.id), record
        )

    def _lacks(self, device: str, rule: str, season: SeasonSettings, until: int) -> bool:
        """Return whether a season has yet to begin on a rule; what a person is at goes on to its end."""
        fact = self._core.alarms.state(device, rule).suppressed_by(Suppressor.BY_STATE)
        return fact is None or (fact.person == season_of(season.id) and fact.until != until)

    async def _end(self, wanted: Container[tuple[str, str]], at: int) -> None:
        for device, name in sorted(set(self._running())):
            if (name, device) not in wanted:
                await self._end_one(device, self._record("end-maintenance", name, device, at, at))

    async def _end_one(self, device: str, record: CommandRecord) -> None:
        end = partial(self._core.alarms.end_state, device, record.done_at, record.person, record.id)
        await self._core.flow.carry_out(end, record)

    def _running(self) -> Iterator[tuple[str, str]]:
        """Yield device and season of what runs, without what ends by its time in this very beat."""
        for state in self._core.alarms.states.values():
            fact = state.suppressed_by(Suppressor.BY_STATE)
            if fact and fact.person.startswith(season_of("")):
                yield state.device, fact.person.removeprefix(season_of(""))

    def _record(self, kind: str, season: str, device: str, at: int, until: int) -> CommandRecord:
        name = f"{season_of(season)}/{device}/{kind}/{at}"
        asked = {"device": device, "season": season, "until": until}
        return CommandRecord(name, kind, season_of(season), at, "site", "", asked, at)


def ends_at(season: SeasonSettings, at: int, zone: ZoneInfo) -> int:
    """Return when the season ends that an instant (ns UTC) is within, 0 where it is in none."""
    today = local_date(at, zone)
    for year in (today.year - 1, today.year):
        begin = _day(year, season.begin)
        end = _day(year + (season.until <= season.begin), season.until)
        if begin <= today < end:
            return midnight(end, zone)
    return 0


def _day(year: int, day: MonthDay) -> date:
    """Return the day of a year; the 29th of February is the 1st of March where there is none."""
    month, number = day
    try:
        return date(year, month, number)
    except ValueError:
        return date(year, 3, 1)
