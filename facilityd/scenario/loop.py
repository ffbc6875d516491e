"""An event loop whose time passes only when nobody has anything left to do."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from typing import Any


class LoopStandstill(RuntimeError):
    """No timer is left, so virtual time would never pass: a bug in the code that waits."""


class _Selector(selectors.SelectSelector):
    """Instead of waiting for the outside, lets the time pass that would have been waited."""

    def __init__(self, passed: Callable[[float], None]) -> None:
        super().__init__()
        self.now, self._passed = 0.0, passed

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise LoopStandstill("everybody waits for something that nobody plans")
        if timeout > 0:
            self.now += timeout
            self._passed(self.now)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time in s from 0. ``endpoints`` open connections in memory by (host, port); there are no others."""

    def __init__(self) -> None:
        self.ns = 0
        """The virtual time in ns; a plain attribute, for it is looked up half a million times a day."""
        self._passing = _Selector(self._pass)
        super().__init__(self._passing)
        # Times are sums of differences: an event is due when less than this is missing.
        self._clock_resolution = 1e-7
        self.endpoints: dict[tuple[str, int], Callable[[Any], asyncio.Transport]] = {}

    def time(self) -> float:
        """Return the virtual time in s."""
        return self._passing.now

    def _pass(self, now: float) -> None:
        self.ns = round(now * 1e9)

    def run_in_executor(  # type: ignore[override]
        self, _: Any, work: Callable[..., Any], *words: Any
    ) -> asyncio.Future[Any]:
        """Do it here and now: what a thread takes is no virtual time, and nobody would wait for it."""

        async def at_once() -> Any:
            return work(*words)

        return self.create_task(at_once())

    async def create_connection(  # type: ignore[override]
        self, protocol_factory: Callable[[], Any], host: str = "", port: int = 0, **_: object
    ) -> tuple[asyncio.Transport, Any]:
        """Open a connection in memory. Raises ConnectionRefusedError."""
        endpoint = self.endpoints.get((host, port))
        if endpoint is None:
            raise ConnectionRefusedError(f"nobody at {host}:{port}")
        protocol = protocol_factory()
        return endpoint(protocol), protocol
