"""Starts one task per link, by protocol. The table is the registry."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from devices import mqtt
from devices.modbus.bus import Connect
from devices.modbus.bus import run_link as run_modbus
from devices.modbus.client import connect
from devices.mqtt.link import Listen
from devices.mqtt.subscriber import listen
from devices.operating_mode import OperatingModeTracker
from devices.unit import Link, ModbusLink, MqttLink, Unit
from facilityd.config.site import Site
from facilityd.config.templates import wildcards
from facilityd.errors import FacilitydError
from facilityd.model.clock import Clock
from facilityd.model.link import LinkHealth
from facilityd.model.quality import Reason
from facilityd.model.retry import EXACT, RetryPolicy
from facilityd.model.sample import Intake, void

log = logging.getLogger(__name__)

Running = Coroutine[Any, Any, None]

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
    listen: Listen = listen
    sighted: Callable[[mqtt.DiscoveredName], None] = lambda _: None
    """Takes what was heard behind a wildcard topic and is no unit yet."""


@dataclass(frozen=True, slots=True)
class LinkUnits:
    """What is watched on one link."""

    units: list[Unit]
    wildcards: list[mqtt.WildcardSubscriber]


def _modbus(link: Link, behind: LinkUnits, field: AdapterContext) -> Running:
    if not isinstance(link, ModbusLink):
        raise TypeError(f"{link.id} is not a Modbus link")
    return run_modbus(link, behind.units, field.intake, field.clock, field.mode, field.health, field.connect)


def _mqtt(link: Link, behind: LinkUnits, field: AdapterContext) -> Running:
    if not isinstance(link, MqttLink):
        raise TypeError(f"{link.id} is not an MQTT link")
    return mqtt.run_link(
        link, behind.units, field.intake, field.clock, field.mode, field.health, field.listen,
        behind.wildcards,
    )  # fmt: skip


ADAPTERS: dict[type[Link], Callable[[Link, LinkUnits, AdapterContext], Running]] = {
    ModbusLink: _modbus,
    MqttLink: _mqtt,
}


def sources(site: Site, field: AdapterContext) -> dict[str, Running]:
    """Return a coroutine per link that has units to watch, by link id."""
    all_ = {link: _behind(site, link, field) for link in site.links}
    used = {link: behind for link, behind in all_.items() if behind.units or behind.wildcards}
    return {link: _compartment(site.links[link], behind, field) for link, behind in used.items()}


def _behind(site: Site, link: str, field: AdapterContext) -> LinkUnits:
    listening = [mqtt.WildcardSubscriber(template, field.sighted) for template in wildcards(site, link)]
    return LinkUnits(site.units_of(link), listening)


async def _compartment(link: Link, behind: LinkUnits, field: AdapterContext) -> None:
    """Run a link's adapter for ever; a failure it does not know is this link's outage, and nobody else's."""
    failures, loop = 0, asyncio.get_running_loop()
    while True:
        begun = loop.time()
        try:
            await ADAPTERS[type(link)](link, behind, field)
        except Exception as error:  # what the field causes stays in its link
            failures = 0 if loop.time() - begun > AGAIN.longest else failures + 1
            reason = str(error) if isinstance(error, FacilitydError) else f"unexpected {type(error).__name__}"
            log.exception("%s: %s; it is tried again", link.id, reason)
            at, steady = field.clock.now()
            streams = [stream for unit in behind.units for stream in unit.streams]
            field.intake.offer([void(stream, at, steady, Reason.LINK_DOWN) for stream in streams])
            field.health(LinkHealth(link.id, False, link.where, reason))
            await asyncio.sleep(AGAIN.wait(failures))
        else:
            return
