"""What goes wrong with the daemon's own computer: its disk, its journal, the server its points go to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

from facilityd.app.builtin import channel_name
from facilityd.errors import StoreFull
from facilityd.model.message import Wording
from facilityd.model.notice import DeliveryOutcome, DeliveryResult, SendFailure
from facilityd.model.settings import SinkSettings
from facilityd.store.journal import Journal
from facilityd.store.sink import TAKEN, WriteAction, WriteOutcome
from facilityd.store.write_response import classify
from facilityd.supervise.process_figures import ProcessFigures

P = ParamSpec("P")
T = TypeVar("T")
DISK_FULL, DISK_LOW, DISK_TIGHT, DAMAGED = "disk-full", "disk-low", "disk-tight", "journal-damaged"
DOWN, REFUSES, REFUSES_LINES = "sink-down", "sink-refuses", "sink-refuses-lines"
SINKS = (DOWN, REFUSES, REFUSES_LINES)
CHANNELS = ("channel-refuses", "channel-down", "channel-hangs", "channel-slow")
OVERLOADED, DISK_SLOW, ADRIFT = "host-overloaded", "disk-slow", "clock-adrift"
HAZARDS = (DISK_FULL, DISK_LOW, DISK_TIGHT, DAMAGED, OVERLOADED, DISK_SLOW, ADRIFT, *SINKS, *CHANNELS)
PLENTY, LITTLE = 100 * 2**30, 300 * 2**20
"""Bytes free on a disk that never fills, and on one that nearly has."""
_UNAUTHORIZED, _UNPROCESSABLE = 401, 422
_REFUSED_MEASUREMENT = b"fountain,"


def _failed(result: DeliveryOutcome, reason: str, failure: SendFailure) -> DeliveryResult:
    return DeliveryResult(result, reason, failure=failure)


_ANSWERS: dict[str, tuple[float, DeliveryResult]] = {
    "channel-refuses": (0.1, _failed(DeliveryOutcome.REJECTED, "HTTP 401 Unauthorized", SendFailure.LOGIN)),
    "channel-down": (
        0.1,
        _failed(
            DeliveryOutcome.TRANSIENT,
            Wording("send.cannot-connect", why=Wording("link.refused")),
            SendFailure.CONNECTION,
        ),
    ),
    "channel-hangs": (15.0, _failed(DeliveryOutcome.UNKNOWN, Wording("send.no-answer"), SendFailure.TIMEOUT)),
    "channel-slow": (240.0, DeliveryResult(DeliveryOutcome.ACCEPTED)),
}
"""What a channel does: how long it takes, in s, and what comes of it."""


class HostFaults:
    """The state of the daemon's computer: its ``troubles`` are of ``HAZARDS``.

    ``channels``: by its device, the trouble of one channel alone, of ``CHANNELS``.
    """

    def __init__(self) -> None:
        self.troubles: set[str] = set()
        self.channels: dict[str, str] = {}
        self.taken = 0

    def disk_free(self, _: Path) -> int:
        """Return the bytes free on its disk."""
        if self.troubles & {DISK_FULL, DISK_TIGHT}:
            return 0
        return LITTLE if DISK_LOW in self.troubles else PLENTY

    def observe(self) -> ProcessFigures:
        """Return how the daemon's process and its clock are."""
        lag = 4.0 if OVERLOADED in self.troubles else 0.001
        wait = 15.0 if DISK_SLOW in self.troubles else 0.002
        kept = ADRIFT not in self.troubles
        return ProcessFigures(lag, wait, 100 * 2**20, kept, 0.02 if kept else None)

    def writer(self) -> InlineWriter:
        """Return the journal's writer."""
        return InlineWriter(self)

    def sink(self, _: SinkSettings) -> MemorySink:
        """Return a time-series store."""
        return MemorySink(self)

    def answer(self, channel: str) -> tuple[float, DeliveryResult]:
        """Return what a channel does with a notice: the seconds it takes, and the outcome."""
        everywhere = next((trouble for trouble in CHANNELS if trouble in self.troubles), "")
        trouble = self.channels.get(channel_name(channel), everywhere)
        return _ANSWERS.get(trouble, (0.0, DeliveryResult(DeliveryOutcome.ACCEPTED)))


class InlineWriter:
    """The journal's writer without a thread: virtual time knows no other."""

    def __init__(self, host: HostFaults) -> None:
        self._host, self._tight = host, False

    async def call(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what ``work`` returns. On a full disk a commit ends as the journal's own ends there.

        On a tight one the file cannot grow: the newest fits where the oldest was.
        """
        if getattr(work, "__func__", None) is Journal.commit:
            if DISK_FULL in self._host.troubles:
                raise StoreFull("there is no room, even without the oldest history")
            journal: Journal = work.__self__  # type: ignore[attr-defined]
            if (DISK_TIGHT in self._host.troubles) != self._tight:
                self._tight = not self._tight
                (journal.cap_growth if self._tight else journal.lift_cap)()
        return work(*args, **kwargs)

    def close(self) -> None:
        """Nothing is left to do."""


class MemorySink:
    """A sink that takes everything, or does what the hazard says."""

    def __init__(self, host: HostFaults) -> None:
        self._host = host

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    async def write(self, lines: Sequence[bytes]) -> WriteOutcome:
        """Take lines, or answer as InfluxDB does where it is gone or refuses."""
        troubles = self._host.troubles
        if DOWN in troubles:
            return WriteOutcome(WriteAction.RETRY, "interrupted", "connection refused")
        if REFUSES in troubles:
            return classify(_UNAUTHORIZED, {}, "")
        if REFUSES_LINES in troubles and any(line.startswith(_REFUSED_MEASUREMENT) for line in lines):
            return classify(_UNPROCESSABLE, {}, "")
        self._host.taken += len(lines)
        return TAKEN


def damage(journal: Path) -> None:
    """Write over the beginning of a journal that nobody has open, as a dying disk does."""
    with journal.open("r+b") as file:
        file.write(b"\xff" * 8192)
