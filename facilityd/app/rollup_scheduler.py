"""Hours that have ended are rolled up, a few at a beat, beside the writer: no commit waits for them."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from facilityd.errors import StoreFull
from facilityd.model.sample import NS
from facilityd.pipeline.flow import Flow
from facilityd.store.reader import JournalReader
from facilityd.store.rollups import RolledHoursWrite

GRACE = 300 * NS
"""So long after its end an hour is rolled up: what comes later costs doing it again."""
MOST = 50
BUDGET_S = 0.02


class RollupScheduler:
    """``keep``: how long samples are kept, ns."""

    def __init__(self, flow: Flow, keep: int) -> None:
        self._flow, self._keep = flow, keep

    async def beat(self, reader: JournalReader, at: int) -> None:
        """Roll up what is due at an instant (ns UTC), as far as a beat's share goes."""
        if reader.rollup_due(at - GRACE):
            hours = await asyncio.to_thread(reader.roll_due, at - GRACE, at - self._keep, MOST, BUDGET_S)
            with suppress(StoreFull):  # it stays due
                await self._flow.commit([RolledHoursWrite(hours)])
