"""Questions to the journal on a few threads, each with its own reader, each with an end in time."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import apsw

from facilityd.config.fingerprint import META
from facilityd.config.load import load
from facilityd.config.site import Site
from facilityd.errors import ConfigError
from facilityd.model.message import Wording
from facilityd.query.site import SiteQuery
from facilityd.web.problems import HttpProblem

log = logging.getLogger(__name__)
T = TypeVar("T")
THREADS = 3
OF_ONE = 2
"""Threads that one address keeps busy at most: a client's many requests delay only its own."""
MOST_WAITING, MOST_OF_ONE = 96, 32
"""Questions that wait for a thread, in all and of one address; beyond that one is told to come again."""
PATIENCE = 4.0
"""Seconds that a question waits for a thread: one is told to come again before one gives up by oneself."""
CLIENT: ContextVar[str] = ContextVar("client", default="")
"""The address that asks."""
SECONDS = 10.0
"""The longest that one question may compute."""
WHOLE = 3.0
"""Times as long it may take by the clock: a busy machine or a slow disk is no reason to give up."""
LOOK = 2.0
"""After so many s it is looked whether the journal is another file, or the daemon runs by other tables."""


@dataclass(slots=True)
class _Reader:
    query: SiteQuery
    inode: int
    looked: float
    settings: str | None


@dataclass(slots=True)
class QueryPool:
    """``clock`` returns ns UTC, else the system's; ``seconds``: the longest that a question may compute.

    ``patience``: the longest, in s, that it waits before it is begun.
    """

    site: Site
    clock: Callable[[], int] | None = None
    seconds: float = SECONDS
    patience: float = PATIENCE
    _waiting: Counter[str] = field(default_factory=Counter)
    _turns: dict[str, asyncio.Semaphore] = field(default_factory=dict)
    _free: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(THREADS))
    _local: threading.local = field(default_factory=threading.local)
    _threads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(THREADS, thread_name_prefix="query")
    )
    _quick: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="quick")
    )

    def now(self) -> int:
        """Return the present instant, ns UTC."""
        return self.clock() if self.clock else time.time_ns()

    async def ask(self, question: Callable[[SiteQuery], T]) -> T:
        """Return an answer. Raises HttpProblem where it takes too long or too many wait, and UsageError."""
        client = CLIENT.get()
        if self._waiting.total() >= MOST_WAITING or self._waiting[client] >= MOST_OF_ONE:
            raise _busy()
        self._waiting[client] += 1
        turn = self._turns.setdefault(client, asyncio.Semaphore(OF_ONE))
        try:
            async with AsyncExitStack() as held:
                try:
                    async with asyncio.timeout(self.patience):
                        await held.enter_async_context(turn)
                        await held.enter_async_context(self._free)
                except TimeoutError as error:
                    raise _busy() from error
                return await self._run(self._threads, question)
        finally:
            self._waiting[client] -= 1
            if not self._waiting[client]:
                del self._waiting[client], self._turns[client]

    async def ask_quickly(self, question: Callable[[SiteQuery], T]) -> T:
        """Return the answer to a small question, which waits behind no large one. Raises as ``ask`` does."""
        return await self._run(self._quick, question)

    async def _run(self, threads: ThreadPoolExecutor, question: Callable[[SiteQuery], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(threads, self._answer, question)

    def open(self) -> SiteQuery:
        """Return a reader of its own, for a stream; the caller closes it. Raises UsageError."""
        return SiteQuery(self.site, self.clock)

    def close(self) -> None:
        """Let nothing be asked any more."""
        for threads in (self._threads, self._quick):
            threads.shutdown(wait=False, cancel_futures=True)

    def _answer(self, question: Callable[[SiteQuery], T]) -> T:
        query = self._reader()
        begun, worked = time.monotonic(), time.thread_time()
        query.give_up_when(
            lambda: (
                time.thread_time() - worked > self.seconds or time.monotonic() - begun > self.seconds * WHOLE
            )
        )
        try:
            return question(query)
        except apsw.InterruptError as error:
            what = Wording("web.takes-too-long", seconds=round(time.monotonic() - begun, 1))
            raise HttpProblem(503, what, hint=Wording("web.ask-for-less")) from error
        except apsw.Error as error:
            self._forget()
            log.warning("the journal cannot be read: %s", error)
            what = Wording("web.journal-closed")
            raise HttpProblem(503, what, hint=Wording("web.look-at-log")) from error

    def _reader(self) -> SiteQuery:
        """Return this thread's reader: of the file that lies there now, and of the site as it is run."""
        held: _Reader | None = getattr(self._local, "held", None)
        now = time.monotonic()
        if held is not None and held.query.site is self.site and now - held.looked < LOOK:
            return held.query
        path = Path(self.site.store.path)
        inode = path.stat().st_ino if path.exists() else 0
        if held is not None and held.query.site is self.site and held.inode == inode:
            held.looked = now
            settings = _settings(held.query)
            if settings == held.settings:
                return held.query
            self._follow()
        self._forget()
        query = self.open()
        self._local.held = _Reader(query, inode, now, _settings(query))
        return query

    def _follow(self) -> None:
        """Read the site's files again: the daemon runs by others than it did."""
        try:
            self.site = load(*map(Path, self.site.paths or (self.site.source,)), secrets=False)
        except ConfigError as error:
            log.warning("the site's files cannot be read again: %s", error)

    def _forget(self) -> None:
        held: _Reader | None = getattr(self._local, "held", None)
        if held is not None:
            held.query.close()
            self._local.held = None


def _busy() -> HttpProblem:
    return HttpProblem(503, Wording("web.busy"), headers={"Retry-After": "2"})


def _settings(query: SiteQuery) -> str | None:
    return query.meta(META)
