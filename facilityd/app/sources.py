"""Starts one task per link, by protocol. The table is the registry."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from devices import mqtt
from devices.modbus.bus import Bus
from devices.modbus.client import connect
from devices.modbus.gap_reads import GapReads
from devices.modbus.reader import Connect
from devices.mqtt.link import Listen
from devices.mqtt.sparkplug_link import runner_of
from devices.mqtt.sparkplug_session import listen_or_speak
from devices.operating_mode import OperatingModeTracker
from devices.unit import Link, ModbusLink, MqttLink, Unit, UnitTemplate
from facilityd.config.site import Site
from facilityd.config.templates import wildcards
from facilityd.errors import FacilitydError
from facilityd.model.clock import Clock
from facilityd.model.link import LinkHealth
from facilityd.model.quality import Reason
from facilityd.model.retry import EXACT, RetryPolicy
from facilityd.model.sample import Intake, void
from facilityd.supervise.stop import end

log = logging.getLogger(__name__)

AGAIN = RetryPolicy(1.0, 60.0, EXACT)
"""The longest pause before a link whose adapter failed is tried again."""


@dataclass(frozen=True, slots=True)
class AdapterContext:
    """What every adapter is handed."""

    intake: Intake
    clock: Clock
    mode: OperatingModeTracker
    health: Callable[[LinkHealth], None]
    connect: Connect = connect
    listen: Listen = listen_or_speak
    sighted: Callable[[mqtt.DiscoveredName], None] = lambda _: None
    """Takes what was seen behind a wildcard topic and is no unit yet."""


@dataclass(frozen=True, slots=True)
class LinkUnits:
    """What is watched on one link. ``templates``: what is looked for behind its wildcard topics."""

    units: list[Unit]
    templates: list[UnitTemplate]

    def __bool__(self) -> bool:
        return bool(self.units or self.templates)


class Adapter(Protocol):
    """Watches one link."""

    async def run(self) -> None:
        """Watch until cancelled."""

    async def adopt(self, behind: LinkUnits) -> None:
        """Watch these units from now on; those that did not change notice nothing."""

    @property
    def gaps(self) -> GapReads | None:
        """Return what reads between the polls, where the link is polled."""


class _Modbus:
    def __init__(self, link: Link, behind: LinkUnits, field: AdapterContext) -> None:
        if not isinstance(link, ModbusLink):
            raise TypeError(f"{link.id} is not a Modbus link")
        self._bus = Bus(
            link, behind.units, field.intake, field.clock, field.mode, field.health, field.connect
        )

    async def run(self) -> None:
        await self._bus.run()

    async def adopt(self, behind: LinkUnits) -> None:
        self._bus.adopt(behind.units)

    @property
    def gaps(self) -> GapReads | None:
        return self._bus.gaps


class _Mqtt:
    def __init__(self, link: Link, behind: LinkUnits, field: AdapterContext) -> None:
        if not isinstance(link, MqttLink):
            raise TypeError(f"{link.id} is not an MQTT link")
        self._sighted, given = (
            field.sighted,
            (field.intake, field.clock, field.mode, field.health, field.listen),
        )
        self._runner = runner_of(link, behind.units, *given, self._wildcards(behind))

    def _wildcards(self, behind: LinkUnits) -> list[mqtt.WildcardSubscriber]:
        return [mqtt.WildcardSubscriber(template, self._sighted) for template in behind.templates]

    async def run(self) -> None:
        await self._runner.run()

    async def adopt(self, behind: LinkUnits) -> None:
        await self._runner.adopt(behind.units, self._wildcards(behind))

    @property
    def gaps(self) -> GapReads | None:
        return None


ADAPTERS: dict[type[Link], Callable[[Link, LinkUnits, AdapterContext], Adapter]] = {
    ModbusLink: _Modbus,
    MqttLink: _Mqtt,
}


class LinkSource:
    """One link, watched for ever; what its adapter does not foresee is its outage, and nobody else's."""

    def __init__(self, link: Link, behind: LinkUnits, field: AdapterContext) -> None:
        self.link, self.behind, self._field = link, behind, field
        self._adapter: Adapter | None = None

    @property
    def gaps(self) -> GapReads | None:
        """Return what reads between the polls; None where the link is not polled."""
        return self._adapter.gaps if self._adapter else None

    async def adopt(self, behind: LinkUnits) -> None:
        """Watch these units from now on."""
        self.behind = behind
        if self._adapter:
            await self._adapter.adopt(behind)

    async def run(self) -> None:
        """Watch until cancelled."""
        failures, loop, link, field = 0, asyncio.get_running_loop(), self.link, self._field
        while True:
            begun = loop.time()
            try:
                self._adapter = ADAPTERS[type(link)](link, self.behind, field)
                await self._adapter.run()
            except Exception as error:  # what the field causes stays in its link
                self._adapter = None
                failures = 0 if loop.time() - begun > AGAIN.longest else failures + 1
                known = isinstance(error, FacilitydError)
                reason = str(error) if known else f"unexpected {type(error).__name__}"
                log.exception("%s: %s; it is tried again", link.id, reason)
                at, steady = field.clock.now()
                streams = [stream for unit in self.behind.units for stream in unit.streams]
                field.intake.offer([void(stream, at, steady, Reason.LINK_DOWN) for stream in streams])
                field.health(LinkHealth(link.id, False, link.where, reason))
                await asyncio.sleep(AGAIN.wait(failures))
            else:
                return


class LinkTasks:
    """One task per link that has units to watch; another site moves only what differs."""

    def __init__(self, group: asyncio.TaskGroup, field: AdapterContext) -> None:
        self._group, self._field = group, field
        self._running: dict[str, tuple[LinkSource, asyncio.Task[None]]] = {}

    @property
    def running(self) -> list[str]:
        """The links that are watched now."""
        return [link for link, (_, task) in self._running.items() if not task.done()]

    def gaps(self, link: str) -> GapReads | None:
        """Return what reads between the polls of a link; None where none of its units is polled."""
        return self._running[link][0].gaps if link in self.running else None

    async def watch(self, site: Site) -> None:
        """Watch the links of a site: end what is gone, begin what is new, let the rest go on.

        A link whose own settings changed is ended before any begins: two may want one serial port.
        """
        wanted = {link: (site.links[link], behind) for link in site.links if (behind := _behind(site, link))}
        going = [
            link for link, (source, _) in self._running.items()
            if link not in wanted or wanted[link][0] != source.link
        ]  # fmt: skip
        await end([self._running.pop(link)[1] for link in going])
        changed = []
        for name, (link, behind) in wanted.items():
            if name not in self._running:
                source = LinkSource(link, behind, self._field)
                task = self._group.create_task(source.run(), name=f"link {name}")
                self._running[name] = source, task
            elif self._running[name][0].behind != behind:
                changed.append(self._running[name][0].adopt(behind))
        await asyncio.gather(*changed)
        count = len(site.devices)
        log.info("%s: watching %d devices over %d links", site.id, count, len(self._running))

    async def stop(self) -> None:
        """End all."""
        await end([task for _, task in self._running.values()])
        self._running.clear()


def _behind(site: Site, link: str) -> LinkUnits:
    return LinkUnits(site.units_of(link), wildcards(site, link))
