"""Looking for units on a line that is polled: in its gaps, within its budget, until something is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from support.modbus_harness import TimedIntake, link_to, profile, running_bus, served, unit, until
from support.virtual import in_virtual_time

from devices.modbus.load import BUSY
from devices.modbus.scan import AnsweringUnit, LinkScan
from devices.unit import ModbusLink, Unit
from facilityd.errors import ScanStopped
from facilityd.model.message import spoken
from facilityd.model.sample import NS
from simulators.endpoint import READS
from simulators.hazards import hazard

MODELS = {"harness": profile()}
PERIOD = NS
WATCHED = [unit(1, PERIOD), unit(2, PERIOD)]
BESIDE = [unit(5, PERIOD), unit(9, PERIOD)]
LATE_S = 0.002
"""s by which a poll may be late in virtual time: a timer's grain."""


class Scan:
    """One scan on the line of a bus that runs: what it found by the time that it ended, or was stopped."""

    def __init__(self, intake: TimedIntake, link: ModbusLink, ids: Sequence[int], timeout_s: float) -> None:
        assert intake.bus is not None
        self._work = LinkScan(link, ids, MODELS, timeout_s, opener=intake.bus.gaps.opened)
        self.found: list[AnsweringUnit] = []

    async def run(self) -> Scan:
        async for one in self._work.units():
            self.found.append(one)
        return self

    @property
    def asked(self) -> int:
        return self._work.asked


def latest(intake: TimedIntake, number: int) -> float:
    """Return by how many s the worst poll of a unit that answers was off its period."""
    at = [when for when, sample in intake.samples if sample.stream.unit == f"unit-{number}"]
    return max(abs(after - before - PERIOD / NS) for before, after in pairwise(at[1:]))


@pytest.mark.parametrize("protocol", ["modbus-tcp", "modbus-rtu-over-tcp"])
def test_who_is_not_watched_is_found_and_no_poll_is_late(protocol: str) -> None:
    @in_virtual_time
    async def play() -> None:
        async with served([*WATCHED, *BESIDE], protocol) as endpoint:
            link = link_to(endpoint, protocol)
            async with running_bus(link, WATCHED) as intake:
                await until(lambda: len(intake.samples) > 4)
                scan = await Scan(intake, link, range(3, 13), 0.1).run()
                await asyncio.sleep(11)  # until the link tells of itself
            assert [(one.device_id, one.fits) for one in scan.found] == [(5, ("harness",)), (9, ("harness",))]
            assert set(endpoint.witness) <= READS
        for number in (1, 2):
            assert latest(intake, number) < LATE_S
            assert not intake.reasons(number)
        assert not intake.wrong()
        assert intake.health[-1].up
        assert intake.health[-1].answered == 1.0, "that nobody is at an id is no loss of the polls"
        assert intake.health[-1].lateness is not None
        assert intake.health[-1].lateness < LATE_S

    play()


TROUBLE: dict[str, tuple[Any, str]] = {
    "truncated": (hazard("truncated"), "device id 5 answers with what is no answer"),
    "bad-crc": (hazard("bad-crc"), "device id 5 answers with what is no answer"),
    "garbage": (hazard("garbage", size=20), "device id 5 was asked, and 245 answered"),
    "fewer-registers": (hazard("fewer-registers"), "device id 5 answers with what is no answer"),
    "wrong-unit": (hazard("wrong-unit", unit=8), "device id 5 was asked, and 8 answered"),
    "late": (hazard("late", seconds=0.15), "device id 5 answers later than 100ms"),
}


