"""The stage: the real daemon on a simulated site, in virtual time, in this process."""

from __future__ import annotations

import asyncio
import gc
import random
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

from devices.mqtt.connect import Ear
from devices.unit import MqttLink
from facilityd.app.daemon import watch
from facilityd.app.outside import Outside
from facilityd.config.site import Site
from facilityd.model.clock import Clock
from facilityd.model.notice import Notice, Outcome, Result
from facilityd.model.sample import NS
from facilityd.notify.channels import Channel, ChannelSettings
from facilityd.scenario.field import MemoryField
from facilityd.scenario.loop import VirtualLoop
from facilityd.scenario.theatre import Theatre
from facilityd.supervise.stop import end

P = ParamSpec("P")
T = TypeVar("T")
JOURNAL = "journal.db"
PLENTY = 100 * 2**30
"""Bytes free on a disk that never fills."""


class InlineWriter:
    """The journal's writer without a thread: virtual time knows no other."""

    async def call(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what ``work`` returns."""
        return work(*args, **kwargs)

    def close(self) -> None:
        """Nothing is left to do."""


@dataclass(slots=True)
class Mailbox:
    """A channel that keeps what it is given."""

    taken: list[Notice] = field(default_factory=list)

    async def send(self, notice: Notice) -> Outcome:
        """Take a notice."""
        self.taken.append(notice)
        return Outcome(Result.ACCEPTED)


class Stage(Theatre):
    """A site in virtual time. Use as a context manager; nothing moves but in ``advance`` and ``until``."""

    def __init__(self, site: Site, folder: Path, *, start: int, seed: int = 1) -> None:
        self.journal = folder / JOURNAL
        self.site = replace(site, store=replace(site.store, path=str(self.journal)), sinks={})
        self.seed, self.start = seed, start
        self.mailbox = Mailbox()
        self._loop = VirtualLoop()
        self.field = MemoryField(self.site, self._loop, start, seed)
        self.square = self.field.square
        self._offset = 0
        self._daemon: asyncio.Task[None] | None = None
        self._stop: asyncio.Event | None = None
        self._living: list[asyncio.Task[None]] = []

    def __enter__(self) -> Self:
        self._dice, self._thresholds = random.getstate(), gc.get_threshold()
        # As the daemon does: what lives long is not walked again and again.
        gc.set_threshold(100_000, 50, 100)
        random.seed(self.seed)
        self._loop.run_until_complete(self._begin())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._loop.run_until_complete(self._end())
        finally:
            self._loop.close()
            random.setstate(self._dice)
            gc.set_threshold(*self._thresholds)

    @property
    def now(self) -> int:
        """The true instant in ns UTC."""
        return self.field.now()

    @property
    def nature(self) -> int:
        """The physics' own time is the true one."""
        return self.now

    def until(self, instant: int) -> None:
        """Let time pass until an instant in ns UTC. Raises what ends the daemon."""
        if instant > self.now:
            self._loop.run_until_complete(self._pass((instant - self.start) / NS))

    def restart(self) -> None:
        """Stop the daemon and start it again on the same journal."""
        self._loop.run_until_complete(self._again())

    def jump_clock(self, seconds: float) -> None:
        """Let somebody move the daemon's wall clock; what is true does not move."""
        self._offset += round(seconds * NS)

    def hazard(self, target: str, name: str, magnitude: float | None = None) -> None:
        """Make a unit or link misbehave, or with ``none`` behave again. Raises UsageError."""
        self.field.inject(target, name, magnitude)

    def _there(self, work: Callable[[], None]) -> None:
        work()

    async def _begin(self) -> None:
        self._living = self.field.open()
        await self._launch()

    async def _launch(self) -> None:
        self._stop = asyncio.Event()
        self._daemon = self._loop.create_task(watch(self.site, self._stop, self._outside()))

    async def _pass(self, until: float) -> None:
        daemon = self._daemon
        if daemon is None:
            return
        reached = self._loop.create_future()
        timer = self._loop.call_at(until, reached.set_result, None)
        await asyncio.wait({reached, daemon, *self._living}, return_when=asyncio.FIRST_COMPLETED)
        timer.cancel()
        for task in (daemon, *self._living):
            if task.done():
                task.result()
                raise RuntimeError("the daemon ended by itself")

    async def _halt(self) -> None:
        if self._stop and self._daemon:
            self._stop.set()
            await self._daemon
            self._daemon = None

    async def _again(self) -> None:
        await self._halt()
        await self._launch()

    async def _end(self) -> None:
        try:
            await self._halt()
        finally:
            await end(self._living)

    def _outside(self) -> Outside:
        return Outside(
            clock=Clock(lambda: self.now + self._offset, lambda: self.now),
            connect=self.field.wires.connect,
            listen=self._listen,
            channels=self._channels,
            writer=InlineWriter,
            disk_free=lambda _: PLENTY,
            requests=None,
            durable=False,
            signals=False,
            long_lived=False,
        )

    @asynccontextmanager
    async def _listen(self, link: MqttLink) -> AsyncIterator[Ear]:
        async with self.field.brokers[link.id].listen() as ear:
            yield ear

    def _channels(self, settings: Iterable[ChannelSettings]) -> Mapping[str, Channel]:
        return {one.id: self.mailbox for one in settings}
