"""Old samples are sealed, a little at a beat, beside the writer: no commit waits long for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from enum import Enum, auto
from time import perf_counter

import apsw

from facilityd.errors import StoreFull, UsageError
from facilityd.model.sample import NS
from facilityd.pipeline.flow import Flow
from facilityd.store.batch import Write
from facilityd.store.reader import JournalReader

BUDGET_S = 0.05
"""Of a beat; so a twentieth of one core while there is something to seal."""
ROUND = 3600 * NS
"""After all is sealed that may be, it is looked for again so much later."""


class SealingScheduler:
    """``after``: so long after the end of a day (UTC) its samples are sealed, ns."""

    def __init__(self, flow: Flow, after: int) -> None:
        self._flow, self._after = flow, after
        self._work: Iterator[Write | None] | None = None
        self._next = 0

    async def beat(self, reader: JournalReader, at: int) -> None:
        """Seal what may be at an instant (ns UTC), as far as a beat's share goes."""
        if self._work is None and 0 < self._next - at <= ROUND:
            return
        begun = perf_counter()
        self._work = self._work or reader.sealing(at - self._after)
        while await self._step(self._work):
            if perf_counter() - begun >= BUDGET_S:
                return
        self._work, self._next = None, at + ROUND

    async def _step(self, work: Iterator[Write | None]) -> bool:
        """Take one step; return whether there may be more. What did not succeed is begun again later."""
        try:
            write = await asyncio.to_thread(_next, work)
            if isinstance(write, Write):
                await self._flow.commit([write])
        except (StoreFull, UsageError, apsw.Error):
            return False
        return write is not _Step.END


class _Step(Enum):
    END = auto()


def _next(work: Iterator[Write | None]) -> Write | _Step | None:
    return next(work, _Step.END)
