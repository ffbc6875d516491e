"""A forwarder that runs for as long as a block, and ways to wait for what it does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from facilityd.model.sample import NS
from facilityd.model.settings import InfluxSettings
from facilityd.pipeline.writer import WriterThread
from facilityd.store.forward import Forwarder, SinkRetryPolicy
from facilityd.store.influx import InfluxSink
from facilityd.store.line_source import SampleSource
from facilityd.store.reader import JournalReader
from facilityd.store.samples import SampleWrite
from facilityd.store.sink import Sink
from support.journals import T0, Keeper, sample, stream
from support.scripted_influxdb import ScriptedInfluxDb

QUICK = SinkRetryPolicy(idle=0.01, first=0.01, held=0.02, longest=0.1)


STREAMS = [stream("hoist-1"), stream("lamp-1", "relay", 2), stream("lamp-2", "relay", 2)]


def fill(keeper: Keeper, ticks: int, start: int = 0) -> None:
    """Store one sample of each stream per tick."""
    samples = [sample(of, T0 + n * NS) for n in range(start, start + ticks) for of in STREAMS]
    keeper.journal.commit([SampleWrite(samples)])


def influx(url: str, *, timeout: float = 5.0, gzip: bool = False, **settings: Any) -> InfluxSink:
    """A sink of InfluxDB's, with what is not told as the tests' servers have it."""
    wanted = {"id": "influx", "bucket": "telemetry", "org": "square", "token": "secret"} | settings
    return InfluxSink(InfluxSettings(url=url, **wanted), gzip=gzip, timeout=timeout)


def forwarder_of(sink: Sink, keeper: Keeper, retry_policy: SinkRetryPolicy = QUICK) -> Forwarder:
    """A forwarder of the sink "influx", whatever it is."""
    return Forwarder(
        "influx",
        sink,
        "square",
        keeper.journal.path,
        keeper.advance,
        keeper.add_dead_letter_line,
        retry_policy=retry_policy,
        thread=WriterThread(),
    )


def forwarder(keeper: Keeper, url: str, retry_policy: SinkRetryPolicy = QUICK, **options: Any) -> Forwarder:
    """A forwarder to InfluxDB."""
    return forwarder_of(influx(url, **options), keeper, retry_policy)


@asynccontextmanager
async def running(made: Forwarder) -> AsyncIterator[Forwarder]:
    """Run it until the block ends; it must not have ended before."""
    task = asyncio.create_task(made.run())
    try:
        yield made
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def wait_for(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


def expected(reader: JournalReader) -> list[bytes]:
    """Every line that the journal says, in order."""
    return [line.text for line in SampleSource(reader, "square", most=10**6, size=10**9).read(0)[0]]


async def deliver_all(
    keeper: Keeper,
    reader: JournalReader,
    server: ScriptedInfluxDb,
    retry_policy: SinkRetryPolicy = QUICK,
    **target: Any,
) -> Forwarder:
    """Forward until the cursor stands at the last sample."""
    async with running(forwarder(keeper, server.url, retry_policy, **target)) as made:
        await wait_for(lambda: reader.cursor("influx") == reader.last_sample())
    return made
