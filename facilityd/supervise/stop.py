"""The stop: a signal becomes the cancellation of one task, and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NoReturn

PATIENCE_S = 1.0


def end_while_starting() -> None:
    """Let SIGTERM end a process in order, with status 0, until it listens for signals itself."""

    def leave(*_: object) -> NoReturn:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, leave)


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks until they have ended. What they raise stays with them.

    More than once: before Python 3.12 ``asyncio.wait_for``, which libraries use, swallows a
    cancellation that comes together with its answer, and the task goes on.
    """
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=PATIENCE_S)


@contextlib.contextmanager
def on_signals(stop: asyncio.Event, hang_up: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Set ``stop`` on SIGINT or SIGTERM; a second one ends the process as usual. SIGHUP calls ``hang_up``."""
    loop = asyncio.get_running_loop()
    names = (signal.SIGINT, signal.SIGTERM)

    def once() -> None:
        stop.set()
        for name in names:
            loop.remove_signal_handler(name)

    for name in names:
        loop.add_signal_handler(name, once)
    loop.add_signal_handler(signal.SIGHUP, hang_up)
    try:
        yield
    finally:
        for name in (*names, signal.SIGHUP):
            loop.remove_signal_handler(name)
