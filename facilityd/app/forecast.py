"""Looks at the sources of forecasts and warnings, keeps the newest of each, and writes down what follows.

A source that is away or brings nonsense changes nothing else: the last good report stays until it is old.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from devices.forecast.file_source import FileLook
from devices.forecast.http_source import HttpLook
from devices.forecast.source import Fetched, ForecastSource, merged, trouble_of, with_trouble
from devices.mqtt.decode import MAX_PAYLOAD
from devices.unit import MqttLink
from facilityd.app.builtin import LINK_PERIOD
from facilityd.app.ceremony import Ceremonies
from facilityd.app.checklist import JournalState
from facilityd.app.core import Core
from facilityd.app.device_states import state_of
from facilityd.app.environment import Environment
from facilityd.app.forecast_values import FORECAST, forecast_values
from facilityd.config.site import Site
from facilityd.errors import FacilitydError, StoreFull, UnreadableForecast
from facilityd.model.forecast import ForecastReport, Outlook
from facilityd.model.message import Wording
from facilityd.model.refusal import read
from facilityd.model.retry import RetryPolicy
from facilityd.model.sample import NS
from facilityd.store.forecasts import report_write, stored_report
from facilityd.store.reader import JournalReader
from facilityd.supervise.health import sample_of
from facilityd.supervise.stop import end

log = logging.getLogger(__name__)

AGAIN = RetryPolicy(60.0, 3600.0)
"""How long a source that failed is left alone, s: a forecast is no hurry."""
DRAINED = "drained"


@dataclass(slots=True)
class Forecasts:
    """The newest report of each source of a site."""

    core: Core
    environment: Environment
    group: asyncio.TaskGroup
    site: Site | None = None
    reports: dict[str, ForecastReport] = field(default_factory=dict)
    kept: dict[str, ForecastReport] = field(default_factory=dict)
    """Those that stand in the journal."""
    _running: dict[ForecastSource, asyncio.Task[None]] = field(default_factory=dict)
    _writing: asyncio.Task[None] | None = None
    _written: asyncio.Event = field(default_factory=asyncio.Event)

    async def watch(self, site: Site) -> None:
        """Look at the sources of a site from now on; those that did not change notice nothing."""
        self.site = site
        await end([task for one, task in self._running.items() if one not in site.forecasts])
        self._running = {one: task for one, task in self._running.items() if one in site.forecasts}
        if not site.forecasts:
            await self._end_writing()
            return
        with JournalReader.open(self.core.path) as reader:
            known = {one.id: stored_report(reader, one.id) for one in site.forecasts}
        self.kept = dict(known)
        self.reports = known | {name: one for name, one in self.reports.items() if name in known}
        for source in site.forecasts:
            if source not in self._running:
                work = SourceLook(source, site, self).run()
                self._running[source] = self.group.create_task(work, name=f"forecast {source.id}")
        if self._writing is None:
            self._writing = self.group.create_task(self._write_down(), name="forecasts")

    async def stop(self) -> None:
        """End all of it."""
        await end(list(self._running.values()))
        self._running = {}
        await self._end_writing()

    async def _end_writing(self) -> None:
        await end([self._writing] if self._writing else [])
        self._writing = None

    async def take(self, report: ForecastReport) -> None:
        """Keep what a source brought; in the journal where it is news."""
        before, told_before = self.kept.get(report.source), self.reports.get(report.source)
        self.reports[report.source] = report
        if (told_before.trouble if told_before else "") != report.trouble:
            _say(report)
        if before is None or _news(before, report):
            self.kept[report.source] = report
            with suppress(StoreFull):  # it is asked for again, and told by the next one
                await self.core.flow.commit([report_write(report)])
            self._written.set()

    async def _write_down(self) -> None:
        """Write the device's signals now and then, and when a source brings something new."""
        while True:
            self._written.clear()
            self.write()
            again = LINK_PERIOD / NS if self._heard else None
            with suppress(TimeoutError):
                async with asyncio.timeout(again):
                    await self._written.wait()

    @property
    def _heard(self) -> bool:
        return any(one.seen is not None for one in self.reports.values())

    def write(self) -> None:
        """Write down what is known now; nothing before any source has brought anything."""
        site, now = self.site, self.core.clock.now()[0]
        device = self.core.devices.get(FORECAST)
        if site is None or device is None or not self._heard:
            return
        valid = {one.id: one.valid for one in site.forecasts}
        pairs = [(one, valid[one.source]) for one in self.reports.values() if one.source in valid]
        coming = Ceremonies.of(site).following(now)
        values = forecast_values(
            Outlook(now, pairs), site, coming.at if coming else None, self._not_drained(site, now)
        )
        self.core.ingest_queue.offer([sample_of(device.streams[0], self.core.clock, values)])

    def _not_drained(self, site: Site, now: int) -> int:
        """Return how many devices that can be drained are not: by their state, and by what they say."""
        able = [name for name, device in site.devices.items() if DRAINED in device.family.signals]
        states = {name: state_of(self.core, name) for name in able}
        awake = [name for name, fact in states.items() if fact is None or fact.state != DRAINED]
        if not awake:
            return 0
        with JournalReader.open(self.core.path) as reader:
            state = JournalState(reader, now, watching=True)
            return sum(state.value(name, DRAINED) is not True for name in awake)


