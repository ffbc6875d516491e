"""A frame that is lost on a serial line is no lost sample; what is away costs its neighbours nothing more."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from support.modbus_harness import PROFILE, link_to, profile, running_bus, served, unit, until

from devices.modbus.plan import plan_unit
from devices.modbus.poll import PollResult
from devices.modbus.repeats import WITHIN_S, Repeats
from devices.modbus.scheduler import PollScheduler, PollSlot
from devices.unit import ModbusLink, Unit
from facilityd.config.load import load
from facilityd.model.clock import Clock
from facilityd.model.quality import Reason
from facilityd.model.sample import NS, void
from facilityd.scenario.load import square
from facilityd.scenario.subset import subset
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.store.reader import JournalReader
from simulators.framing import Frame
from simulators.hazards import Hazard

SERIAL = "modbus-rtu-over-tcp"


def losing(*numbers: int) -> Hazard:
    """The answers of these numbers are lost."""
    seen = itertools.count(1)

    def alter(answer: Frame) -> Frame | None:
        return None if next(seen) in numbers else answer

    return Hazard(alter=alter)


@pytest.mark.parametrize("number", range(1, 5), ids=lambda n: f"answer {n}")
async def test_one_lost_frame_is_no_lost_sample(number: int) -> None:
    one = unit()
    async with served([one], SERIAL) as endpoint, running_bus(link_to(endpoint, SERIAL), [one]) as intake:
        await until(lambda: len(intake.good()) >= 2)
        endpoint.inject(1, losing(number))
        before = len(intake.good())
        await until(lambda: len(intake.good()) >= before + 5)
    assert intake.reasons() == set()
    assert intake.wrong() == []


async def test_a_second_loss_is_told_once_and_the_unit_is_read_again() -> None:
    one = unit()
    async with served([one], SERIAL) as endpoint, running_bus(link_to(endpoint, SERIAL), [one]) as intake:
        await until(lambda: len(intake.good()) >= 2)
        endpoint.inject(1, losing(1, 2))
        before = len(intake.good())
        await until(lambda: len(intake.good()) >= before + 3)
    bad = [sample for sample in intake.of(1) if sample.reasons]
    assert [set(sample.reasons.values()) for sample in bad] == [{Reason.TIMEOUT}]


async def test_none_is_repeated_where_the_site_says_so() -> None:
    one = unit()
    async with (
        served([one], SERIAL) as endpoint,
        running_bus(link_to(endpoint, SERIAL, retries=0), [one]) as intake,
    ):
        await until(lambda: len(intake.good()) >= 2)
        endpoint.inject(1, losing(1))
        await until(lambda: intake.reasons() == {Reason.TIMEOUT})


PAPER = ModbusLink("link", "modbus-rtu", serial_port="none", baudrate=19200)


def _slot(one: Unit, *, online: bool = True, link: ModbusLink = PAPER) -> PollSlot:
    (slot,) = PollScheduler.of(link, [plan_unit(one, link)], 0.0).slots
    if online:
        slot.answered(0.0)
    return slot


def _lost(one: Unit) -> PollResult:
    return PollResult([void(one.streams[0], 1, 1, Reason.TIMEOUT)], Reason.TIMEOUT)


class _Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_who_is_repeated_is_asked_in_the_next_gap_and_keeps_its_times() -> None:
    one, time = unit(period=NS), _Time()
    slot, repeats = _slot(one), Repeats(PAPER, Clock(), time)
    time.now = 1.2
    assert repeats.hold(slot, _lost(one), quiet=0)
    assert (slot.due, slot.online, slot.suspect) == (1.2, False, True)
    time.now = 1.5
    assert repeats.better(slot, PollResult([])) == PollResult([])
    slot.answered(1.5)
    assert slot.due == 2.0
    assert repeats.count == 1


def test_where_no_gap_comes_the_loss_is_told_in_time_and_as_of_now() -> None:
    one, time = unit(period=60 * NS), _Time()
    slot, repeats = _slot(one), Repeats(PAPER, Clock(lambda: 7, lambda: 7), time)
    assert repeats.hold(slot, _lost(one), quiet=0)
    time.now = WITHIN_S - 0.1
    assert repeats.expired() is None
    time.now = WITHIN_S
    (late, result) = repeats.expired() or (None, PollResult([]))
    assert late is slot
    assert [(sample.at, sample.steady) for sample in result.samples] == [(7, 7)]
    assert repeats.expired(at_once=True) is None


@pytest.mark.parametrize(
    "why", ["was away", "link away", "answered", "slow by its maker", "tcp", "side effect", "one"]
)
def test_who_is_not_repeated(why: str) -> None:
    slow = profile(min_interval="10s")
    touchy = {"address": 0, "doc": "1", "type": "u16", "side_effect": True}
    shy = profile(points={**PROFILE["points"], "first": touchy})
    models = {"slow by its maker": slow, "side effect": shy}
    one = unit(period=60 * NS, model=models.get(why))
    link = ModbusLink("link", "modbus-tcp", "host") if why == "tcp" else PAPER
    repeats = Repeats(link, Clock(), _Time())
    slot, lost = _slot(one, online=why != "was away", link=link), _lost(one)
    if why == "one":
        assert repeats.hold(_slot(unit(2, period=NS)), lost, quiet=0)
    result = PollResult(lost.samples) if why == "answered" else lost
    assert not repeats.hold(slot, result, quiet=1 if why == "link away" else 0)


def test_on_a_line_that_loses_a_frame_in_fifty_hardly_a_sample_is_missing(tmp_path: Path) -> None:
    with VirtualRuntime(subset(load(square()), ("hoist-1",)), tmp_path, start=1_781_056_800 * NS) as runtime:
        runtime.advance(300)
        runtime.hazard("hoist-bus", "flaky", 0.02)
        begin = runtime.now
        runtime.advance(3600)
        with JournalReader.open(runtime.journal) as reader:
            rows = [row for row in reader.samples_after(0, 5000) if row.at > begin]
            samples = [reader.sample(row) for row in rows]
    mine = [one for one in samples if one.stream.link == "hoist-bus"]
    assert len(mine) > 100
    assert len([one for one in mine if one.reasons]) <= 2
    (repeated,) = {
        one.values[one.stream.signals.index("retries")]
        for one in samples[-50:]
        if one.stream.device == "link-hoist-bus"
    }
    assert repeated >= 5


def test_a_line_that_loses_a_frame_in_five_still_tells_who_is_who(tmp_path: Path) -> None:
    """Making sure of a unit takes five and more answers in a row; lost ones among them are asked for again."""
    poles = ("pole-1", "pole-2", "pole-3", "pole-4")
    with VirtualRuntime(subset(load(square()), poles), tmp_path, start=1_781_056_800 * NS) as runtime:
        runtime.advance(900)
        runtime.hazard("pole-bus", "flaky", 0.2)
        begin = runtime.now
        runtime.advance(2 * 3600)
        with JournalReader.open(runtime.journal) as reader:
            rows = [row for row in reader.samples_after(0, 100_000) if row.at > begin]
            samples = [reader.sample(row) for row in rows]
        end = runtime.now
    for pole in poles:
        mine = [one for one in samples if one.stream.link == "pole-bus" and one.stream.device == pole]
        good = [one.at for one in mine if not one.reasons]
        longest = max(later - earlier for earlier, later in itertools.pairwise([begin, *good, end]))
        assert longest < 12 * 60 * NS, (pole, longest / NS)  # read every ten minutes at rest
        assert len(good) >= 0.4 * len(mine), (pole, len(good), len(mine))
