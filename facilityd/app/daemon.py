"""The daemon: what is built on what, and in which order it starts and stops.

    journal ( writer ( flow, notices, forwarders, housekeeping ( sources ) ) )

The journal is opened first and closed last; the sources are started last and stopped first.
Leaving the nest is the shutdown order.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from facilityd.app.alertmanager import post_alarms
from facilityd.app.baseline_approval import renew_limits
from facilityd.app.calendar import SiteCalendar
from facilityd.app.ceremony import Ceremonies
from facilityd.app.clock_while_down import CLOCK, clock_word, set_meanwhile
from facilityd.app.core import Core
from facilityd.app.discovery import Discovery
from facilityd.app.environment import Environment
from facilityd.app.forecast import Forecasts
from facilityd.app.housekeeping import Housekeeping
from facilityd.app.line_scanner import LineScanner
from facilityd.app.mqtt_bridge import keep_bridges
from facilityd.app.outputs import JournalOutbox, SinkTasks, make_deliverer
from facilityd.app.people_scheduler import PeopleScheduler
from facilityd.app.proof_of_life import HeartbeatTask
from facilityd.app.readiness_scheduler import ReadinessScheduler
from facilityd.app.reload import Reloader, RunningParts, note
from facilityd.app.reload_requests import ReloadRequests
from facilityd.app.self_monitor import SelfMonitor
from facilityd.app.site_files import SiteFiles, SiteSource
from facilityd.app.sources import AdapterContext, LinkTasks
from facilityd.config.fingerprint import LoadedConfiguration
from facilityd.config.load import home_of
from facilityd.config.site import Site
from facilityd.errors import StoreFull, UsageError
from facilityd.model.message import Wording
from facilityd.pipeline.writer import Writer
from facilityd.store.heartbeat_file import HeartbeatRecord, read_heartbeat
from facilityd.store.journal import Journal
from facilityd.store.meta import MetaWrite
from facilityd.store.reader import JournalReader
from facilityd.supervise.heartbeat_loop import HeartbeatLoop
from facilityd.supervise.inbox import Inbox
from facilityd.supervise.service_manager import ServiceManager
from facilityd.supervise.share import share
from facilityd.supervise.stop import end, on_signals

log = logging.getLogger(__name__)

KNOTS = 5_000
"""Objects that may wait for the collector. Ten times as many were 7 MB, three hours of a quiet broker."""


async def watch(
    site: Site,
    stop: asyncio.Event | None = None,
    environment: Environment | None = None,
    source: SiteSource | None = None,
    reloads: ReloadRequests | None = None,
    configuration: LoadedConfiguration | None = None,
) -> None:
    """Watch a site until ``stop`` is set or a signal comes. Raises FacilitydError where it cannot start.

    ``source`` is read again whenever ``reloads`` are asked for, by default the files that the site was loaded
    from; ``configuration`` says which files those were.
    """
    stop, environment = stop or asyncio.Event(), environment or Environment()
    source = source or SiteFiles([Path(one) for one in site.paths or (site.source,)])
    reloads = reloads or ReloadRequests()
    path = Path(site.store.path)
    make_folder(path.parent, site)
    last_beat = read_heartbeat(path)
    heart = _heart(path, environment)
    hang_up = partial(_hang_up, reloads, environment)
    with (
        on_signals(stop, hang_up) if environment.signals else contextlib.nullcontext(),
        heart.starting(),
        Journal.open(
            path,
            max_bytes=site.store.max_size,
            max_age=site.store.keep,
            retention=site.store.retention,
            clock=environment.clock,
            site=site.id,
            durable=environment.durable,
            free=environment.disk_free,
        ) as journal,
    ):
        _tell(journal)
        share(path, Inbox(path).folder, site.store.group)
        journal.configure_sinks(list(site.sinks))
        writer = environment.writer()
        by = _set_meanwhile(journal, environment, last_beat)
        beating = [asyncio.create_task(heart.run(writer), name="beat")] if heart.beats else []
        try:
            going_on: Site | None = site
            while going_on is not None and not stop.is_set():
                daemon = Daemon(going_on, journal, writer, environment, source, reloads, heart)
                daemon.clock_was_set(by)
                by = 0
                going_on = await daemon.run(stop, configuration)
                configuration = None
            log.info("%s: stopped", site.id)
        finally:
            await end(beating)
            heart.ended()
            writer.close()


def _heart(path: Path, environment: Environment) -> HeartbeatLoop:
    if environment.heartbeat:
        return HeartbeatLoop(path, environment.writer(), ServiceManager())
    return HeartbeatLoop(path, None, ServiceManager({}))


def _tell(journal: Journal) -> None:
    """Say what was wrong with a journal that is opened."""
    if journal.moved_aside:
        log.warning("the journal was damaged; it was moved to %s and a new one begun", journal.moved_aside)
    if journal.lost:
        log.error("%s: %s", journal.path, journal.lost)
    if journal.set_aside:
        log.error("%d damaged records of the journal were set aside", journal.set_aside)


def _set_meanwhile(journal: Journal, environment: Environment, beat: HeartbeatRecord | None) -> int:
    """Return by how many ns the clock was set while nobody watched; virtual time has no other clock."""
    if not environment.heartbeat:
        return 0
    with JournalReader.open(journal.path) as reader:
        return set_meanwhile(environment.clock, beat, reader)


def _hang_up(reloads: ReloadRequests, environment: Environment) -> None:
    reloads.hang_up(environment.clock.now()[0])


def make_folder(folder: Path, site: Site) -> None:
    """Make the journal's folder beside the site. Raises UsageError for one that is missing elsewhere.

    A disk that is not mounted is a missing folder too: a journal made in its place would fill the wrong disk.
    """
    if folder.is_dir():
        return
    if home_of(Path(site.source)).resolve() not in folder.resolve().parents:
        hint = Wording("ask.make-mount-its-disk-or")
        raise UsageError(Wording("ask.journal-folder-does-not-exist"), where=str(folder), hint=hint)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(Wording("ask.cannot-made", strerror=error.strerror), where=str(folder)) from error


class Daemon:
    """One site and everything that watches it, from the sink to the source."""

    def __init__(
        self,
        site: Site,
        journal: Journal,
        writer: Writer,
        environment: Environment,
        source: SiteSource,
        reloads: ReloadRequests,
        heart: HeartbeatLoop,
    ) -> None:
        self._heart = heart
        self._site, self._writer, self._environment, self._source = site, writer, environment, source
        self._calendar = SiteCalendar(Ceremonies.of(site), site.timezone, site.duty.holidays)
        self._core = Core.assemble(
            site, journal, writer, environment.writer(), environment.clock, self._calendar, reloads
        )

    def clock_was_set(self, by: int) -> None:
        """Have every wait last as long, though the clock was put forward by ``by`` ns before the start."""
        self._core.flow.drift = -by

    async def run(self, stop: asyncio.Event, configuration: LoadedConfiguration | None) -> Site | None:
        """Watch until told to stop; return a site where everything is to be built anew for it."""
        core = self._core
        await core.catch_up()
        with contextlib.suppress(StoreFull):  # from here on the heartbeat tells
            await core.flow.commit([MetaWrite({CLOCK: ""})])
        if configuration:
            await note(core, configuration)
        if self._environment.long_lived:
            _settle()
        with JournalReader.open(core.path) as reader, contextlib.closing(core):
            renew_limits(core, reader, self._environment.clock.now()[0])
            async with asyncio.TaskGroup() as group:
                flow = group.create_task(core.flow.run(), name="flow")
                parts = await self._parts(reader, group)
                reloader = Reloader(self._site, self._source, core, parts, self._environment, self._heart)
                parts.discovery.on_wider = reloader.take_in
                works = {"notices": parts.deliverer.run(), "housekeeping": parts.housekeeping.run()}
                works["alertmanagers"] = post_alarms(
                    lambda: reloader.site, core, self._environment.post_alerts
                )
                if self._environment.bridges:
                    works["bridges"] = keep_bridges(lambda: reloader.site, core)
                running = [group.create_task(work, name=name) for name, work in works.items()]
                await self._watch_field(parts, reloader, group, flow, stop)
                core.ingest_queue.close()
                await flow
                await end(running)
                await parts.heartbeat.stop()
                await parts.sinks.stop()
                await core.flow.remember()
                await core.downtimes.stopping(core.flow.commit)
                with contextlib.suppress(StoreFull):
                    word = clock_word(self._environment.clock) if self._environment.heartbeat else ""
                    await core.flow.commit([MetaWrite({CLOCK: word})])
        return reloader.site if reloader.broken.is_set() else None

    async def _parts(self, reader: JournalReader, group: asyncio.TaskGroup) -> RunningParts:
        """Make everything beside the core; the sinks run from here on."""
        site, core, environment = self._site, self._core, self._environment
        sinks = SinkTasks(group, core, environment)
        await sinks.forward(site)
        outbox = JournalOutbox(reader, core, site.recipients, site.secrets)
        deliverer = make_deliverer(site, core, reader, environment, outbox)
        core.planner.troubled = lambda: deliverer.troubles
        core.flow.on_notices = deliverer.wake
        observe = environment.observe or self._heart.observe
        self_monitor = SelfMonitor(site, core, sinks.forwarders, deliverer, observe)
        readiness_scheduler = ReadinessScheduler(site, core, Ceremonies.of(site))
        housekeeping = Housekeeping(
            site, core, environment.clock, self_monitor, self._calendar.next_edge, readiness_scheduler,
            PeopleScheduler(site, core), environment.command_interval, rolls_up=environment.rolls_up,
        )  # fmt: skip
        core.flow.on_judged = housekeeping.replan
        discovery = Discovery(site, environment.clock, self._calendar.near)
        field = AdapterContext(
            core.ingest_queue, environment.clock, core.mode, housekeeping.hear, environment.connect,
            environment.listen, discovery.hear,
        )  # fmt: skip
        links, beating = LinkTasks(group, field), HeartbeatTask(group, environment.ping)
        await beating.beat(site.duty.proof)
        return RunningParts(
            links, sinks, beating, deliverer, outbox, self_monitor, housekeeping, readiness_scheduler,
            discovery, Forecasts(core, environment, group),
        )  # fmt: skip

    async def _watch_field(
        self,
        parts: RunningParts,
        reloader: Reloader,
        group: asyncio.TaskGroup,
        flow: asyncio.Task[None],
        stop: asyncio.Event,
    ) -> None:
        """Run the sources until told to stop, or until the flow behind them ends."""
        await parts.links.watch(self._site)
        await parts.forecasts.watch(self._site)
        works = {"reload": reloader.run(), "discovery": parts.discovery.run(self._writer)}
        clock, thread = self._environment.clock, self._environment.writer()
        works["scans"] = LineScanner(self._core, parts.links, lambda: reloader.site, clock, thread).run()
        running = [group.create_task(work, name=name) for name, work in works.items()]
        self._heart.ready(self._site)
        try:
            await _until([stop, reloader.broken], flow)
        finally:
            if stop.is_set():
                self._heart.stopping()
            await end(running)
            await parts.links.stop()
            await parts.forecasts.stop()


def _settle() -> None:
    """Keep the collector off what lives as long as the daemon.

    With 1,000 links a full collection walks the whole site and stops every poll for 0.4 s
    (docs/benchmarks.md); what is made from here on is small and short-lived. Some of it refers to itself
    (paho leaves such a knot behind each message) and goes only with a collection: it must not pile up.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(KNOTS, 20, 20)


async def _until(events: Sequence[asyncio.Event], *ends: asyncio.Task[None]) -> None:
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait({*waiting, *ends}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await end(waiting)
