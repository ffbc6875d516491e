"""A link over time: away and back, slow and fast, alone and in company."""

from __future__ import annotations

import asyncio
import os

import pytest
from pydantic import TypeAdapter
from support.modbus_harness import PROFILE, link_to, profile, running_bus, served, truth, unit, until
from support.virtual import in_virtual_time

from devices.family import Family
from devices.operating_mode import OperatingModeTracker
from devices.unit import ModbusLink, PollRates
from facilityd.model.quality import Reason
from facilityd.model.sample import NS
from simulators.hazards import hazard

FAMILY = TypeAdapter(Family).validate_python(
    {
        "family": "harness",
        "name": {"zh": "台", "en": "Bench"},
        "signals": {n: {"name": {"zh": "值", "en": n}} for n in ("first", "second", "wide", "precise")},
        "states": {
            "moving": {"name": {"zh": "动", "en": "moving"}, "when": [{"signal": "first", "above": 100}]}
        },
    }
)


@in_virtual_time
async def test_everything_off_at_the_start_is_normal() -> None:
    one = unit()
    async with served([one], baudrate=115200) as endpoint:
        link = link_to(endpoint)
        endpoint.close()
        async with running_bus(link, [one]) as intake:
            await until(lambda: intake.health)
            assert intake.health[-1].up is False
            assert "cannot be opened" in intake.health[-1].reason
            assert intake.reasons() == {Reason.LINK_DOWN}
            endpoint.open()
            await until(lambda: len(intake.good()) >= 2, 15)
            await until(lambda: intake.health[-1].up, 15)
            assert intake.health[-1].answered is not None
            assert 0.9 < intake.health[-1].answered <= 1.0
            assert intake.health[-1].latency is not None
            assert 0.0 < intake.health[-1].latency < 0.2
            counts = intake.health[-1].counts
            assert counts is not None
            assert counts.busy > 0.0, "a link that is asked is busy"
            assert sum(counts.late) > 0, "its polls on time are counted too"
    assert intake.wrong() == []


@in_virtual_time
async def test_a_server_that_restarts_is_found_again() -> None:
    one = unit()
    async with served([one]) as endpoint, running_bus(link_to(endpoint), [one]) as intake:
        await until(lambda: len(intake.good()) >= 2)
        endpoint.close()
        await until(lambda: Reason.LINK_DOWN in intake.reasons())
        await asyncio.sleep(0.8)
        endpoint.open()
        before = len(intake.good())
        await until(lambda: len(intake.good()) > before + 2, 15)
    assert intake.wrong() == []


@in_virtual_time
async def test_a_half_open_connection_is_noticed_within_seconds() -> None:
    one = unit()
    async with served([one]) as endpoint, running_bus(link_to(endpoint), [one]) as intake:
        await until(lambda: len(intake.good()) >= 2)
        begin = asyncio.get_running_loop().time()
        endpoint.inject(None, hazard("half-open"))
        await until(lambda: intake.reasons() & {Reason.TIMEOUT, Reason.LINK_DOWN}, 5)
        assert asyncio.get_running_loop().time() - begin < 2.0


@in_virtual_time
async def test_a_dead_unit_behind_a_gateway_leaves_the_others_alone() -> None:
    units = [unit(number) for number in range(1, 6)]
    async with served(units, gateway=True) as endpoint, running_bus(link_to(endpoint), units) as intake:
        await until(lambda: all(len(intake.good(n)) >= 2 for n in range(1, 6)))
        endpoint.inject(3, hazard("gateway-target"))
        await until(lambda: Reason.GATEWAY_TARGET in intake.reasons(3))
        counts = {n: len(intake.good(n)) for n in range(1, 6)}
        await asyncio.sleep(2.0)
        grown = {n: len(intake.good(n)) - counts[n] for n in range(1, 6)}
        told = len(intake.health)
        await until(lambda: len(intake.health) > told, 15)
        share = intake.health[-1].answered
        assert share is not None
        assert share < 1.0, "that the unit behind it is silent is no answer of the unit"
    assert grown[3] == 0
    assert min(grown[n] for n in (1, 2, 4, 5)) >= 8, grown
    assert all(not intake.reasons(n) for n in (1, 2, 4, 5))


@in_virtual_time
async def test_the_pace_follows_duty_and_no_sample_is_lost() -> None:
    poll_rates = PollRates(NS, "device-1", {"moving": NS // 20})
    one = unit(poll_rates=poll_rates, period=NS)
    mode = OperatingModeTracker({"device-1": FAMILY})
    async with served([one]) as endpoint, running_bus(link_to(endpoint), [one], mode) as intake:
        await until(lambda: len(intake.good()) >= 2)
        values = truth([one])
        values["device-1", "first"] = 500.0
        endpoint.register_maps[1].update(values)
        await until(lambda: mode.state("device-1") == "moving")
        begin, count = asyncio.get_running_loop().time(), len(intake.samples)
        await asyncio.sleep(1.0)
        fast = [at for at, _ in intake.samples[count:]]
        assert fast[0] - begin < 0.2, "the fast pace begins at once"
        assert len(fast) >= 15
        endpoint.register_maps[1].update(truth([one]))
        await until(lambda: mode.state("device-1") == "rest")
        count = len(intake.samples)
        await asyncio.sleep(2.2)
        assert 1 <= len(intake.samples) - count <= 3
    assert all(not sample.reasons for _, sample in intake.samples)


@in_virtual_time
async def test_samples_keep_their_grid() -> None:
    one = unit(period=NS // 10)
    async with served([one]) as endpoint, running_bus(link_to(endpoint), [one]) as intake:
        await until(lambda: len(intake.good()) >= 30)
    times = [at for at, _ in intake.samples]
    mean = (times[-1] - times[5]) / (len(times) - 6)
    assert mean == pytest.approx(0.1, rel=1e-6)


@in_virtual_time
async def test_a_side_effect_register_is_read_alone_and_only_when_bound() -> None:
    points = {**PROFILE["points"], "latched": {"address": 2, "doc": "3", "type": "u16", "side_effect": True}}
    points["beyond"] = {"address": 3, "doc": "4", "type": "u16"}
    one = unit(model=profile(points=points))
    async with served([one]) as endpoint:
        async with running_bus(link_to(endpoint), [one]) as intake:
            await until(lambda: len(intake.good()) >= 3)
        asked = {(int.from_bytes(pdu[1:3]), int.from_bytes(pdu[3:5])) for _, pdu in endpoint.log}
    assert not any(start <= 2 < start + count for start, count in asked)


async def test_a_serial_port_that_is_not_there_is_an_outage_not_a_crash() -> None:
    one = unit()
    link = ModbusLink("link", "modbus-rtu", serial_port="/dev/does-not-exist")
    async with running_bus(link, [one]) as intake:
        await until(lambda: intake.health)
    assert intake.reasons() == {Reason.LINK_DOWN}
    assert "group dialout" in intake.health[-1].reason


async def test_a_port_that_refuses_its_settings_is_an_outage_too() -> None:
    """Pseudo-terminals have no parity on Linux; real adapters refuse some baud rates the same way."""
    master, slave = os.openpty()
    one = unit()
    link = ModbusLink("link", "modbus-rtu", serial_port=os.ttyname(slave), parity="E")
    try:
        async with running_bus(link, [one]) as intake:
            await until(lambda: intake.health)
        assert "cannot be opened" in intake.health[-1].reason
        assert intake.reasons() == {Reason.LINK_DOWN}
    finally:
        os.close(master)
        os.close(slave)
