"""The journal's one writer, in a thread of its own: a slow disk delays no poll."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, Protocol, TypeVar

from facilityd.store.batch import Batch, Receipt

P = ParamSpec("P")
T = TypeVar("T")


class Writer(Protocol):
    """Carries out calls that write, one after the other."""

    async def call(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what ``work`` returns; raises what it raises."""

    def close(self) -> None:
        """Finish what was begun."""


class Commits(Protocol):
    """The journal (facilityd.store)."""

    def commit(self, batch: Batch) -> Receipt:
        """Make it durable. Raises StoreFull."""


class Keeps(Protocol):
    """A place that a full disk does not take away (facilityd.store.spill)."""

    def write(self, data: bytes) -> bool:
        """Keep bytes instead of what was kept before; return whether that was possible."""


class WriterThread:
    """Runs every call that writes on one and the same thread, in order."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")

    async def call(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what ``work`` returns; raises what it raises."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: work(*args, **kwargs))

    def close(self) -> None:
        """Finish what was begun."""
        self._thread.shutdown(wait=True)
