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
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from facilityd.app.calendar import SiteCalendar
from facilityd.app.ceremony import Ceremonies
from facilityd.app.core import Core
from facilityd.app.discovery import CALM_S, Discovery
from facilityd.app.environment import Environment
from facilityd.app.housekeeping import Housekeeping
from facilityd.app.outputs import make_deliverer, make_forwarders
from facilityd.app.people_scheduler import PeopleScheduler
from facilityd.app.proof_of_life import heartbeat
from facilityd.app.readiness_scheduler import ReadinessScheduler
from facilityd.app.self_monitor import SelfMonitor
from facilityd.app.sources import AdapterContext, sources
from facilityd.config.load import home_of
from facilityd.config.site import Site
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.pipeline.writer import Writer
from facilityd.store.journal import Journal
from facilityd.store.reader import JournalReader
from facilityd.supervise.inbox import Inbox
from facilityd.supervise.share import share
from facilityd.supervise.stop import end, on_signals

log = logging.getLogger(__name__)

KNOTS = 5_000
"""Objects that may wait for the collector. Ten times as many were 7 MB, three hours of a quiet broker."""


async def watch(
    site: Site, stop: asyncio.Event | None = None, environment: Environment | None = None
) -> None:
    """Watch a site until ``stop`` is set or a signal comes. Raises FacilitydError where it cannot start."""
    stop, environment = stop or asyncio.Event(), environment or Environment()
    path = Path(site.store.path)
    make_folder(path.parent, site)
    with Journal.open(
        path,
        max_bytes=site.store.max_size,
        max_age=site.store.keep,
        retention=site.store.retention,
        clock=environment.clock,
        site=site.id,
        durable=environment.durable,
        free=environment.disk_free,
    ) as journal:
        if journal.moved_aside:
            log.warning(
                "the journal was damaged; it was moved to %s and a new one begun", journal.moved_aside
            )
        if journal.lost:
            log.error("%s: %s", path, journal.lost)
        if journal.set_aside:
            log.error("%d damaged records of the journal were set aside", journal.set_aside)
        share(path, Inbox(path).folder, site.store.group)
        journal.configure_sinks(list(site.sinks))
        writer = environment.writer()
        try:
            with on_signals(stop) if environment.signals else contextlib.nullcontext():
                wider = await _run(site, journal, writer, environment, stop, calm_s=0.0)
                while wider is not None and not stop.is_set():
                    wider = await _run(wider, journal, writer, environment, stop, calm_s=CALM_S)
                log.info("%s: stopped", site.id)
        finally:
            writer.close()


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


async def _run(
    site: Site,
    journal: Journal,
    writer: Writer,
    environment: Environment,
    stop: asyncio.Event,
    *,
    calm_s: float,
) -> Site | None:
    """Watch until told to stop; return the site to go on with where units were found by listening."""
    clock = environment.clock
    ceremonies = Ceremonies.of(site)
    calendar = SiteCalendar(ceremonies, site.timezone)
    core = Core.assemble(site, journal, writer, environment.writer(), clock, calendar)
    await core.catch_up()
    if environment.long_lived:
        _settle()
    forwarders = make_forwarders(site, core, environment)
    with JournalReader.open(core.path) as reader, contextlib.closing(core):
        deliverer = make_deliverer(site, core, reader, environment)
        core.planner.troubled = lambda: deliverer.troubles
        self_monitor = SelfMonitor(site, core, forwarders, deliverer)
        housekeeping = Housekeeping(
            site,
            core,
            clock,
            self_monitor,
            ceremonies.next_edge,
            ReadinessScheduler(site, core, ceremonies),
            PeopleScheduler(site, core),
            environment.command_interval,
            rolls_up=environment.rolls_up,
        )
        core.flow.on_judged = housekeeping.replan
        discovery = Discovery(site, clock, calendar.near, calm_s)
        field = AdapterContext(
            core.ingest_queue,
            clock,
            core.mode,
            housekeeping.hear,
            environment.connect,
            environment.listen,
            discovery.hear,
        )
        core.flow.on_notices = deliverer.wake
        async with asyncio.TaskGroup() as outputs:
            flow = outputs.create_task(core.flow.run(), name="flow")
            works: dict[str, Coroutine[Any, Any, None]] = {
                f"sink {n}": one.run() for n, one in forwarders.items()
            }
            beats = heartbeat(site.duty.proof, environment.ping)
            works |= {"notices": deliverer.run(), "housekeeping": housekeeping.run(), "heartbeat": beats}
            running = [outputs.create_task(work, name=name) for name, work in works.items()]
            await _watch_field(site, field, flow, stop, discovery.run(writer) if site.templates else None)
            core.ingest_queue.close()
            await flow
            await end(running)
            await core.flow.remember()
            await core.downtimes.stopping(core.flow.commit)
    return discovery.wider


async def _watch_field(
    site: Site,
    field: AdapterContext,
    flow: asyncio.Task[None],
    stop: asyncio.Event,
    discovery: Coroutine[Any, Any, None] | None,
) -> None:
    """Run the sources until told to stop, until the flow behind them ends, or there is more to watch."""
    links = sources(site, field)
    log.info("%s: watching %d devices over %d links", site.id, len(site.devices), len(links))
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work, name=f"link {link}") for link, work in links.items()]
        looking = [group.create_task(discovery, name="discovery")] if discovery else []
        await _until(stop, flow, *looking)
        await end([*tasks, *looking])


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


async def _until(stop: asyncio.Event, *ends: asyncio.Task[None]) -> None:
    waiting = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({waiting, *ends}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
