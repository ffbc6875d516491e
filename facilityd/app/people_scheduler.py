"""What becomes due for people by time alone: an escalation's next step, a digest, a season."""

from __future__ import annotations

from facilityd.app.core import Core
from facilityd.app.digest import DigestSender
from facilityd.app.escalation import Escalator
from facilityd.app.morning import MorningDigests
from facilityd.app.proof_of_life import DailyTest
from facilityd.app.seasons import SeasonScheduler
from facilityd.app.state_ends import StateEnds
from facilityd.app.unheard import UnheardAlarms
from facilityd.config.site import Site

FAR = 1 << 62


class PeopleScheduler:
    """Asked at every beat; everything that it waits for is in the journal."""

    def __init__(self, site: Site, core: Core) -> None:
        self._ledger = core.ledger
        self._escalator = Escalator(core, site.duty.escalation)
        self._unheard = UnheardAlarms(site, core)
        self._seasons, self._ends = SeasonScheduler(site, core), StateEnds(site, core)
        self._mornings = MorningDigests(site, core)
        self._digests, self._tests = DigestSender(site, core), DailyTest(site, core)

    def next_edge(self, steady: int, at: int) -> int:
        """Return when something is due, ns of the steady clock; ``at`` is the same instant, ns UTC."""
        waits = (self._tests, self._seasons, self._mornings)
        known = [self._escalator.next_due(), self._ledger.next_deferred()]
        dues = [*known, *(one.next_due(at) for one in waits)]
        return min((steady + max(0, due - at) for due in dues if due is not None), default=FAR)

    def leapt(self, by: int) -> None:
        """Note that the clock was put forward by ``by`` ns, or back: no escalation waits longer for it."""
        self._escalator.leapt(by)

    async def beat(self, at: int) -> None:
        """Carry out what is due at an instant (ns UTC)."""
        await self._ends.beat(at)
        await self._seasons.beat(at)
        await self._digests.beat(at)
        await self._unheard.beat()
        await self._escalator.beat(at)
        await self._tests.beat(at)
        await self._mornings.beat(at)
