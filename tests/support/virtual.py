"""Tests in virtual time: what waits an hour takes as long as its work does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import ParamSpec

from facilityd.scenario.loop import VirtualLoop

P = ParamSpec("P")


def in_virtual_time(test: Callable[P, Awaitable[None]]) -> Callable[P, None]:
    """Run a test on a loop whose time passes only when nobody has anything left to do.

    Nothing outside the process can be reached on it: peers are in memory.
    """

    @wraps(test)
    def run(*args: P.args, **words: P.kwargs) -> None:
        async def play() -> None:
            await test(*args, **words)

        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(play())

    return run
