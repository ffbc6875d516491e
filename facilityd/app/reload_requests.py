"""Who wants the site's files to be read again: a command, a signal; each is answered once, by its id."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterable

from facilityd.model.command import ReloadSite
from facilityd.model.command_record import CommandRecord
from facilityd.supervise.inbox import whoami

HANGUP = "SIGHUP"


class ReloadRequests:
    """What was asked while files are being read waits for the next reading: they may have changed since."""

    def __init__(self) -> None:
        self._waiting: dict[str, CommandRecord] = {}
        self._held: set[str] = set()
        self._asked = asyncio.Event()

    def ask(self, record: CommandRecord) -> None:
        """Ask for a reading; ``record`` goes into the journal with what came of it."""
        self._waiting[record.id] = record
        self._held.add(record.id)
        self._asked.set()

    def hang_up(self, now: int) -> None:
        """Ask in the name of the signal, ``now`` in ns UTC; several before one reading are one."""
        if any(one.origin == HANGUP for one in self._waiting.values()):
            return
        kind = ReloadSite.model_fields["command"].default
        self.ask(CommandRecord(uuid.uuid4().hex, kind, "", now, HANGUP, whoami(), {}, now))

    def holds(self, command: str) -> bool:
        """Return whether a command, by its id, was asked here and is not answered yet."""
        return command in self._held

    async def take(self) -> list[CommandRecord]:
        """Wait until somebody asks; return all that did."""
        await self._asked.wait()
        self._asked.clear()
        taken, self._waiting = list(self._waiting.values()), {}
        return taken

    def answered(self, records: Iterable[CommandRecord]) -> None:
        """Note that the journal has, or will have, what came of these."""
        self._held.difference_update(one.id for one in records)