def _news(before: ForecastReport, report: ForecastReport) -> bool:
    """Return whether a report is to be kept: it says something else, or that it is still so after a while."""
    again = (report.seen or 0) - (before.seen or 0)
    return replace(report, seen=before.seen) != before or again >= LINK_PERIOD


def _say(report: ForecastReport) -> None:
    if report.trouble:
        log.warning("forecast %s: %s", report.source, read(report.trouble).en)
    else:
        log.info("forecast %s: good again", report.source)


class SourceLook:
    """One source, looked at for ever."""

    def __init__(self, source: ForecastSource, site: Site, keeper: Forecasts) -> None:
        self._source, self._site, self._keeper = source, site, keeper
        self._clock = keeper.core.clock

    async def run(self) -> None:
        """Look until cancelled; whatever happens stays here."""
        works: Mapping[str, Callable[[], Awaitable[None]]] = {
            "file": self._file, "http": self._http, "mqtt": self._mqtt,
        }  # fmt: skip
        failures = 0
        while True:
            begun = self._clock.steady()
            try:
                await works[self._source.kind]()
            except FacilitydError as error:
                what = trouble_of(error) if isinstance(error, UnreadableForecast) else str(error)
                await self._failed(what)
            except Exception as error:  # what a source causes stays with it
                log.exception("forecast %s: failed in a way nobody foresaw", self._source.id)
                await self._failed(Wording("command.unforeseen", kind=type(error).__name__))
            failures = 0 if self._clock.steady() - begun > AGAIN.longest * NS else failures + 1
            await asyncio.sleep(AGAIN.wait(failures - 1))

    async def _failed(self, what: str) -> None:
        await self._keeper.take(with_trouble(self._source, self._before, what))

    @property
    def _before(self) -> ForecastReport:
        return self._keeper.reports.get(self._source.id) or ForecastReport(self._source.id)

    async def _take(self, fetched: Fetched, work: Callable[..., Awaitable[ForecastReport]]) -> ForecastReport:
        report = await work(merged, self._source, self._before, fetched, self._clock.now()[0])
        await self._keeper.take(report)
        return report

    async def _file(self) -> None:
        """Look at a file or folder, beside the loop: a disk may hang."""
        thread, look = self._keeper.environment.writer(), FileLook(self._source)
        try:
            while True:
                try:
                    fetched = await thread.call(look.fetch, self._clock.now()[0])
                except UnreadableForecast as error:
                    await self._failed(trouble_of(error))
                else:
                    await self._take(fetched, thread.call)
                await asyncio.sleep(self._source.every / NS)
        finally:
            thread.close()

    async def _http(self) -> None:
        """Ask a URL; after a failure later and later, and no sooner than the server asks for."""
        look, failures = HttpLook(self._source), 0
        while True:
            wait = self._source.every / NS
            try:
                fetched = await look.fetch(self._clock.now()[0])
            except UnreadableForecast as error:
                await self._failed(trouble_of(error))
                wait = max(AGAIN.wait(failures), look.retry_after or 0.0)
                failures += 1
            else:
                failures = 0
                report = await self._take(fetched, asyncio.to_thread)
                if report.trouble:
                    look.forget()
            await asyncio.sleep(wait)

    async def _mqtt(self) -> None:
        """Listen to a topic. Raises LinkOutage where the broker is away."""
        link = self._site.links.get(self._source.link)
        if not isinstance(link, MqttLink):
            return
        # A connection of its own: under the link's client id the broker would end the other one.
        async with self._keeper.environment.listen(replace(link, client_id="")) as listener:
            if refused := await listener.subscribe([self._source.where], link.qos):
                raise UnreadableForecast(next(iter(refused.values())), where=self._source.where)
            async for message in listener.messages():
                content = message.payload if isinstance(message.payload, bytes) else b""
                if len(content) > MAX_PAYLOAD:
                    what = Wording("forecast.answer-too-long", most=f"{MAX_PAYLOAD // 1024} KiB")
                    await self._failed(Wording("forecast.told", where=self._source.where, what=what))
                else:
                    part = (self._source.where, content)
                    now, kept = self._clock.now()[0], bool(message.retain)
                    await self._take(Fetched((part,), now, kept, self._source.warns), asyncio.to_thread)
                listener.acknowledge(message)
