"""Reads on a line that is being polled, for somebody who looks for units there (decision 0100).

One question at a time, asked only where it ends before the next poll begins even if nobody answers, and only
within the share of the bus that its polls leave. The first sign of trouble ends it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from devices.modbus.guard import StrayAnswer
from devices.modbus.load import BUSY
from devices.modbus.reader import ModbusReader, ReadFailed
from devices.modbus.scheduler import LOSS_AT_FIRST
from devices.profile import Table
from devices.unit import ModbusLink
from facilityd.errors import LinkOutage, NoUnitAnswers, ScanStopped
from facilityd.model.measure import spell_duration
from facilityd.model.message import Wording, reason
from facilityd.model.quality import Reason
from facilityd.model.sample import NS

log = logging.getLogger(__name__)

MARGIN_S = 0.03
"""s that must be left between a question that nobody answers and the next poll: the machine may be busy."""
PATIENCE_S = 30.0
"""s for which a question waits for a gap that is long enough."""
_SPELLED = 10**7
"""ns to which times are told: hundredths of a second."""


@dataclass(slots=True, eq=False)
class _Question:
    """A read that waits; ``since`` when and ``widest`` (s) the longest gap that came meanwhile."""

    what: tuple[Table, int, int, int]
    timeout_s: float
    any_transaction: bool
    answer: asyncio.Future[bytes]
    since: float
    widest: float = 0.0

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)

    def succeed(self, payload: bytes) -> None:
        if not self.answer.done():
            self.answer.set_result(payload)


@dataclass(slots=True)
class GapReader:
    """A ModbusReader whose questions are asked by the bus, in its gaps."""

    gaps: GapReads
    pause: float = 0.0
    waited: float = 0.0
    requests: int = 0
    answers: int = 0
    stray: StrayAnswer | None = None
    heard: bool = False

    async def read(
        self, table: Table, device_id: int, address: int, count: int, *,
        timeout_s: float, any_transaction: bool = False,
    ) -> bytes:  # fmt: skip
        """Return the payload of one read. Raises ReadFailed, and ScanStopped where no more may be asked."""
        self.requests += 1
        try:
            payload = await self.gaps.put((table, device_id, address, count), timeout_s, any_transaction)
        finally:
            self.stray = self.gaps.stray
        self.answers += 1
        return payload


class GapReads:
    """Who is asked between the polls of one bus.

    ``time`` returns s on the event loop's clock, ``wake`` has the bus look at its timetable again, ``load``
    returns the share of the bus that its polls take, ``aside`` takes requests, answers and s waited for these
    that are none of the polls'.
    """

    def __init__(
        self, link: ModbusLink, time: Callable[[], float], wake: Callable[[], None],
        load: Callable[[], float], aside: Callable[[int, int, float], None],
    ) -> None:  # fmt: skip
        self._link, self._time, self._wake, self._load, self._aside = link, time, wake, load, aside
        self._question: _Question | None = None
        self._free_from = 0.0
        self._open = False
        self._why: ScanStopped | None = None
        self.stray: StrayAnswer | None = None

    @asynccontextmanager
    async def opened(self, _: ModbusLink) -> AsyncIterator[ModbusReader]:
        """Open the line for questions, as ``connect`` opens a link; one at a time."""
        self._why, self._open, self.stray = None, True, None
        try:
            yield GapReader(self)
        finally:
            self._open = False

    async def put(self, what: tuple[Table, int, int, int], timeout_s: float, any_transaction: bool) -> bytes:
        """Have a question asked in the next gap that has room. Raises ReadFailed and ScanStopped."""
        if self._why:
            raise self._why
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._question = question = _Question(what, timeout_s, any_transaction, answer, self._time())
        self._wake()
        try:
            return await answer
        finally:
            if self._question is question:
                self._question = None

    def due(self, poll: float) -> float:
        """Return when the bus has something to do: a question to ask, or the poll that begins next."""
        at = self._at(poll)
        return poll if at is None else at

    def _at(self, poll: float) -> float | None:
        """Return when the question that waits is asked; None where it is not before the next poll."""
        question, now = self._question, self._time()
        if question is None:
            return None
        at = max(now, self._free_from)
        question.widest = max(question.widest, poll - at)
        if poll - at >= (needed := self._longest(question)):
            return at
        if now - max(question.since, self._free_from) > PATIENCE_S:
            self._stop("link.scan-no-room", free=_spelled(question.widest), needed=_spelled(needed))
        return None

    async def ask(self, reader: ModbusReader, poll: float) -> bool:
        """Ask the question that waits, if it is its time; return whether it was. Raises LinkOutage."""
        question, at = self._question, self._at(poll)
        if question is None or at is None or at > self._time():
            return False
        self._question, begun = None, self._time()
        requests, answers, waited = reader.requests, reader.answers, reader.waited
        try:
            await self._asked(question, reader)
        except LinkOutage as outage:
            self._stop("link.scan-lost", reason=reason(outage))
            question.fail(self._why or outage)
            raise
        except Exception:  # whatever a unit says that nobody knows, the polls go on
            log.exception("%s: device id %d was asked in vain", self._link.id, question.what[1])
            question.fail(ReadFailed(Reason.MALFORMED))
        finally:
            self._aside(reader.requests - requests, reader.answers - answers, reader.waited - waited)
            now = self._time()
            self._free_from = now + (now - begun) * (1 / self._share() - 1)
        return True

    def faltered(self, unit: str) -> None:
        """End it: a unit that answered its polls did not answer one."""
        self._stop("link.scan-unit-silent", unit=unit)

    def close(self) -> None:
        """End it: the link is watched no more."""
        self._stop("link.scan-lost", reason=Wording("link.was-lost"))

    def lost(self, outage: LinkOutage) -> None:
        """End it: the link is gone. One behind which none of the known units answers can be asked."""
        if not isinstance(outage, NoUnitAnswers):
            self._stop("link.scan-lost", reason=reason(outage))

    async def _asked(self, question: _Question, reader: ModbusReader) -> None:
        device_id = question.what[1]
        failed: ReadFailed | None = None
        payload, trouble = b"", ""
        try:
            payload = await reader.read(
                *question.what, timeout_s=question.timeout_s, any_transaction=question.any_transaction
            )
        except ReadFailed as without:
            failed = without
        if failed and failed.reason is Reason.MALFORMED:
            trouble = "link.scan-garbled"
        if failed and failed.reason.is_silence and self._link.is_serial_line:
            trouble = "link.scan-garbled" if reader.heard else ""
            # An answer that comes late would be taken for the next poll's.
            await asyncio.sleep(question.timeout_s)
            trouble = trouble or ("link.scan-late" if reader.heard else "")
        elif reader.pause:
            await asyncio.sleep(reader.pause)
        self.stray = reader.stray
        if self._link.is_serial_line and reader.stray and reader.stray.device_id != device_id:
            self._stop("link.scan-stray", id=device_id, other=reader.stray.device_id)
        elif trouble:
            self._stop(trouble, id=device_id, timeout=_spelled(question.timeout_s))
        if self._why:
            question.fail(self._why)
        elif failed:
            question.fail(failed)
        else:
            question.succeed(payload)

    def _longest(self, question: _Question) -> float:
        """Return how long a question keeps the line if nobody answers, in s."""
        return question.timeout_s * (2 if self._link.is_serial_line else 1) + MARGIN_S

    def _share(self) -> float:
        """Return the share of the bus that is left for questions: what its polls leave of a full bus."""
        return max(LOSS_AT_FIRST, BUSY - self._load())

    def _stop(self, slug: str, **parts: object) -> None:
        if not self._open or self._why:
            return
        self._why = ScanStopped(Wording(slug, **parts))
        if self._question:
            self._question.fail(self._why)


def _spelled(seconds: float) -> str:
    return spell_duration(max(0, round(seconds * NS / _SPELLED)) * _SPELLED)


__all__ = ["GapReads"]
