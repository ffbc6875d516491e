"""The check before each ceremony: at T-60, T-30 and T-10 min, recorded, and sent where it is not ready."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from facilityd.app.ceremony import DAY, Ceremonies, Ceremony
from facilityd.app.checklist import Checklists, JournalState
from facilityd.app.core import Core
from facilityd.config.site import Site
from facilityd.model.notice import Notice
from facilityd.model.readiness import BEFORE, Check
from facilityd.model.sample import NS
from facilityd.notify.readiness import LATE, ReadinessContext, plan_check
from facilityd.notify.render import SiteContext
from facilityd.store.reader import JournalReader

SETTLE = 30 * NS
"""A check that was missed is not made before the units have answered once (ns after the start)."""
AHEAD = 60 * NS
"""A check that a clock which was ahead by more than this made too early is made again (ns)."""


class ReadinessScheduler:
    """Each check is made once for each ceremony, whatever restarts; what is in the journal was made.

    One that was missed is made late, as long as the ceremony has not begun and no later one is due. One
    that lies in the future, since the clock was put back, was made too early: it is made again in its time.
    """

    def __init__(self, site: Site, core: Core, ceremonies: Ceremonies) -> None:
        self._core = core
        self._settle_until: int | None = None
        self._made: dict[tuple[int, int, str], Check] | None = None
        self._early: set[tuple[int, int, str]] = set()
        self.adopt(site, ceremonies)

    def adopt(self, site: Site, ceremonies: Ceremonies) -> None:
        """Go by another site from now on; what was checked stays checked."""
        self._site, self._ceremonies = site, ceremonies
        self._lists = Checklists(site, self._core.engine, self._core.devices)
        self._place = SiteContext(site.name, ZoneInfo(site.timezone), f"facilityd ready {site.source}")

    def next_edge(self, at: int) -> int:
        """Return when the next check is due after an instant, ns UTC."""
        coming = self._ceremonies.following(at)
        due = [coming.at - before for before in BEFORE if coming.at - before > at] if coming else []
        return min([*due, coming.at + 1 if coming else at + DAY])

    def timetable_off(self, at: int) -> float:
        """Return how far the next ceremony's published time is from the sun's, in s."""
        coming = self._ceremonies.following(at)
        return abs(self._ceremonies.off(coming)) / NS if coming else 0.0

    async def beat(self, reader: JournalReader, at: int) -> None:
        """Make what is due at ``at`` (ns UTC)."""
        made = self._known(reader, at)
        coming = self._ceremonies.following(at)
        passed = [before for before in BEFORE if coming and at >= coming.at - before]
        if not coming or not passed:
            return
        steady = self._core.clock.steady()
        if self._settle_until is None:
            self._settle_until = steady + min(SETTLE, coming.at - at)
        if steady < self._settle_until and at - (coming.at - min(passed)) > LATE:
            return
        missing = [d for d in self._lists.devices if (coming.at, min(passed), d) not in made]
        if missing:
            await self._make(coming, min(passed), missing, JournalState(reader, at, watching=True))

    def _known(self, reader: JournalReader, at: int) -> dict[tuple[int, int, str], Check]:
        """Return what was made for ceremonies since yesterday, but for what lies in the future."""
        if self._made is None:
            checks = reader.checks(at - DAY)
            self._made = {(c.ceremony, c.before, c.device): c for c in checks}
        for key in [key for key, one in self._made.items() if one.at > at + AHEAD]:
            del self._made[key]
            self._early.add(key)
        return self._made

    async def _make(self, coming: Ceremony, before: int, devices: list[str], now: JournalState) -> None:
        checks = [
            Check(
                coming.at, before, device, coming.name, now.at, self._lists.check(device, now),
                again=(coming.at, before, device) in self._early,
            )
            for device in devices
        ]  # fmt: skip
        notices = [notice for one in checks for notice in self._tell(one)]
        await self._core.flow.tell(checks, notices)
        made = self._known(now.reader, now.at)
        made.update({(c.ceremony, c.before, c.device): c for c in checks})

    def _tell(self, check: Check) -> list[Notice]:
        device = self._core.devices[check.device]
        made, mine = self._made or {}, (check.ceremony, check.device)
        earlier = {before: one for (c, before, d), one in made.items() if (c, d) == mine}
        last = earlier[min(earlier)] if earlier else None
        if check.ready and (last is None or last.ready):
            return []
        family, names = device.family, self._lists.names(check.device)
        mended = {one.item for one in last.items if one.stands_against} if last else set()
        signals = self._lists.signals(check.device)
        subject = ReadinessContext(device.name, family.readiness, names, signals, self._place.zone)
        troubled = self._core.planner.troubled()
        people = list(self._site.recipients.values())
        return plan_check(check, subject, self._place, people, mended, troubled)
