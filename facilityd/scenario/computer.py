"""What goes wrong with the daemon's own computer: its disk, its journal, the server its points go to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

from facilityd.errors import StoreFull
from facilityd.store.journal import Journal

P = ParamSpec("P")
T = TypeVar("T")
DISK_FULL, DAMAGED, DOWN, REFUSES = "disk-full", "journal-damaged", "sink-down", "sink-refuses"
HAZARDS = (DISK_FULL, DAMAGED, DOWN, REFUSES)
SINKS = (DOWN, REFUSES)
PLENTY = 100 * 2**30
"""Bytes free on a disk that never fills."""
_UNAUTHORIZED = 401


class Computer:
    """The state of the daemon's computer; ``trouble`` is one of ``HAZARDS`` or empty."""

    def __init__(self) -> None:
        self.trouble = ""
        self.taken = 0

    def disk_free(self, _: Path) -> int:
        """Return the bytes free on its disk."""
        return 0 if self.trouble == DISK_FULL else PLENTY

    def writer(self) -> InlineWriter:
        """Return the journal's writer."""
        return InlineWriter(self)

    def client(self, _: object) -> MemorySink:
        """Return a client of the time-series store."""
        return MemorySink(self)


class InlineWriter:
    """The journal's writer without a thread: virtual time knows no other."""

    def __init__(self, computer: Computer) -> None:
        self._computer = computer

    async def call(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what ``work`` returns. On a full disk a commit ends as the journal's own ends there."""
        if self._computer.trouble == DISK_FULL and getattr(work, "__func__", None) is Journal.commit:
            raise StoreFull("there is no room, even without the oldest history")
        return work(*args, **kwargs)

    def close(self) -> None:
        """Nothing is left to do."""


class MemorySink:
    """A client of a time-series store that takes everything, or does what the hazard says."""

    def __init__(self, computer: Computer) -> None:
        self._computer = computer

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def write_api(self) -> Self:
        """Return what writes."""
        return self

    async def write(self, _bucket: str, _org: str, body: bytes, **_: Any) -> bool:
        """Take lines. Raises what the real client raises where the server is gone or refuses."""
        if self._computer.trouble == DOWN:
            raise ConnectionRefusedError("connection refused")
        if self._computer.trouble == REFUSES:
            # It takes a second to import: a story without a sink does without.
            from influxdb_client.rest import ApiException  # noqa: PLC0415

            raise ApiException(status=_UNAUTHORIZED, reason="Unauthorized")  # type: ignore[no-untyped-call]
        self._computer.taken += body.count(b"\n") + 1
        return True


def damage(journal: Path) -> None:
    """Write over the beginning of a journal that nobody has open, as a dying disk does."""
    with journal.open("r+b") as file:
        file.write(b"\xff" * 8192)
