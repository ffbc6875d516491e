"""Once a second: let time pass for rules and modes, carry out commands; now and then write down health."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from facilityd.app.builtin import DAEMON, LINK_PERIOD, PERIOD, link_name
from facilityd.app.commands import CommandRunner
from facilityd.app.core import Core
from facilityd.app.groups import group_values
from facilityd.app.people_scheduler import PeopleScheduler
from facilityd.app.readiness_scheduler import ReadinessScheduler
from facilityd.app.rollup_scheduler import RollupScheduler
from facilityd.app.sealing_scheduler import SealingScheduler
from facilityd.app.self_monitor import SelfMonitor
from facilityd.app.tasks import TaskScheduler
from facilityd.config.site import Site
from facilityd.detect.device_state import FOREVER
from facilityd.detect.engine import STOOD_STILL
from facilityd.model.clock import Clock
from facilityd.model.link import LinkHealth
from facilityd.model.poll_counts import PollSpans, together
from facilityd.model.sample import NS, Value
from facilityd.store.journal import DiskUsage
from facilityd.store.reader import JournalReader
from facilityd.supervise.clock_steps import DOUBT
from facilityd.supervise.health import lateness_values, link_values, sample_of

BEAT_S = 1.0
ANSWERS = NS // 20
"""A delay that ends is looked at so much later (ns): the answer to a poll of that instant is on its way."""
SOONEST = NS // 10
"""What time alone brings about is looked at no more often than this (ns)."""
REMEMBER = 600 * NS
"""The rules' memory is stored so often (ns); after a crash the samples since then are shown again."""


