"""The demo square, served on real wires and read by the adapters: every signal comes back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from devices.codec import LIMITS
from devices.modbus.client import connect
from devices.modbus.plan import plan_unit
from devices.modbus.poll import CompiledUnit, poll
from devices.unit import Binding, ModbusLink
from facilityd.config.load import load
from facilityd.model.clock import Clock
from simulators.modbus_tcp import TcpEndpoint
from simulators.physics import World
from simulators.site import serve
from simulators.square import Square

NOON = int(datetime(2026, 6, 1, 4, 0, tzinfo=UTC).timestamp()) * 10**9
NIGHT = int(datetime(2026, 6, 1, 14, 0, tzinfo=UTC).timestamp()) * 10**9


@pytest.fixture(scope="module")
def site():
    return load(Path(__file__).parents[2] / "config" / "square")


@pytest.fixture(params=[NOON, NIGHT], ids=["noon", "night"])
def square(request, site):
    families = {device.id: device.family.family for device in site.devices.values()}
    world = World(site.latitude, site.longitude, site.timezone, request.param)
    made = Square(families, world)
    made.advance(20)
    return made


async def test_every_modbus_signal_comes_back_within_its_resolution(site, square, tmp_path):
    truth = square.signals()
    links = [_elsewhere(link, tmp_path) for link in site.links.values() if isinstance(link, ModbusLink)]
    known = {link.id for link in links}
    units = [unit for unit in site.units.values() if unit.link in known]
    wrong, seen = [], 0
    async with serve(units, links, lambda: truth, wire_time=False) as field:
        for link in links:
            async with connect(_opened(link, field)) as reader:
                for unit in (u for u in units if u.link == link.id and u.bindings):
                    result = await poll(CompiledUnit.of(plan_unit(unit, link)), reader, Clock())
                    for sample in result.samples:
                        seen += len(sample.values)
                        wrong += [*_wrong(unit, sample, truth)]
        assert set(field.witness) <= {1, 2, 3, 4}
        assert field.commands == 0
    assert wrong == []
    assert seen > 100


def _elsewhere(link: ModbusLink, folder: Path) -> ModbusLink:
    port = str(folder / link.id) if link.serial_port else ""
    return replace(link, port=0, serial_port=port, parity="N")  # pseudo-terminals have no parity


def _opened(link: ModbusLink, field) -> ModbusLink:
    endpoint = field.endpoint(link.id)
    return replace(link, port=endpoint.port) if isinstance(endpoint, TcpEndpoint) else link


def _wrong(unit, sample, truth):
    for binding in unit.bindings:
        if binding.stream != sample.stream:
            continue
        signal = sample.stream.signals[binding.slot]
        key, value = (sample.stream.device, signal), sample.values[binding.slot]
        reason = sample.reasons.get(binding.slot)
        if key in truth and (reason or not _close(binding, value, truth[key])):
            yield unit.id, key, binding.name, f"got {value} ({reason}), true {truth[key]}"


def _close(binding: Binding, value, true) -> bool:
    if isinstance(true, bool):
        return bool(value) == true
    if binding.point.type in LIMITS:
        step = abs(binding.point.scale * binding.scale) / 2
    else:
        step = abs(true) * 2**-23
    whole = 0.5 if isinstance(value, int) else 0.0
    return abs(value - true) <= step + whole + 1e-9 * (1 + abs(true))
