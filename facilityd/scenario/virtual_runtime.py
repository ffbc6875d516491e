"""A scenario in virtual time: the real daemon on a simulated site, in virtual time, in this process."""

from __future__ import annotations

import asyncio
import gc
import random
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from devices.mqtt.subscriber import MqttSubscriber
from devices.unit import MqttLink
from facilityd.app.builtin import DAEMON, channel_of
from facilityd.app.daemon import watch
from facilityd.app.environment import Environment
from facilityd.app.reload_requests import ReloadRequests
from facilityd.config.machine_limits import with_signed_limits
from facilityd.config.signed_limits import limits_file, read_limits
from facilityd.config.site import Site
from facilityd.errors import UsageError
from facilityd.model.clock import Clock
from facilityd.model.message import Wording
from facilityd.model.notice import DeliveryOutcome, DeliveryResult, Notice
from facilityd.model.people import AlertmanagerSettings
from facilityd.model.sample import NS
from facilityd.model.settings import ChannelSettings, InfluxSettings
from facilityd.notify.channels import Channel
from facilityd.scenario.host_faults import DAMAGED, HAZARDS, HostFaults, damage
from facilityd.scenario.in_memory_site import NO_HAZARD, InMemorySite
from facilityd.scenario.loop import VirtualLoop
from facilityd.scenario.runtime import ScenarioRuntime
from facilityd.supervise.stop import end
from simulators.machines import ForeignMachine

JOURNAL = "journal.db"
SINK = InfluxSettings("influxdb", "", "", "", "")


@dataclass(slots=True)
class Mailbox:
    """Keeps what its channels are given. ``answer`` says what a channel does: seconds, and an outcome."""

    answer: Callable[[str], tuple[float, DeliveryResult]]
    taken: list[Notice] = field(default_factory=list)

    async def send(self, notice: Notice) -> DeliveryResult:
        """Take a notice, or do as the channel's hazard wants."""
        takes, outcome = self.answer(notice.channel)
        if takes:
            await asyncio.sleep(takes)
        if outcome.result is DeliveryOutcome.ACCEPTED:
            self.taken.append(notice)
        return outcome


