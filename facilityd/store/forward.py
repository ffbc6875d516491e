"""Forwards the journal to a sink: in order, none lost, none twice."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NoReturn, ParamSpec, Protocol, TypeVar

from facilityd.errors import StoreFull
from facilityd.model.clock import Clock, seconds
from facilityd.model.plain import plain
from facilityd.model.retry import RetryPolicy
from facilityd.store.batch import DeadLetterLine, LineKind
from facilityd.store.line_source import ChangeSource, JournalLine, LineSource, SampleSource
from facilityd.store.pending_lines import NextStep, PendingLines
from facilityd.store.reader import JournalReader
from facilityd.store.sink import Sink, WriteAction, WriteOutcome

log = logging.getLogger(__name__)

Advance = Callable[[str, LineKind, int], Awaitable[None]]
"""Move the cursor of a sink to the id of a sample or change, through the journal's one writer."""
AddDeadLetterLine = Callable[[DeadLetterLine], Awaitable[None]]
LATER = 1.2
"""A wait is spread over this range: not earlier than a server asks for, a fifth later at most."""
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SinkRetryPolicy:
    """Seconds: ``idle`` between looks at the journal; ``first`` or ``held`` doubles up to ``longest``."""

    idle: float = 1.0
    first: float = 1.0
    held: float = 30.0
    longest: float = 300.0

    def after(self, outcome: WriteOutcome, failures: int) -> float:
        """Return the wait after the n-th failure in a row; the server's own wish comes first."""
        if outcome.retry_after is not None:
            return min(RetryPolicy(outcome.retry_after, self.longest, (1.0, LATER)).wait(0), self.longest)
        first = self.held if outcome.action is WriteAction.HELD else self.first
        return RetryPolicy(first, self.longest, (1.0 / LATER, 1.0)).wait(failures - 1)


@dataclass(frozen=True, slots=True)
class SinkState:
    """How a sink is doing: ``held`` waits for a person, ``waiting`` for the server.

    ``since`` and ``oldest_unsent`` in ns UTC; ``error`` is what the server said last.
    """

    sink: str
    status: Literal["ok", "waiting", "held"] = "ok"
    reason: str = ""
    since: int = 0
    oldest_unsent: int | None = None
    error: str = ""


class ReaderThread(Protocol):
    """Where the journal is read: beside the loop (pipeline.writer.WriterThread)."""

    async def call(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what ``work`` returns."""

    def close(self) -> None:
        """Finish what was begun."""


class Forwarder:
    """Reads samples and changes forward from the sink's cursors, and writes until each is taken or parked.

    ``name`` is the sink's in the journal; ``thread`` is the forwarder's own and closed with it.
    """

    def __init__(
        self,
        name: str,
        sink: Sink,
        site: str,
        journal: Path,
        advance: Advance,
        add_dead_letter_line: AddDeadLetterLine,
        *,
        thread: ReaderThread,
        clock: Clock | None = None,
        retry_policy: SinkRetryPolicy | None = None,
    ) -> None:
        self._name, self._sink, self._site, self._journal = name, sink, site, journal
        self._advance, self._add_dead_letter_line = advance, add_dead_letter_line
        self._clock, self._retry_policy = clock or Clock(), retry_policy or SinkRetryPolicy()
        self._thread = thread
        self._failures = 0
        self.state = SinkState(name, since=self._clock.now()[0])

    async def run(self) -> NoReturn:
        """Forward until cancelled. What was not acknowledged is sent again next time, byte for byte."""
        with JournalReader.open(self._journal) as reader, closing(self._thread):
            # Alarms first: they are few, and do not wait for a long backlog of samples.
            sources: tuple[LineSource, ...] = (
                ChangeSource(reader, self._site),
                SampleSource(reader, self._site),
            )
            cursors = {source.kind: reader.cursor(self._name, source.kind) for source in sources}
            async with self._sink:
                while True:
                    ended = True
                    for source in sources:
                        lines, more = await self._thread.call(source.read, cursors[source.kind])
                        if lines:
                            cursors[source.kind] = await self._deliver(source.kind, lines)
                        ended = ended and not more
                    if ended:
                        await asyncio.sleep(self._retry_policy.idle)

    async def _deliver(self, kind: LineKind, lines: Sequence[JournalLine]) -> int:
        """Have each line taken or parked, halves in order. Return the id up to which nothing is open."""
        pending, refused = PendingLines(lines), 0
        while (portion := pending.take()) is not None:
            outcome = await self._write(portion)
            taken = outcome.action is WriteAction.TAKEN
            if outcome.action in (WriteAction.RETRY, WriteAction.HELD):
                step = pending.refused(portion, outcome)
                if step is NextStep.WAIT:
                    self._failures += 1
                    self._trouble(outcome, portion[0])
                    await asyncio.sleep(self._retry_policy.after(outcome, self._failures))
                if step is not NextStep.PARK:
                    continue
            self._failures = 0
            self._working()
            if not taken and len(portion) > 1:
                pending.halve(portion)
                continue
            if not taken:
                refused += 1
                await self._set_aside(kind, portion[0], outcome)
            reached = pending.settled(portion, taken=taken)
            if reached is not None:
                await self._durably(self._advance, self._name, kind, reached)
        if refused:
            log.warning("%s refused %d of %d lines for good; parked", self._name, refused, len(lines))
        return pending.reached

    async def _write(self, portion: Sequence[JournalLine]) -> WriteOutcome:
        """Try once. What the other side said is made harmless for logs, journal and terminals."""
        outcome = await self._sink.write([line.text for line in portion])
        return replace(outcome, text=plain(outcome.text))

    async def _set_aside(self, kind: LineKind, line: JournalLine, outcome: WriteOutcome) -> None:
        reason = f"{outcome.reason}: {outcome.text}"
        log.debug("%s refuses a line: %s", self._name, reason)
        letter = DeadLetterLine(self._name, line.id, self._clock.now()[0], reason, line.text.decode(), kind)
        await self._durably(self._add_dead_letter_line, letter)

    async def _durably(self, work: Callable[..., Awaitable[None]], *args: object) -> None:
        """Wait for room in the journal: going on without it would forget what became of lines."""
        while True:
            try:
                return await work(*args)
            except StoreFull:
                await asyncio.sleep(self._retry_policy.first)

    def _trouble(self, outcome: WriteOutcome, oldest: JournalLine) -> None:
        status: Literal["waiting", "held"] = "held" if outcome.action is WriteAction.HELD else "waiting"
        if (status, outcome.reason) != (self.state.status, self.state.reason):
            log.warning("%s takes no points: %s: %s", self._name, outcome.reason, outcome.text)
            since = self._clock.now()[0] if self.state.status == "ok" else self.state.since
            self.state = SinkState(self._name, status, outcome.reason, since)
        self.state = replace(self.state, oldest_unsent=oldest.at, error=outcome.text)

    def _working(self) -> None:
        if self.state.status == "ok":
            return
        now = self._clock.now()[0]
        log.info("%s takes points again after %.0f s", self._name, seconds(now - self.state.since))
        self.state = SinkState(self._name, since=now)
