"""Forwards the journal to InfluxDB 2, or 3 through its v2 write API: in order, none lost, none twice."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NoReturn, ParamSpec, Protocol, TypeVar

import aiohttp
from influxdb_client.client.influxdb_client_async import InfluxDBClientAsync
from influxdb_client.rest import ApiException

from facilityd.errors import StoreFull
from facilityd.model.clock import Clock, seconds
from facilityd.model.http_session import bounded
from facilityd.model.plain import masked, plain
from facilityd.store.batch import DeadLetterLine
from facilityd.store.line_source import LineSource, SampleLine
from facilityd.store.pending_lines import NextStep, PendingLines
from facilityd.store.reader import JournalReader
from facilityd.store.write_response import WriteAction, WriteOutcome, body_text, classify

log = logging.getLogger(__name__)

Advance = Callable[[str, int], Awaitable[None]]
"""Move the cursor of a sink to a sample id, through the journal's one writer."""
Park = Callable[[DeadLetterLine], Awaitable[None]]
Write = Callable[[bytes], Awaitable[bool]]
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Target:
    """Where points go. ``timeout`` in s for one write."""

    name: str
    url: str
    bucket: str
    org: str = ""
    token: str = field(default="", repr=False)
    gzip: bool = False
    timeout: float = 30.0


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Seconds: ``idle`` between looks at the journal; ``first`` or ``held`` doubles up to ``longest``."""

    idle: float = 1.0
    first: float = 1.0
    held: float = 30.0
    longest: float = 300.0

    def after(self, answer: WriteOutcome, failures: int) -> float:
        """Return the wait after the n-th failure in a row; the server's own wish comes first."""
        spread = random.uniform(1.0, 1.2)  # noqa: S311
        if answer.retry_after is not None:
            return min(answer.retry_after * spread, self.longest)
        start = self.held if answer.verdict is WriteAction.HELD else self.first
        return min(start * 2.0 ** min(failures - 1, 20), self.longest) / spread


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
    """Reads the journal forward from the sink's cursor and writes until every line is taken or parked.

    ``thread`` is its own and closed with it. ``client`` makes the client of the target's server.
    """

    def __init__(
        self,
        target: Target,
        site: str,
        journal: Path,
        advance: Advance,
        add_dead_letter_lines: Park,
        *,
        thread: ReaderThread,
        clock: Clock | None = None,
        retry_policy: RetryPolicy | None = None,
        client: Callable[[Target], Any] | None = None,
    ) -> None:
        self._target, self._site, self._journal = target, site, journal
        self._advance, self._park = advance, add_dead_letter_lines
        self._clock, self._retry_policy = clock or Clock(), retry_policy or RetryPolicy()
        self._thread, self._client = thread, client or _client
        self._failures = 0
        self.state = SinkState(target.name, since=self._clock.now()[0])

    async def run(self) -> NoReturn:
        """Forward until cancelled. What was not acknowledged is sent again next time, byte for byte."""
        with JournalReader.open(self._journal) as reader, closing(self._thread):
            source = LineSource(reader, self._site)
            cursor = reader.cursor(self._target.name)
            async with self._client(self._target) as client:
                write = self._writer(client)
                while True:
                    lines, more = await self._thread.call(source.read, cursor)
                    if lines:
                        cursor = await self._deliver(write, lines)
                    if not more:
                        await asyncio.sleep(self._retry_policy.idle)

    def _writer(self, client: Any) -> Write:
        api, bucket, org = client.write_api(), self._target.bucket, self._target.org

        async def write(body: bytes) -> bool:
            taken: bool = await api.write(bucket, org, body, write_precision="ns")
            return taken

        return write

    async def _deliver(self, write: Write, lines: Sequence[SampleLine]) -> int:
        """Take or park each line; halves are tried in order. Return the id up to which nothing is open."""
        portions, refused = PendingLines(lines), 0
        while (chunk := portions.take()) is not None:
            answer = self._masked(await _post(write, chunk))
            if answer and answer.verdict in (WriteAction.RETRY, WriteAction.HELD):
                step = portions.refused(chunk, answer)
                if step is NextStep.WAIT:
                    self._failures += 1
                    self._trouble(answer, chunk[0])
                    await asyncio.sleep(self._retry_policy.after(answer, self._failures))
                if step is not NextStep.PARK:
                    continue
            self._failures = 0
            self._working()
            if answer and len(chunk) > 1:
                portions.halve(chunk)
                continue
            if answer:
                refused += 1
                await self._set_aside(chunk[0], answer)
            reached = portions.settled(chunk, taken=answer is None)
            if reached is not None:
                await self._durably(self._advance, self._target.name, reached)
        if refused:
            log.warning("%s refused %d of %d lines for good; parked", self._target.name, refused, len(lines))
        return portions.reached

    def _masked(self, answer: WriteOutcome | None) -> WriteOutcome | None:
        """Return an answer that does not repeat our token: a server may echo what it was sent."""
        return answer and replace(answer, text=plain(masked(answer.text, [self._target.token])))

    async def _set_aside(self, line: SampleLine, answer: WriteOutcome) -> None:
        told = f"{answer.reason}: {answer.text}"
        log.debug("%s refuses a line: %s", self._target.name, told)
        dead_letter_lines = DeadLetterLine(
            self._target.name, line.id, self._clock.now()[0], told, line.text.decode()
        )
        await self._durably(self._park, dead_letter_lines)

    async def _durably(self, work: Callable[..., Awaitable[None]], *args: object) -> None:
        """Wait for room in the journal: going on without it would forget what became of lines."""
        while True:
            try:
                return await work(*args)
            except StoreFull:
                await asyncio.sleep(self._retry_policy.first)

    def _trouble(self, answer: WriteOutcome, oldest: SampleLine) -> None:
        status: Literal["waiting", "held"] = "held" if answer.verdict is WriteAction.HELD else "waiting"
        if (status, answer.reason) != (self.state.status, self.state.reason):
            log.warning("%s takes no points: %s: %s", self._target.name, answer.reason, answer.text)
            since = self._clock.now()[0] if self.state.status == "ok" else self.state.since
            self.state = SinkState(self._target.name, status, answer.reason, since)
        self.state = replace(self.state, oldest_unsent=oldest.at, error=answer.text)

    def _working(self) -> None:
        if self.state.status == "ok":
            return
        now = self._clock.now()[0]
        log.info("%s takes points again after %.0f s", self._target.name, seconds(now - self.state.since))
        self.state = SinkState(self._target.name, since=now)


