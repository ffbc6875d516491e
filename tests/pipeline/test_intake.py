"""The one door: batches, bounded memory, and who is told when something is durable."""

from __future__ import annotations

import asyncio

import pytest
from support.virtual import in_virtual_time

from facilityd.errors import StoreFull
from facilityd.model.sample import Sample, SignalType, Stream
from facilityd.pipeline.ingest_queue import IngestQueue

STREAM = Stream("d", "contact", "u", "l", ("a",), (SignalType.FLOAT,))


def _samples(count: int) -> list[Sample]:
    return [Sample(STREAM, n, n, (float(n),)) for n in range(count)]


async def test_what_comes_in_one_tick_is_one_batch() -> None:
    ingest_queue = IngestQueue(tick=0.01)
    ingest_queue.offer(_samples(2))
    ingest_queue.offer(_samples(3))
    assert len((await ingest_queue.take()).samples) == 5
    ingest_queue.offer(_samples(1))
    assert len((await ingest_queue.take()).samples) == 1


@in_virtual_time
async def test_commit_returns_only_when_the_batch_is_done() -> None:
    ingest_queue = IngestQueue(tick=0)
    task = asyncio.create_task(ingest_queue.commit(_samples(1)))
    batch = await ingest_queue.take()
    await asyncio.sleep(0.01)
    assert not task.done()
    batch.done()
    await asyncio.wait_for(task, 1)


async def test_commit_tells_a_full_store() -> None:
    ingest_queue = IngestQueue(tick=0)
    task = asyncio.create_task(ingest_queue.commit(_samples(1)))
    (await ingest_queue.take()).done(StoreFull("no room"))
    with pytest.raises(StoreFull):
        await task


async def test_memory_is_bounded_and_what_is_dropped_is_counted() -> None:
    ingest_queue = IngestQueue(room=10, tick=0)
    for _ in range(4):
        ingest_queue.offer(_samples(3))
    assert ingest_queue.dropped == 2
    assert len((await ingest_queue.take()).samples) == 10
    ingest_queue.offer(_samples(3))
    assert (ingest_queue.dropped, len(ingest_queue.take_now().samples)) == (2, 3)


async def test_a_waiter_that_gave_up_does_not_harm_the_batch() -> None:
    ingest_queue = IngestQueue(tick=0)
    task = asyncio.create_task(ingest_queue.commit(_samples(1)))
    await asyncio.sleep(0)
    batch = ingest_queue.take_now()
    task.cancel()
    await asyncio.sleep(0)
    batch.done()
    assert task.cancelled()


@in_virtual_time
async def test_who_cannot_wait_for_the_rest_of_the_tick_skips_it() -> None:
    ingest_queue, clock = IngestQueue(tick=10.0), asyncio.get_running_loop().time
    await ingest_queue.settle()
    assert clock() < 1.0, "nothing was there to wait for"
    ingest_queue.offer(_samples(1))
    taking, settling = asyncio.create_task(ingest_queue.take()), asyncio.create_task(ingest_queue.settle())
    batch = await taking
    assert clock() < 1.0
    assert not settling.done()
    batch.done(StoreFull("no room"))
    await settling
    ingest_queue.offer(_samples(1))
    before = clock()
    await ingest_queue.take()
    assert clock() - before == pytest.approx(10.0), "the next one has its whole tick again"
