"""A state of a device has ended by its time: whoever answers for it is told once that it is watched again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from zoneinfo import ZoneInfo

from facilityd.app.builtin import scope_of
from facilityd.app.core import Core
from facilityd.config.site import Site
from facilityd.errors import StoreFull
from facilityd.model.alarm import ChangeKind
from facilityd.model.notice import Notice
from facilityd.model.sample import NS
from facilityd.model.suppression import Suppressor
from facilityd.notify.render import SiteContext
from facilityd.notify.roster import Roster
from facilityd.notify.state_over import StateOver, plan_state_over
from facilityd.store.reader import JournalReader

BACK = 86_400 * NS
"""What ended while the daemon was away is made up for so long (ns)."""


class StateEnds:
    """The changes in the journal say what has ended; the key of a notice is its device and that instant."""

    def __init__(self, site: Site, core: Core) -> None:
        self._site, self._core = site, core
        zone = ZoneInfo(site.timezone)
        self._place = SiteContext(site.name, zone)
        self._roster = Roster(list(site.recipients.values()), site.duty, zone)
        self._held: frozenset[str] | None = None

    async def beat(self, at: int) -> None:
        """Tell what has ended since the last beat; at the first, since yesterday."""
        before, self._held = self._held, frozenset(self._in_a_state())
        if before is not None and before <= self._held:
            return
        with JournalReader.open(self._core.path) as reader:
            ended = self._ended(reader, at - BACK)
        notices = [notice for one in ended.values() for notice in self._tell(one)]
        if notices:
            with suppress(StoreFull):
                await self._core.flow.tell((), notices)

    def _in_a_state(self) -> Iterator[str]:
        for state in self._core.alarms.states.values():
            # Asked of every alarm at every beat: nearly all of them have nothing over them.
            if state.suppressors and state.suppressed_by(Suppressor.BY_STATE):
                yield state.device

    def _ended(self, reader: JournalReader, since: int) -> dict[tuple[str, int], StateOver]:
        """Return by device and instant what ended by its time: a person who ends one knows of it."""
        ended: dict[tuple[str, int], StateOver] = {}
        for stored in reader.changes(since):
            change = stored.change
            if change.kind is ChangeKind.STATE_OVER and not change.details.get("command"):
                state = str(change.details.get("state") or "maintenance")
                ended[change.device, change.at] = StateOver(change.device, state, change.at)
        return ended

    def _tell(self, over: StateOver) -> list[Notice]:
        device = self._core.devices.get(over.device)
        if device is None:
            return []
        mine = (state for state in self._core.alarms.states.values() if state.device == over.device)
        if any(state.active or state.latched for state in mine):
            return []  # these are told, with the state that is over
        people = self._roster.responsible(over.at, scope_of(over.device, self._site))
        return plan_state_over(over, device.name, people, self._place)
