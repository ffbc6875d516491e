"""Who wants a watched link to be looked through for units: one at a time, answered once, by its id."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from facilityd.config.site import Site
from facilityd.model.command import ScanLink
from facilityd.model.command_record import CommandRecord
from facilityd.model.message import Wording
from facilityd.model.sample import NS

OUTDATED = 60 * NS
"""Age (ns) of a request that is not begun any more: after a kill nobody waits for it."""


@dataclass(slots=True)
class AskedScan:
    """A scan that was asked for. Once ``ended`` is set it is to end, and ``why`` says why."""

    command: ScanLink
    record: CommandRecord
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    why: str = ""


class ScanRequests:
    """The scan that goes on, from its request until its result is on record."""

    def __init__(self) -> None:
        self._now: AskedScan | None = None
        self._asked = asyncio.Event()

    def ask(self, command: ScanLink, record: CommandRecord) -> str:
        """Ask for a scan; return why it is refused, or nothing."""
        if self._now:
            busy = self._now.command
            return Wording("command.scan-busy", link=busy.link, person=busy.person or "-")
        if record.done_at - command.at > OUTDATED:
            return Wording("command.scan-outdated")
        self._now = AskedScan(command, record)
        self._asked.set()
        return ""

    def holds(self, command: str) -> bool:
        """Return whether a scan, by its command's id, was asked here and is not answered yet."""
        return self._now is not None and self._now.command.id == command

    def end(self, why: str, scan: str) -> bool:
        """Have a scan, by its command's id, end with what it found; return whether there is such a one."""
        if not self._now or not self.holds(scan):
            return False
        self._now.why = self._now.why or why
        self._now.ended.set()
        return True

    def adopt(self, old: Site, site: Site) -> None:
        """End a scan whose link, or the units on it, are others now."""
        if self._now is None:
            return
        link = self._now.command.link
        if (old.links.get(link), old.units_of(link)) != (site.links.get(link), site.units_of(link)):
            self.end(Wording("command.scan-reloaded"), self._now.command.id)

    async def take(self) -> AskedScan:
        """Wait until somebody asks; return what for."""
        while self._now is None or not self._asked.is_set():
            await self._asked.wait()
        self._asked.clear()
        return self._now

    def answered(self) -> None:
        """Note that the journal has, or will have, what came of it."""
        self._now = None
