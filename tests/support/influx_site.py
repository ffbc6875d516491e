"""A real InfluxDB for whoever asks it without a loop, and a journal copied into it by the daemon's own sink."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from facilityd.model.settings import InfluxSettings
from facilityd.store.influx import InfluxSink
from facilityd.store.line_source import ChangeSource, LineSource, SampleSource
from facilityd.store.reader import JournalReader
from facilityd.store.sink import WriteAction
from support.influxd import Influxd, binary
from support.servers import free_port


class InfluxPeer:
    """One server, driven from a test that has no loop of its own."""

    def __init__(self, server: Influxd, runner: asyncio.Runner) -> None:
        self.server, self._run = server, runner.run

    def settings(self, **other: str) -> InfluxSettings:
        """Return a sink's settings for it, with what is not told as it is there."""
        own = {"url": self.server.url, "org": self.server.org, "bucket": self.server.bucket}
        return InfluxSettings(**({"id": "influx", "token": self.server.token} | own | other))

    def take(self, journal: Path, site: str) -> int:
        """Write samples and changes of a journal into it; return how many lines that were."""
        return self._run(self._take(journal, site))

    def flux(self, query: str) -> list[dict[str, str]]:
        """Return the rows that a query gives."""
        return self._run(self.server.query(query))

    async def _take(self, journal: Path, site: str) -> int:
        count = 0
        with JournalReader.open(journal) as reader:
            sources: list[LineSource] = [SampleSource(reader, site), ChangeSource(reader, site)]
            async with InfluxSink(self.settings()) as sink:
                for source in sources:
                    after = 0
                    while lines := source.read(after)[0]:
                        outcome = await sink.write([line.text for line in lines])
                        assert outcome.action is WriteAction.TAKEN, outcome
                        after, count = lines[-1].id, count + len(lines)
        return count


@contextmanager
def influx_peer(folder: Path) -> Iterator[InfluxPeer]:
    """Run a fresh server, set up, until the block ends."""
    binary()
    server = Influxd(folder, free_port())
    with asyncio.Runner() as runner:
        runner.run(server.start())
        try:
            runner.run(server.setup())
            yield InfluxPeer(server, runner)
        finally:
            runner.run(server.stop())
