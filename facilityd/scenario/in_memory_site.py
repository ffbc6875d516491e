"""The simulated field of a site in virtual time: physics, images, wires, hazards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping

from devices.unit import ModbusLink, MqttLink, Unit
from facilityd.config.site import Site
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.sample import NS
from facilityd.scenario.broker import MemoryBroker, MemoryDevice
from facilityd.scenario.loop import VirtualLoop
from facilityd.scenario.runtime import square_of
from facilityd.scenario.wire import ModbusWires
from facilityd.yaml_source import suggestion
from simulators.hazards import HAZARDS, sized
from simulators.inverse_binding import Signals
from simulators.machines import ForeignMachine
from simulators.mqtt_hazards import MQTT_HAZARDS, mqtt_hazard
from simulators.register_map import RegisterMap
from simulators.site import behind, memory_endpoint

NO_HAZARD, RESTART, FLOOD = "none", "broker-restart", "broker-flood"
RESTART_S = 3.0
"""A broker that restarts is away so long, in s; what it retained is gone."""
Wants = dict[str, frozenset[str]]
"""Signals by device."""
WARM_S = 60
"""Physics runs so long before anybody looks, in s."""


class InMemorySite:
    """Everything the daemon would find outside, on ``loop``. ``start`` in ns UTC."""

    def __init__(
        self, site: Site, loop: VirtualLoop, start: int, seed: int,
        foreign: Mapping[str, ForeignMachine] | None = None,
    ) -> None:  # fmt: skip
        self._site, self._loop, self._start = site, loop, start
        self.square = square_of(site, start - WARM_S * NS, seed, foreign)
        self.square.at(start)
        units = list(site.units.values())
        register_maps = {
            n: behind(units, n) for n, link in site.links.items() if isinstance(link, ModbusLink)
        }
        self.endpoints = {n: memory_endpoint(self._modbus(n), register_maps[n]) for n in register_maps}
        self.brokers = {n: MemoryBroker(link) for n, link in site.links.items() if isinstance(link, MqttLink)}
        self.publishers = {
            unit.id: MemoryDevice(unit, self.brokers[unit.link], self._truth(_wants((unit,))))
            for unit in units
            if unit.link in self.brokers
        }
        self._looks = {
            (link, number): self._looker(register_map, self._behind(link, number))
            for link, own in register_maps.items()
            for number, register_map in own.items()
        }
        self.wires = ModbusWires(loop, self.endpoints, self._look)

    def now(self) -> int:
        """Return the true instant in ns UTC."""
        return self._start + self._loop.ns

    def open(self) -> list[asyncio.Task[None]]:
        """Let every unit begin to live; return the tasks of those that publish by themselves."""
        for endpoint in self.endpoints.values():
            endpoint.open()
        return [self._loop.create_task(device.run()) for device in self.publishers.values()]

    def inject(self, target: str, name: str, magnitude: float | None = None) -> None:
        """Make a unit or a whole link misbehave, or with ``none`` behave again. Raises UsageError."""
        if target in self.publishers:
            self.publishers[target].inject(None if name == NO_HAZARD else mqtt_hazard(name))
        elif target in self.brokers:
            self._broker(target, name)
        else:
            self._modbus_hazard(target, name, magnitude)

    def _broker(self, target: str, name: str) -> None:
        if name == NO_HAZARD:
            self.brokers[target].start()
        elif name in ("refused", RESTART):
            self.brokers[target].stop()
            if name == RESTART:
                self._loop.call_later(RESTART_S, self.brokers[target].start)
        elif name == FLOOD:
            self.brokers[target].flooded = True
        else:
            hint = Wording("scenario.known-refused", restart=RESTART, flood=FLOOD)
            raise UsageError(Wording("scenario.hazard-does-not-fit-broker", name=name), hint=hint)

    def _modbus_hazard(self, target: str, name: str, magnitude: float | None) -> None:
        what = None if name == NO_HAZARD else sized(name, magnitude)
        if target in self.endpoints:
            self.endpoints[target].inject(None, what)
            return
        unit = self._site.units.get(target)
        if unit is None:
            known = {*self._site.units, *self.endpoints, *self.brokers}
            raise UsageError(
                Wording("scenario.no-unit-or-link", target=target), hint=suggestion(target, known)
            )
        self.endpoints[unit.link].inject(unit.device_id, what)

    def _modbus(self, name: str) -> ModbusLink:
        link = self._site.links[name]
        if not isinstance(link, ModbusLink):
            raise TypeError(f"{name} is not a Modbus link")
        return link

    def _behind(self, link: str, number: int) -> Wants:
        return _wants(u for u in self._site.units.values() if u.link == link and u.device_id == number)

    def _truth(self, wants: Wants) -> Callable[[], Signals]:
        devices = tuple(wants)

        def truth() -> Signals:
            self.square.at(self.now(), *devices)
            return self.square.some(wants)

        return truth

    def _looker(self, register_map: RegisterMap, wants: Wants) -> Callable[[], None]:
        truth, seen = self._truth(wants), -1

        def look() -> None:
            nonlocal seen
            now = self.now()
            if now != seen:
                seen = now
                register_map.update(truth())

        return look

    def _look(self, link: str, device_id: int) -> None:
        looker = self._looks.get((link, device_id))
        if looker is not None:
            looker()


def known_hazards() -> set[str]:
    """Return the name of every protocol hazard."""
    return {*HAZARDS, *MQTT_HAZARDS, NO_HAZARD, RESTART, FLOOD}


def _wants(units: Iterable[Unit]) -> Wants:
    signals: dict[str, set[str]] = {}
    for unit in units:
        for binding in unit.bindings:
            signals.setdefault(binding.stream.device, set()).add(binding.stream.signals[binding.slot])
    return {device: frozenset(names) for device, names in signals.items()}
