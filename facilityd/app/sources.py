"""Starts one task per link, by protocol. The table is the registry."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from devices import mqtt
from devices.duty import DutyBoard
from devices.modbus.bus import Connect
from devices.modbus.bus import run_link as run_modbus
from devices.modbus.client import connect
from devices.mqtt.connect import listen
from devices.mqtt.link import Listen
from devices.unit import Link, ModbusLink, MqttLink, Unit
from facilityd.config.site import Site
from facilityd.model.clock import Clock
from facilityd.model.link import LinkHealth
from facilityd.model.sample import Intake

Running = Coroutine[Any, Any, None]


@dataclass(frozen=True, slots=True)
class Field:
    """What every adapter is handed."""

    intake: Intake
    clock: Clock
    duty: DutyBoard
    health: Callable[[LinkHealth], None]
    connect: Connect = connect
    listen: Listen = listen


def _modbus(link: Link, units: list[Unit], field: Field) -> Running:
    if not isinstance(link, ModbusLink):
        raise TypeError(f"{link.id} is not a Modbus link")
    return run_modbus(link, units, field.intake, field.clock, field.duty, field.health, field.connect)


def _mqtt(link: Link, units: list[Unit], field: Field) -> Running:
    if not isinstance(link, MqttLink):
        raise TypeError(f"{link.id} is not an MQTT link")
    return mqtt.run_link(link, units, field.intake, field.clock, field.health, field.listen)


ADAPTERS: dict[type[Link], Callable[[Link, list[Unit], Field], Running]] = {
    ModbusLink: _modbus,
    MqttLink: _mqtt,
}


def sources(site: Site, field: Field) -> dict[str, Running]:
    """Return a coroutine per link that has units to watch, by link id."""
    used = {link: units for link in site.links if (units := site.units_of(link))}
    return {
        link: ADAPTERS[type(site.links[link])](site.links[link], units, field) for link, units in used.items()
    }
