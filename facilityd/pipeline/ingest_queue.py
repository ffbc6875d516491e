"""The one door: samples from all sources, gathered into batches for one commit each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from facilityd.errors import Outage
from facilityd.model.quality import Reason
from facilityd.model.sample import Sample

ROOM = 200_000
"""Samples held while the journal is busy; about 100 MB at worst."""
TICK_S = 0.25
"""Polls of this long go into one commit."""


@dataclass(slots=True)
class IngestBatch:
    """What came in during one tick, and the futures to resolve when it is durable."""

    samples: list[Sample] = field(default_factory=list)
    waiting: list[asyncio.Future[None]] = field(default_factory=list)

    def done(self, error: Exception | None = None) -> None:
        """Resolve the futures of all that wait."""
        for future in self.waiting:
            if future.done():
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)


class IngestQueue:
    """An Intake (facilityd.model.sample) with bounded memory."""

    def __init__(
        self, room: int = ROOM, tick: float = TICK_S, doubtful: Callable[[], bool] = lambda: False
    ) -> None:
        self._room, self._tick, self._doubtful = room, tick, doubtful
        self._batch = IngestBatch()
        self._full, self._hurry = asyncio.Event(), asyncio.Event()
        self.dropped = 0
        self.closed = False

    def offer(self, samples: list[Sample]) -> None:
        """Take samples without waiting; beyond the room they are dropped and counted."""
        free = self._room - len(self._batch.samples)
        if len(samples) > free:
            self.dropped += len(samples) - max(0, free)
            samples = samples[: max(0, free)]
        self._batch.samples += self._marked(samples)
        self._full.set()

    async def commit(self, samples: list[Sample]) -> None:
        """Take samples and return when they are durable. Raises StoreFull."""
        future = asyncio.get_running_loop().create_future()
        self._batch.samples += self._marked(samples)
        self._batch.waiting.append(future)
        self._full.set()
        await future

    async def settle(self) -> None:
        """Return when what was taken so far is committed, or refused; the rest of the tick is skipped."""
        if not self._batch.samples:
            return
        future = asyncio.get_running_loop().create_future()
        self._batch.waiting.append(future)
        self._hurry.set()
        with suppress(Outage):
            await future

    def _marked(self, samples: list[Sample]) -> list[Sample]:
        """Say on each value that its instant is in doubt, while the clock is."""
        if not self._doubtful():
            return samples
        return [
            replace(s, reasons={**dict.fromkeys(range(len(s.values)), Reason.CLOCK), **s.reasons})
            for s in samples
        ]

    async def take(self) -> IngestBatch:
        """Wait for samples, then for the rest of the tick; return them all."""
        await self._full.wait()
        timer = asyncio.get_running_loop().call_later(self._tick, self._hurry.set)
        try:
            await self._hurry.wait()
        finally:
            timer.cancel()
        return self.take_now()

    def close(self) -> None:
        """The sources have stopped: nothing more will come."""
        self.closed = True
        self._full.set()

    def take_now(self) -> IngestBatch:
        """Return what is there."""
        self._full.clear()
        self._hurry.clear()
        batch, self._batch = self._batch, IngestBatch()
        return batch
