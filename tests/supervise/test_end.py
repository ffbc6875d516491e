"""A stop that cannot be swallowed."""

from __future__ import annotations

import asyncio

from facilityd.supervise.stop import end


async def test_a_task_that_swallows_its_first_cancellation_still_ends() -> None:
    swallowed = []

    async def deaf_once() -> None:
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if swallowed:
                    raise
                swallowed.append(True)

    task = asyncio.create_task(deaf_once())
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await end([task])
    assert swallowed == [True]
    assert task.cancelled()


async def test_what_has_ended_is_left_alone() -> None:
    async def quick() -> int:
        return 7

    task = asyncio.create_task(quick())
    await task
    await end([task])
    assert task.result() == 7
