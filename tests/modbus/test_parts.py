"""A unit that refuses a merged read is read in parts: one missing register costs one value."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from support.modbus_harness import PROFILE, link_to, profile, running_bus, served, truth, unit, until
from support.virtual import in_virtual_time

from devices.modbus.compiled_unit import CompiledUnit
from devices.modbus.plan import halves, plan_unit
from devices.profile import ModbusProfile
from devices.unit import ModbusLink
from facilityd.model.quality import Reason
from facilityd.model.sample import NS

POINTS = PROFILE["points"]


def _device(**changes: Any) -> ModbusProfile:
    """What the simulated unit has: as the profile says, but nothing between its registers."""
    return profile(max_gap=0, **changes)


def _without(*names: str) -> dict[str, Any]:
    return {name: point for name, point in POINTS.items() if name not in names}


@in_virtual_time
async def test_a_missing_register_costs_its_own_value_only(caplog: pytest.LogCaptureFixture) -> None:
    watched = unit()
    has = unit(model=_device(points=_without("second")))
    async with served([has]) as endpoint, running_bus(link_to(endpoint), [watched]) as intake:
        await until(lambda: len(intake.of(1)) >= 3)
        endpoint.log.clear()
        await until(lambda: len(endpoint.log) >= 8)
        asked = [pdu for _, pdu in endpoint.log]
    index = watched.streams[0].signals.index("second")
    for sample in intake.of(1):
        assert sample.reasons == {index: Reason.ILLEGAL_ADDRESS}
    assert intake.wrong() == []
    merged = bytes((3, 0, 0, 0, 2))
    assert merged not in asked, "what is refused is remembered, not asked again at every poll"
    told = [text for text in caplog.messages if "refuses to give" in text]
    assert len(told) == 1
    assert "unit-1: refuses to give 2 of holding-register from address 0 at once" in told[0]
    assert told[0].endswith("it does not have second")


@in_virtual_time
async def test_a_gap_that_is_no_register_costs_nothing() -> None:
    points = {**POINTS, "wide": {**POINTS["wide"], "address": 4}}
    watched, has = unit(model=profile(points=points, max_gap=8)), unit(model=_device(points=points))
    async with served([has]) as endpoint, running_bus(link_to(endpoint), [watched]) as intake:
        await until(lambda: len(intake.good(1)) >= 2)
    assert intake.reasons() == set()
    assert intake.wrong() == []


@in_virtual_time
async def test_a_unit_that_takes_few_registers_at_once_is_read_in_parts() -> None:
    watched, has = (
        unit(model=profile(max_gap=20, max_block=100)),
        unit(model=profile(max_gap=20, max_block=2)),
    )
    async with served([has]) as endpoint, running_bus(link_to(endpoint), [watched]) as intake:
        await until(lambda: len(intake.good(1)) >= 2)
    assert intake.reasons() == set()
    assert intake.wrong() == []


@pytest.mark.parametrize(("period", "told"), [(NS // 50, 1), (NS // 5, 0)])
@in_virtual_time
async def test_parts_that_the_bus_has_no_time_for_are_told(
    caplog: pytest.LogCaptureFixture, period: int, told: int
) -> None:
    """Planned are three reads of 5 ms; the first is refused and takes two."""
    watched, has = unit(period=period), unit(model=_device(points=_without("second")))
    async with served([has]) as endpoint, running_bus(link_to(endpoint), [watched]) as intake:
        await until(lambda: len(intake.of(1)) >= 4)
    said = [text for text in caplog.messages if "the bus load is" in text]
    assert len(said) == told
    if told:
        assert "with unit-1 read in parts the bus load is 100%, at most 80%" in said[0]
        assert "unit-1 alone takes 100% at 20ms (planned 75%): read it less often" in said[0]


@in_virtual_time
async def test_what_is_refused_whole_and_in_parts_is_not_taken_apart_again() -> None:
    watched = unit()
    other = [{"point": "wide", "words": [0, 1], "value": 1}]
    has = unit(model=_device(points=_without("first", "second"), golden=other))
    async with served([has]) as endpoint, running_bus(link_to(endpoint), [watched]) as intake:
        await until(lambda: len(intake.of(1)) >= 2)
        endpoint.log.clear()
        await until(lambda: len(intake.of(1)) >= 4)
        await asyncio.sleep(0.1)
        small = [pdu for _, pdu in endpoint.log if pdu[1:5] in (bytes(3) + b"\1", bytes((0, 1, 0, 1)))]
    assert small == []
    assert {n: r for n, r in intake.of(1)[-1].reasons.items() if r is not Reason.ILLEGAL_ADDRESS} == {}
    assert len(intake.of(1)[-1].reasons) == 2


@in_virtual_time
async def test_who_comes_back_after_silence_is_read_as_planned() -> None:
    watched = unit()
    partial, full = unit(model=_device(points=_without("second"))), unit()
    async with served([partial]) as endpoint, running_bus(link_to(endpoint), [watched]) as intake:
        await until(lambda: len(intake.of(1)) >= 3)
        async with served([full]) as other:
            register_map = other.register_maps[1]
            endpoint.register_maps.pop(1)
            await until(
                lambda: len([s for s in intake.of(1) if Reason.TIMEOUT in s.reasons.values()]) >= 2, 15
            )
            register_map.update(truth([full]))
            endpoint.register_maps[1] = register_map
            endpoint.log.clear()
            await until(lambda: intake.good(1), 15)
            assert bytes((3, 0, 0, 0, 2)) in [pdu for _, pdu in endpoint.log]


def test_a_value_is_never_cut_and_halves_hold_everything() -> None:
    compiled_unit = CompiledUnit.of(
        plan_unit(unit(model=profile(max_gap=125, max_block=125)), ModbusLink("l", "modbus-tcp"))
    )
    waiting, singles = [read for read, _ in compiled_unit.blocks], []
    while waiting:
        read = waiting.pop()
        parts = halves(read)
        if parts is None:
            singles.append(read)
            continue
        assert sorted(parts[0].names + parts[1].names) == sorted(read.names)
        assert parts[0].address + parts[0].count <= parts[1].address
        waiting += parts
    assert sorted((read.names, read.count) for read in singles) == [
        (("first",), 1), (("precise",), 2), (("second",), 1), (("wide",), 2),
    ]  # fmt: skip
