"""The site's files read again while the daemon watches: all of them are taken over, or nothing is.

    read and check (beside the loop) ─> refuse, or: prepare ─> pause the flow ─> change what differs ─> go on

What did not change notices nothing: its link stays open, its rules, alarms and delays go on. Whatever happens
in between, the files are on the disk: a crash at any point ends in a start with the new ones.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from facilityd.app.baseline_file import install
from facilityd.app.builtin import all_devices
from facilityd.app.ceremony import Ceremonies
from facilityd.app.core import PAGE, WARM_ROWS, Core, PreparedChange
from facilityd.app.discovery import Discovery
from facilityd.app.environment import Environment
from facilityd.app.forecast import Forecasts
from facilityd.app.housekeeping import Housekeeping
from facilityd.app.outputs import JournalOutbox, SinkTasks, channel_settings
from facilityd.app.people_scheduler import PeopleScheduler
from facilityd.app.proof_of_life import HeartbeatTask
from facilityd.app.readiness_scheduler import ReadinessScheduler
from facilityd.app.self_monitor import SelfMonitor
from facilityd.app.site_files import SiteSource
from facilityd.app.sources import LinkTasks
from facilityd.config.difference import SiteChanges, compare, moved, rebound, same_hours
from facilityd.config.fingerprint import META, LoadedConfiguration
from facilityd.config.site import Site
from facilityd.detect.conditional import REPLAYED
from facilityd.detect.resume import Past
from facilityd.errors import ConfigError, FacilitydError, StoreFull, UsageError
from facilityd.model.command_record import CommandRecord
from facilityd.model.message import Wording, reason
from facilityd.model.refusal import stored_lines
from facilityd.model.sample import Sample
from facilityd.notify.deliver import Deliverer
from facilityd.store.meta import MetaWrite
from facilityd.store.reader import JournalReader
from facilityd.supervise.heartbeat_loop import HeartbeatLoop
from facilityd.supervise.inbox import Inbox
from facilityd.supervise.share import share

log = logging.getLogger(__name__)

MOST_PROBLEMS = 50
"""Mistakes reported of one refused set; ``facilityd check`` lists all."""


@dataclass(slots=True)
class RunningParts:
    """What a daemon consists of beside its core, and what another site is handed to."""

    links: LinkTasks
    sinks: SinkTasks
    heartbeat: HeartbeatTask
    deliverer: Deliverer
    outbox: JournalOutbox
    self_monitor: SelfMonitor
    housekeeping: Housekeeping
    readiness_scheduler: ReadinessScheduler
    discovery: Discovery
    forecasts: Forecasts


class Reloader:
    """Answers what was asked of ``core.reloads``, one after the other; takes in units that were seen.

    ``broken``: a change failed halfway in a way nobody foresaw; everything is to be built anew with ``site``.
    """

    def __init__(
        self,
        site: Site,
        source: SiteSource,
        core: Core,
        parts: RunningParts,
        environment: Environment,
        heart: HeartbeatLoop,
    ) -> None:
        self._heart = heart
        self.site, self._source, self._core, self._parts = site, source, core, parts
        self._environment, self._thread = environment, environment.writer()
        self._one = asyncio.Lock()
        self.broken = asyncio.Event()

    async def run(self) -> None:
        """Answer until cancelled."""
        try:
            while True:
                asked = await self._core.reloads.take()
                await self._answer(asked)
        finally:
            self._thread.close()

    async def take_in(self) -> None:
        """Watch what was seen behind wildcard topics too."""
        async with self._one:
            if wider := self._parts.discovery.wider:
                await self._guarded(wider, None)

    async def _answer(self, asked: Sequence[CommandRecord]) -> None:
        log.info("reload: reading the site's files again")
        self._heart.reloading()
        async with self._one:
            refusal, changes = await self._reload()
        self._heart.ready(self.site)
        done = self._environment.clock.now()[0]
        payload = {"changed": changes.plain()} if changes is not None else {}
        records = [replace(one, payload=payload, refusal=refusal, done_at=done) for one in asked]
        await self._core.flow.record(records)
        self._core.reloads.answered(records)

    async def _reload(self) -> tuple[str, SiteChanges | None]:
        """Return why the files were refused, or nothing; and what they changed."""
        try:
            site, configuration = await self._thread.call(self._source.load, self._environment.clock.now()[0])
        except ConfigError as error:
            return self._refused(error.problems), None
        except Exception as error:  # whatever the files are like, the daemon goes on with the old
            known = isinstance(error, FacilitydError | OSError)
            if not known:
                log.exception("reload: the files could not be read, in a way nobody foresaw")
            why = reason(error) if known else Wording("command.unforeseen", kind=type(error).__name__)
            return self._refused([why]), None
        if reasons := needs_restart(self.site, site):
            return self._refused(reasons), None
        for warning in site.warnings:
            if warning not in self.site.warnings:
                log.warning("%s", warning)
        return await self._guarded(site, configuration)

    def _refused(self, problems: Sequence[str]) -> str:
        """Log why the files were refused; return it as the journal keeps it, in both languages."""
        told = list(problems[:MOST_PROBLEMS])
        if more := len(problems) - len(told):
            told.append(Wording("command.more-mistakes", count=more))
        for one in told:
            log.error("reload: %s", one)
        log.error("reload refused: the daemon goes on with what it had")
        return stored_lines(told, self.site.secrets)

    async def _guarded(
        self, site: Site, configuration: LoadedConfiguration | None
    ) -> tuple[str, SiteChanges | None]:
        changes = await self._thread.call(compare, self.site, site)
        try:
            await self._change(site)
        except UsageError as refused:
            return self._refused([reason(refused)]), None
        except Exception:  # half of it may be done: all of it is, in a moment
            log.exception("reload: failed halfway in a way nobody foresaw; everything is built anew")
            self.site = site
            self.broken.set()
        for line in changes.lines() or ["nothing is different"]:
            log.info("reload: %s", line)
        if configuration:
            await note(self._core, configuration)
        return "", changes

    async def _change(self, site: Site) -> None:
        """Go on with another site. Raises UsageError where it is refused, and nothing was changed."""
        core, parts, old = self._core, self._parts, self.site
        channels = self._environment.channels(channel_settings(site).values())
        before, after = channel_settings(old), channel_settings(site)
        other_channels = {name for name in after if before.get(name) != after[name]}
        async with core.flow.paused():
            await self._store(old, site)
            change = await self._thread.call(self._prepare, old, site)
            core.adopt(site, change)
            self.site = site
            parts.deliverer.adopt(channels, other_channels)
            parts.outbox.people, parts.outbox.secrets = site.recipients, site.secrets
            parts.self_monitor.site = site
            parts.readiness_scheduler.adopt(site, Ceremonies.of(site))
            parts.discovery.adopt(site)
            parts.housekeeping.adopt(site, PeopleScheduler(site, core))
        await core.retire()
        await parts.sinks.forward(site)
        await parts.heartbeat.beat(site.duty.proof)
        core.scans.adopt(old, site)
        await parts.links.watch(site)
        await parts.forecasts.watch(site)
        parts.housekeeping.replan()

    async def _store(self, old: Site, site: Site) -> None:
        """Let the journal follow. Raises UsageError where it has no room to note other sinks."""
        core = self._core
        if site.store.group != old.store.group:
            share(core.path, Inbox(core.path).folder, site.store.group)
        try:
            if site.sinks.keys() != old.sinks.keys():
                await core.writer.call(core.journal.configure_sinks, list(site.sinks))
        except StoreFull as full:
            raise UsageError(Wording("command.no-room-for-sinks")) from full
        await core.writer.call(
            core.journal.set_limits, site.store.max_size, site.store.keep, site.store.retention
        )
        with suppress(StoreFull):  # they are taken over at the next start
            await core.writer.call(install, site, core.journal)

    def _prepare(self, old: Site, site: Site) -> PreparedChange:
        """Read and make what the change needs; beside the loop, while nothing is committed or evaluated."""
        devices, known = all_devices(site), all_devices(old)
        different = {name for name, device in devices.items() if known.get(name) != device}
        bound, now = rebound(old, site), self._environment.clock.steady()
        with JournalReader.open(self._core.path) as reader:
            past = Past(
                now,
                list(self._core.alarms.states.values()),
                [stored.finding for stored in reader.verdicts()],
                _recent(reader, different | {device for device, _ in bound}, now),
                bound,
                moved(old, site),
                look_again=not same_hours(old, site),
                pauses=[one.until for one in reader.downtimes(now - REPLAYED, now + 1)],
            )
            return PreparedChange(devices, reader.baselines(), past)


def _recent(reader: JournalReader, devices: Collection[str], now: int) -> list[Sample]:
    """Return the last minutes of some devices."""
    streams = {number for number, stream in reader.streams().items() if stream.device in devices}
    if not streams:
        return []
    after = max(0, reader.last_sample() - WARM_ROWS)
    found: list[Sample] = []
    while rows := reader.samples_after(after, PAGE):
        after = rows[-1].id
        found += [reader.sample(row) for row in rows if row.stream in streams and row.at > now - REPLAYED]
    return found


def needs_restart(old: Site, new: Site) -> list[str]:
    """Return, in plain sentences, what of a new site a running daemon cannot follow."""
    pairs = {
        ("site", "id"): (old.id, new.id),
        ("store", "path"): (str(Path(old.store.path).absolute()), str(Path(new.store.path).absolute())),
    }
    return [
        Wording("command.needs-restart", what=".".join(name), old=before, new=after)
        for name, (before, after) in pairs.items()
        if before != after
    ]


async def note(core: Core, configuration: LoadedConfiguration) -> None:
    """Note in the journal by which files the daemon runs: others can tell whether they changed since."""
    with suppress(StoreFull):
        await core.flow.commit([MetaWrite({META: configuration.to_json()})])
