"""The stop: a signal becomes the cancellation of one task, and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Iterator


@contextlib.contextmanager
def on_signals(stop: asyncio.Event) -> Iterator[None]:
    """Set ``stop`` on SIGINT or SIGTERM. A second signal ends the process as usual."""
    loop = asyncio.get_running_loop()
    names = (signal.SIGINT, signal.SIGTERM)

    def once() -> None:
        stop.set()
        for name in names:
            loop.remove_signal_handler(name)

    for name in names:
        loop.add_signal_handler(name, once)
    try:
        yield
    finally:
        for name in names:
            loop.remove_signal_handler(name)