class VirtualRuntime(ScenarioRuntime):
    """A site in virtual time. Use as a context manager; nothing moves but in ``advance`` and ``until``.

    Points are forwarded only where ``forwarding`` asks for it, to one store in memory: it costs time.
    ``foreign``: machines other than the demo square's, by device. ``rolls_up``: the journal's past is
    rolled up and sealed as well, which costs time too.
    """

    def __init__(
        self, site: Site, folder: Path, *, start: int, seed: int = 1, forwarding: bool = False,
        foreign: Mapping[str, ForeignMachine] | None = None, rolls_up: bool = False,
    ) -> None:  # fmt: skip
        self.journal = folder / JOURNAL
        self._rolls_up = rolls_up
        self._sinks = {SINK.id: SINK} if forwarding else {}
        self._site = self._files = self._here(site)
        self.reloads = ReloadRequests()
        self.host = HostFaults()
        self.seed, self.start = seed, start
        self.mailbox = Mailbox(self.host.answer)
        self._loop = VirtualLoop()
        self.alerts: list[list[dict[str, Any]]] = []
        """What the daemon posted to Alertmanagers, post by post."""
        self.heartbeats: list[int] = []
        """When the daemon called the heartbeat's URL, ns UTC."""
        self.field = InMemorySite(self.site, self._loop, start, seed, foreign)
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
    def site(self) -> Site:
        """The site as it is in the field; what the daemon watches is what its files say."""
        return self._site

    @property
    def now(self) -> int:
        """The true instant in ns UTC."""
        return self.field.now()

    @property
    def physics(self) -> int:
        """The physics' own time is the true one."""
        return self.now

    def until(self, instant: int) -> None:
        """Let time pass until an instant in ns UTC. Raises what ends the daemon."""
        if instant > self.now:
            self._loop.run_until_complete(self._pass((instant - self.start) / NS))

    def change_files(self, site: Site) -> None:
        """Let somebody change the files to those of another site: the daemon reads them when it starts next.

        The field stays as it is: units that it has not are not there.
        """
        self._files = self._here(site)

    def reload(self, site: Site) -> None:
        """Let somebody change the files, and ask the daemon to read them again."""
        self.change_files(site)
        self._loop.run_until_complete(self._hang_up())

    async def _hang_up(self) -> None:
        self.reloads.hang_up(self.now + self._offset)

    def load(self, _: int) -> tuple[Site, None]:
        """Return what the daemon is to watch: what its files are to a real one."""
        return with_signed_limits(self._files, read_limits(limits_file(self.journal))[0]), None

    def _here(self, site: Site) -> Site:
        return replace(site, store=replace(site.store, path=str(self.journal)), sinks=self._sinks)

    def restart(self, down: float = 0.0) -> None:
        """Stop the daemon and start it again on the same journal, ``down`` s later."""
        self._loop.run_until_complete(self._again(down=down))

    def crash(self, down: float = 0.0) -> None:
        """End the daemon in the midst of whatever it does, and start it again ``down`` s later."""
        self._loop.run_until_complete(self._fall(down))

    def jump_clock(self, seconds: float) -> None:
        """Let somebody move the daemon's wall clock; what is true does not move."""
        self._offset += round(seconds * NS)

    def hazard(self, target: str, name: str, magnitude: float | None = None) -> None:
        """Make a unit, a link, a channel or the daemon's computer misbehave, or with ``none`` behave again.

        Raises UsageError.
        """
        if channel_of(target):
            self.host.channels[target] = "" if name == NO_HAZARD else name
        elif target != DAEMON:
            self.field.inject(target, name, magnitude)
        elif name == DAMAGED:
            self._loop.run_until_complete(self._again(damage))
        elif name == NO_HAZARD:
            self.host.troubles.clear()
        elif name in HAZARDS:
            self.host.troubles.add(name)
        else:
            raise UsageError(
                Wording("scenario.hazard-does-not-fit", name=name, daemon=DAEMON),
                hint=Wording("scenario.known", hazards=[*HAZARDS]),
            )

    def _there(self, work: Callable[[], None]) -> None:
        work()

    async def _begin(self) -> None:
        self._living = self.field.open()
        await self._launch()

    async def _launch(self) -> None:
        self._stop = asyncio.Event()
        self._daemon = self._loop.create_task(
            watch(self._files, self._stop, self._outside(), self, self.reloads)
        )

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

    async def _again(self, meanwhile: Callable[[Path], None] = lambda _: None, *, down: float = 0.0) -> None:
        await self._halt()
        meanwhile(self.journal)
        await asyncio.sleep(down)
        await self._launch()

    async def _fall(self, down: float) -> None:
        if self._daemon:
            await end([self._daemon])
        await asyncio.sleep(down)
        await self._launch()

    async def _end(self) -> None:
        try:
            await self._halt()
        finally:
            await end(self._living)

    def _outside(self) -> Environment:
        now = self.field.now
        return Environment(
            clock=Clock(lambda: now() + self._offset, now),
            connect=self.field.wires.connect,
            listen=self._listen,
            channels=self._channels,
            writer=self.host.writer,
            sink=self.host.sink,
            disk_free=self.host.disk_free,
            ping=self._ping,
            post_alerts=self._post_alerts,
            command_interval=None,
            rolls_up=self._rolls_up,  # a month of it would cost minutes, and nobody looks at years here
            durable=False,
            signals=False,
            bridges=False,
            long_lived=False,
            heartbeat=False,
            observe=self.host.observe,
        )

    @asynccontextmanager
    async def _listen(self, link: MqttLink) -> AsyncIterator[MqttSubscriber]:
        async with self.field.brokers[link.id].listen() as subscriber:
            yield subscriber

    async def _post_alerts(self, _: AlertmanagerSettings, alerts: list[dict[str, Any]]) -> str:
        self.alerts.append(alerts)
        return ""

    async def _ping(self, _url: str) -> str:
        self.heartbeats.append(self.now)
        return ""

    def _channels(self, settings: Iterable[ChannelSettings]) -> Mapping[str, Channel]:
        return {one.id: self.mailbox for one in settings}
