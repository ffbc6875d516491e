"""The daemon's sign of life: beats while the event loop runs, and says whether the journal's writer does.

Commands see it in a file beside the journal, the service manager by its watchdog. Neither is written by
another thread on the loop's behalf: what stops the loop stops the beat.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterator
from pathlib import Path

from facilityd.config.site import Site
from facilityd.pipeline.writer import Writer
from facilityd.store.files import is_held
from facilityd.store.heartbeat_file import WRITER_STUCK, HeartbeatFile, HeartbeatRecord, Phase
from facilityd.supervise.process_figures import ProcessFigures, clock_state, resident_memory
from facilityd.supervise.service_manager import ServiceManager
from facilityd.supervise.stop import end

log = logging.getLogger(__name__)

INTERVAL_S = 2.0
TURNS = 8
"""Sleeps between two beats: each shows how late the loop is."""


class HeartbeatLoop:
    """One for each process that runs a site.

    ``files``: a thread that writes the beats down; None: nobody does. A slow disk may hold that thread up
    for a while; the loop goes on.
    """

    def __init__(self, journal: Path, files: Writer | None, manager: ServiceManager) -> None:
        self.manager = manager
        self._journal, self._file, self._files = journal, HeartbeatFile(journal), files
        self._phase: Phase = "starting"
        self._answered = time.monotonic_ns()
        self._fault = ""
        self._lag = self._waited = 0.0
        self._asked = 0

    @property
    def beats(self) -> bool:
        """Whether there is anything to run."""
        return self._files is not None

    @contextlib.contextmanager
    def starting(self) -> Iterator[None]:
        """Beat once before the journal is opened, which may take long; not where another daemon has it.

        What was not opened has no beat: it is taken away again.
        """
        self.manager.status("opening the journal")
        mine = self._files is not None and not is_held(self._journal)
        if mine:
            self._file.write(HeartbeatRecord.now("starting"))
        try:
            yield
        finally:
            if mine and not is_held(self._journal):
                self._file.remove()

    async def run(self, writer: Writer) -> None:
        """Beat until cancelled; ``writer`` is the journal's."""
        asking = writing = None
        try:
            while True:
                if asking is None or asking.done():
                    asking = asyncio.create_task(self._ask(writer), name="writer probe")
                if writing is None or writing.done():
                    writing = asyncio.create_task(self._write(), name="heartbeat file")
                if self.writer_silent < WRITER_STUCK:
                    self.manager.alive()
                await self._rest(self._interval)
        finally:
            await end([task for task in (asking, writing) if task])

    async def _rest(self, seconds: float) -> None:
        """Sleep in short turns, and note how late the loop came back from each."""
        for _ in range(TURNS):
            due = time.monotonic() + seconds / TURNS
            await asyncio.sleep(seconds / TURNS)
            self._lag = max(self._lag, time.monotonic() - due)

    def observe(self) -> ProcessFigures:
        """Return how the process was since this was last asked."""
        kept, error = clock_state() or (None, None)
        pending = (time.monotonic_ns() - self._asked) / 1e9 if self._asked else 0.0
        waited = max(self._waited, pending)
        found = ProcessFigures(self._lag, waited, resident_memory(), kept, error)
        self._lag = self._waited = 0.0
        return found

    @property
    def writer_silent(self) -> int:
        """For how long (ns) the writer has not answered."""
        return max(0, time.monotonic_ns() - self._answered - round(self._interval * 1e9))

    def ready(self, site: Site) -> None:
        """From now on a site is watched; the service manager shows which."""
        self._phase = "running"
        self.manager.ready(f"watching {site.id}: {len(site.devices)} devices on {len(site.links)} links")

    def reloading(self) -> None:
        """Other files are being read; ``ready`` follows."""
        self.manager.reloading()

    def stopping(self) -> None:
        """The end has begun."""
        self.manager.stopping()

    def ended(self) -> None:
        """Take the beat away, while the journal is still held."""
        if self._files:
            self._files.close()
            self._file.remove()

    @property
    def _interval(self) -> float:
        """Seconds between beats; a watchdog wants at least two in its time."""
        watchdog = self.manager.watchdog / 1e9
        return min(INTERVAL_S, watchdog / 3) if watchdog else INTERVAL_S

    async def _ask(self, writer: Writer) -> None:
        self._asked = asked = time.monotonic_ns()
        answered = await writer.call(time.monotonic_ns)
        self._answered, self._asked = time.monotonic_ns(), 0
        self._waited = max(self._waited, (answered - asked) / 1e9)

    async def _write(self) -> None:
        if not self._files:
            return
        await self._files.call(self._file.write, HeartbeatRecord.now(self._phase, self.writer_silent))
        if self._fault != self._file.fault:
            self._fault = self._file.fault
            if self._fault:
                log.warning("%s cannot be written: %s", self._file.path, self._fault)