@pytest.mark.parametrize("what", sorted(TROUBLE))
@in_virtual_time
async def test_a_unit_that_answers_badly_ends_it_and_the_polls_go_on(what: str) -> None:
    wrong, said = TROUBLE[what]
    async with served([*WATCHED, *BESIDE], "modbus-rtu-over-tcp") as endpoint:
        endpoint.inject(5, wrong)
        link = link_to(endpoint, "modbus-rtu-over-tcp")
        async with running_bus(link, WATCHED) as intake:
            await until(lambda: len(intake.samples) > 4)
            scan = Scan(intake, link, range(3, 13), 0.1)
            with pytest.raises(ScanStopped, match=said) as stopped:
                await scan.run()
            assert scan.asked == 2, "nobody was asked after it"
            assert "扫描停止" in spoken(stopped.value, "zh")
            await asyncio.sleep(3)
    assert not intake.wrong()
    assert not intake.reasons(1) | intake.reasons(2)
    assert max(latest(intake, 1), latest(intake, 2)) < LATE_S


@in_virtual_time
async def test_a_watched_unit_that_falls_silent_ends_it() -> None:
    async with served([*WATCHED, *BESIDE], "modbus-rtu-over-tcp") as endpoint:
        link = link_to(endpoint, "modbus-rtu-over-tcp")
        async with running_bus(link, WATCHED) as intake:
            await until(lambda: len(intake.samples) > 4)
            running = asyncio.create_task(Scan(intake, link, range(10, 200), 0.1).run())
            await asyncio.sleep(5)
            endpoint.inject(2, hazard("silent"))
            with pytest.raises(ScanStopped, match="unit-2, which is watched on this link, did not answer"):
                await running


@in_virtual_time
async def test_a_link_that_is_lost_ends_it() -> None:
    async with served([*WATCHED, *BESIDE]) as endpoint:
        link = link_to(endpoint)
        async with running_bus(link, WATCHED) as intake:
            await until(lambda: len(intake.samples) > 4)
            running = asyncio.create_task(Scan(intake, link, range(10, 200), 0.1).run())
            await asyncio.sleep(5)
            endpoint.close()
            with pytest.raises(ScanStopped, match="the link was lost meanwhile"):
                await running


@in_virtual_time
async def test_where_the_polls_leave_no_room_it_says_how_much_there_would_be() -> None:
    quick = [replace(one, poll_rates=unit(1, NS // 5).poll_rates) for one in WATCHED]
    async with served([*quick, *BESIDE], "modbus-rtu-over-tcp") as endpoint:
        link = link_to(endpoint, "modbus-rtu-over-tcp")
        async with running_bus(link, quick) as intake:
            await until(lambda: len(intake.samples) > 4)
            with pytest.raises(ScanStopped, match=r"leave \d+ms between them at most.* takes 630ms"):
                await Scan(intake, link, range(3, 13), 0.3).run()
            assert not intake.reasons(1) | intake.reasons(2)
    assert max(endpoint.witness) <= 4


@in_virtual_time
async def test_polls_and_questions_together_leave_the_bus_its_rest() -> None:
    rare: list[Unit] = [unit(1, 60 * NS)]
    loop, timeout_s, ids = asyncio.get_running_loop(), 0.1, range(10, 60)
    async with served(rare, "modbus-rtu-over-tcp") as endpoint:
        link = link_to(endpoint, "modbus-rtu-over-tcp")
        async with running_bus(link, rare) as intake:
            await until(lambda: len(intake.samples) > 0)
            begun = loop.time()
            await Scan(intake, link, ids, timeout_s).run()
            needed = loop.time() - begun
    questions = 2 * len(ids)
    assert questions * 2 * timeout_s / needed <= BUSY


@in_virtual_time
async def test_on_a_line_of_which_no_unit_answers_others_are_found() -> None:
    """The ids in the site's files may be the very thing that is wrong."""
    async with served(BESIDE, "modbus-rtu-over-tcp") as endpoint:
        link = link_to(endpoint, "modbus-rtu-over-tcp")
        async with running_bus(link, WATCHED) as intake:
            await until(lambda: len(intake.samples) > 4)
            scan = await Scan(intake, link, range(3, 13), 0.1).run()
    assert [one.device_id for one in scan.found] == [5, 9]