def _client(t: Target) -> Any:
    return InfluxDBClientAsync(
        t.url,
        t.token,
        t.org,
        timeout=round(t.timeout * 1000),
        enable_gzip=t.gzip,
        allow_redirects=False,
        client_session_kwargs=bounded(),
    )


async def _post(write: Write, lines: Sequence[SampleLine]) -> WriteOutcome | None:
    """Write once. Return None where the server has taken everything."""
    try:
        taken = await write(b"\n".join(line.text for line in lines))
    except ApiException as error:
        return classify(error.status, error.headers or {}, error.body)
    except TimeoutError:
        return WriteOutcome(WriteAction.RETRY, "timeout", "no answer in time")
    except aiohttp.ClientConnectorError as error:
        return WriteOutcome(WriteAction.RETRY, "unreachable", body_text(str(error)))
    except (aiohttp.ClientError, OSError) as error:
        return WriteOutcome(WriteAction.RETRY, "interrupted", body_text(str(error)) or type(error).__name__)
    except Exception as error:  # a sink is a compartment: what a foreign server causes stays in it
        log.exception("a write failed in a way it does not know")
        return WriteOutcome(WriteAction.RETRY, "unexpected-error", type(error).__name__)
    # A proxy's login page answers 200; InfluxDB answers 204.
    return (
        None
        if taken
        else WriteOutcome(WriteAction.HELD, "unexpected-answer", "2xx, but not what InfluxDB answers")
    )