class Housekeeping:
    """The daemon's own pulse."""

    def __init__(
        self,
        site: Site,
        core: Core,
        clock: Clock,
        self_monitor: SelfMonitor,
        next_edge: Callable[[int], int],
        readiness_scheduler: ReadinessScheduler,
        people: PeopleScheduler,
        command_interval: float | None = BEAT_S,
        *,
        rolls_up: bool = True,
    ) -> None:
        self._rolls_up = rolls_up
        self._upkeep = _upkeep(site, core) if rolls_up else ()
        self._command_interval, self._edge = command_interval, next_edge
        self._readiness_scheduler, self._people = readiness_scheduler, people
        self._task_scheduler = TaskScheduler(core)
        self._moved, self._planned = asyncio.Event(), 0
        self._core, self._clock, self._self_monitor = core, clock, self_monitor
        self._commands = CommandRunner(core)
        self._links: dict[str, LinkHealth] = {}
        self._written: dict[str, int] = {}
        self._channels: dict[str, tuple[int, dict[str, Value | None] | None]] = {}
        self._groups: dict[str, tuple[int, dict[str, Value | None] | None]] = {}
        self._clock_steps = 0
        self._lateness = 0.0
        self._of_links, self._of_all = PollSpans(), PollSpans()
        self._due = 0
        self._remember_at = clock.steady() + REMEMBER

    def hear(self, health: LinkHealth) -> None:
        """Take an adapter's word on its link; a change is written down at once."""
        if link_name(health.link) not in self._core.devices:
            return  # the last word of a link that left the site
        before = self._links.get(health.link)
        self._links[health.link] = health
        self._lateness = max(self._lateness, health.lateness or 0.0)
        if before is None or _told_at_once(before) != _told_at_once(health):
            self._write_link(health)
            # Of how late and how busy it is nothing is known yet: it is told after a minute.
            self._written[health.link] -= LINK_PERIOD - PERIOD

    def adopt(self, site: Site, people: PeopleScheduler) -> None:
        """Go on with another site: what is known of links that it has not is forgotten, a look is due."""
        self._people = people
        self._upkeep = _upkeep(site, self._core) if self._rolls_up else ()
        self._links = {name: health for name, health in self._links.items() if name in site.links}
        self._written = {name: at for name, at in self._written.items() if name in site.links}
        self._channels = {name: one for name, one in self._channels.items() if name in self._core.devices}
        self._groups = {name: one for name, one in self._groups.items() if name in self._core.devices}
        self._planned, self._due = FOREVER, 0
        self.replan()

    async def run(self) -> None:
        """Beat until cancelled."""
        with JournalReader.open(self._core.path) as reader:
            while True:
                await self._rest()
                await self._beat(reader)

    async def _rest(self) -> None:
        """Sleep for a beat; where nobody asks, until time alone may change something."""
        if self._command_interval is not None:
            before = self._clock.steady()
            await self._watch_delays(before + round(self._command_interval * NS))
            slept = self._clock.steady() - before
            if slept > self._command_interval * NS + STOOD_STILL:
                self._core.downtimes.paused(slept)
            return
        written, at, steady = self._core.flow.held.written, *self._clock.now()
        owed = coming = self._others_due(at, steady)
        while True:
            await asyncio.sleep(BEAT_S)
            self._moved.clear()
            at, steady = self._clock.now()
            if coming <= steady or self._core.flow.held.written != written:
                coming = self._others_due(at, steady)
                owed = min(owed, coming)  # what came during the sleep does not come again
            self._planned = min(coming, self._core.engine.next_wake)
            if self._planned > steady:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout((self._planned - steady) / NS):
                        await self._moved.wait()
            if self._core.flow.held.written != written or not self._nothing_due(owed):
                return

    def _others_due(self, at: int, steady: int) -> int:
        """Return when anything but a rule is due; both instants are the present, the result is steady, ns."""
        due = self._core.alarms.next_due
        return min(
            self._due if due is None else min(self._due, steady + due - at),
            self._edge(steady),
            steady + self._readiness_scheduler.next_edge(at) - at,
            self._people.next_edge(steady, at),
            steady + self._task_scheduler.next_edge(at) - at,
        )

    def _nothing_due(self, owed: int) -> bool:
        """Return whether a beat would only find that samples put off what a rule waited for."""
        self._core.clock_steps.doubtful()
        steady = self._clock.steady()
        return not (
            self._core.clock_steps.count != self._clock_steps
            or steady >= min(owed, self._due, self._remember_at)
            or self._core.engine.is_due(steady)
            or self._core.flow.held.parts
            or self._commands.waiting
        )

    async def _watch_delays(self, until: int) -> None:
        """Wait until an instant (ns, steady); a delay of a rule that ends before is looked at when it does.

        After a standstill it returns at once: nothing is judged before that is known.
        """
        while (steady := self._clock.steady()) < until:
            self._moved.clear()
            wake = max(self._core.engine.next_wake + ANSWERS, steady + SOONEST)
            self._planned = min(until, wake)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout((self._planned - steady) / NS):
                    await self._moved.wait()
            now = self._clock.steady()
            if now > self._planned + STOOD_STILL:
                return
            if self._core.engine.is_due(now - ANSWERS) and now < until:
                await self._core.ingest_queue.settle()
                await self._judge_time()

    async def _judge_time(self) -> tuple[int, int]:
        """Judge what has become of time alone; return the instant, ns UTC and steady."""
        at, steady = self._clock.now()
        self._core.mode.tick(steady)
        await self._core.flow.tick(steady, at)
        return at, steady

    def replan(self) -> None:
        """Look whether the newest samples want an earlier beat; write down what became of groups."""
        self._write_groups()
        if self._core.engine.next_wake < self._planned:
            self._moved.set()

    async def _beat(self, reader: JournalReader) -> None:
        self._core.clock_steps.doubtful()
        at, steady = self._clock.now()
        if self._core.clock_steps.count != self._clock_steps:
            self._clock_steps, self._due = self._core.clock_steps.count, 0  # its alarm is due now
            leapt = round(self._core.clock_steps.recent() * NS)
            self._core.downtimes.leapt(leapt)
            self._people.leapt(leapt)
        if self._clock_steps and not self._core.clock_steps.recent():
            # A clock that was wrong when this began is not what the sun goes by for as long as it runs.
            self._core.calendar.ahead = at - steady
        self._core.mode.tick(steady)
        await self._core.flow.tick(steady, at)
        await self._core.downtimes.record(self._core.flow.commit)
        if self._core.downtimes.untold:
            self._due = 0
        self._write_groups()
        await self._commands.run(reader, at)
        await self._readiness_scheduler.beat(reader, at)
        await self._people.beat(at)
        for scheduler in self._upkeep:
            await scheduler.beat(reader, at)
        await self._task_scheduler.beat(at)
        if steady >= self._due:
            # While a jump is news its sample bears a doubtful label; the next one must come soon.
            self._due = steady + (DOUBT if self._core.clock_steps.recent() else PERIOD)
            await self._write_down(reader)
        if steady >= self._remember_at:
            self._remember_at = steady + REMEMBER
            await self._core.flow.remember()

    async def _write_down(self, reader: JournalReader) -> None:
        quiet = self._clock.steady() - LINK_PERIOD
        for health in self._links.values():
            if self._written.get(health.link, 0) <= quiet:
                self._write_link(health)
        stream = self._core.devices[DAEMON].streams[0]
        self._core.ingest_queue.offer(
            [sample_of(stream, self._clock, self._values(reader, await self._core.disk_usage()))]
        )
        self._lateness = 0.0
        self._write_channels(reader)

    def _write_link(self, health: LinkHealth) -> None:
        self._written[health.link] = self._clock.steady()
        stream = self._core.devices[link_name(health.link)].streams[0]
        now = self._clock.steady() / NS
        polls = self._of_links.take(health.link, health.counts, now) if health.counts else None
        self._core.ingest_queue.offer([sample_of(stream, self._clock, link_values(health, polls))])

    def _late(self) -> dict[str, Value | None]:
        """Return how late the polls of all links were since this was last asked."""
        now = self._clock.steady() / NS
        found = [self._of_all.take(one.link, one.counts, now) for one in self._links.values() if one.counts]
        return lateness_values(together(found))

    def _values(self, reader: JournalReader, room: DiskUsage) -> dict[str, Value | None]:
        at, lost = self._clock.now()[0], sum(one.lost for one in self._links.values())
        return (
            self._self_monitor.daemon(reader, room, at, lost)
            | {
                "clock_jump": self._core.clock_steps.recent(),
                "unwatched": self._core.downtimes.tell(),
                "interruptions": self._core.downtimes.recent(reader),
                "timetable_off": self._readiness_scheduler.timetable_off(at),
                "lateness": 1000.0 * self._lateness,
            }
            | self._late()
        )

    def _write_groups(self) -> None:
        """Write down groups with news; one on which all is well, now and then."""
        steady = self._clock.steady()
        for device, values in group_values(self._core.alarms).items():
            written, before = self._groups.get(device, (0, None))
            if values != before or written <= steady - LINK_PERIOD:
                self._groups[device] = steady, values
                stream = self._core.devices[device].streams[0]
                self._core.ingest_queue.offer([sample_of(stream, self._clock, values)])

    def _write_channels(self, reader: JournalReader) -> None:
        """Write down channels with news; one on which all is well and nothing happens, now and then."""
        steady = self._clock.steady()
        for device, values in self._self_monitor.channels(reader, self._clock.now()[0]).items():
            written, before = self._channels.get(device, (0, None))
            if values != before or written <= steady - LINK_PERIOD:
                self._channels[device] = steady, values
                stream = self._core.devices[device].streams[0]
                self._core.ingest_queue.offer([sample_of(stream, self._clock, values)])


def _upkeep(site: Site, core: Core) -> tuple[RollupScheduler | SealingScheduler, ...]:
    """Return what works on the journal's past."""
    store = site.store
    return RollupScheduler(core.flow, store.keep), SealingScheduler(core.flow, store.seal_after)


def _told_at_once(health: LinkHealth) -> tuple[object, ...]:
    """Return what of a link's health is written down as soon as it is another."""
    nodes = health.edge_nodes
    of_nodes = (nodes.unborn, nodes.rebirths, nodes.gaps > 0, nodes.malformed > 0) if nodes else ()
    return health.up, health.mute, of_nodes
