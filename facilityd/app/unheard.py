"""Alarms that stand and of which nobody who is there has heard: whoever did has left the site's files."""

from __future__ import annotations

from facilityd.app.core import Core
from facilityd.app.escalation import announced
from facilityd.config.site import Site
from facilityd.model.alarm import AlarmState
from facilityd.model.notice import Notice


class UnheardAlarms:
    """Looks once after a start, and once after each change of the site: nothing else changes who is there."""

    def __init__(self, site: Site, core: Core) -> None:
        self._core, self._people = core, frozenset(site.recipients)
        self._looked = False

    async def beat(self) -> None:
        """Tell those responsible now, where nobody who is there knows."""
        if self._looked:
            return
        self._looked = True
        notices = [one for state in tuple(self._core.alarms.states.values()) for one in self._tell(state)]
        if notices:
            await self._core.flow.tell((), notices)

    def _tell(self, state: AlarmState) -> list[Notice]:
        if state.acked or state.suppressors or not (state.active or state.latched):
            return []
        device, rule, occurrence = state.device, state.rule, state.occurrence
        heard = self._core.ledger.notices(device, rule, occurrence)
        if any(one.recipient in self._people for one in heard):
            return []
        change = announced(self._core, device, rule, occurrence, state.since)
        return self._core.planner.tell(change, state)
