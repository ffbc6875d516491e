"""One silent unit on an RTU bus of eight: its neighbours keep their period, the bus its time.

The bus takes the time of its wire (19,200 baud, RTU frames), so the figures are those of a bus; the time is
virtual, so they are the same on every machine.
"""

from __future__ import annotations

import asyncio
import itertools
from unittest.mock import patch

from support.modbus_harness import link_to, profile, running_bus, served, unit, until
from support.virtual import in_virtual_time

from devices.modbus.client import PymodbusReader
from devices.modbus.plan import plan_unit
from devices.modbus.scheduler import AGAIN_S, AGAIN_TIMES, PollScheduler
from facilityd.model.sample import NS
from simulators.hazards import hazard

SILENT = 5
PERIOD_S = 1.0
LENGTH_S = 24.0


class Stopwatch:
    """Adds up how long the bus was busy with whom, around the real reads."""

    def __init__(self) -> None:
        self.busy: dict[int, float] = {}
        self.original = PymodbusReader.read

    def __call__(self):
        watch = self

        async def read(reader, table, device_id, address, count, **options):
            loop = asyncio.get_running_loop()
            begin = loop.time()
            try:
                return await watch.original(reader, table, device_id, address, count, **options)
            finally:
                watch.busy[device_id] = watch.busy.get(device_id, 0.0) + loop.time() - begin

        return patch.object(PymodbusReader, "read", read)


def _lateness(times: list[float]) -> list[float]:
    """Distance of each poll from the unit's own one-second grid."""
    grid = min(t % PERIOD_S for t in times[:3])
    return [((t - grid + PERIOD_S / 2) % PERIOD_S) - PERIOD_S / 2 for t in times]


@in_virtual_time
async def test_seven_keep_their_period_while_the_eighth_is_silent() -> None:
    model = profile(timeout="300ms")
    units = [unit(number, period=int(PERIOD_S * NS), model=model) for number in range(1, 9)]
    watch = Stopwatch()
    async with served(units, "modbus-rtu-over-tcp", baudrate=19200) as endpoint:
        link = link_to(endpoint, "modbus-rtu-over-tcp", baudrate=19200)
        with watch():
            async with running_bus(link, units) as intake:
                await until(lambda: all(intake.good(n) for n in range(1, 9)), 15)
                endpoint.inject(SILENT, hazard("silent"))
                await until(lambda: intake.reasons(SILENT), 5)
                await asyncio.sleep(3.0)
                watch.busy.clear()
                count, begin = len(intake.samples), asyncio.get_running_loop().time()
                await asyncio.sleep(LENGTH_S)
                length = asyncio.get_running_loop().time() - begin
                taken = intake.samples[count:]
                endpoint.inject(SILENT, None)
                before = len(intake.good(SILENT))
                await until(lambda: len(intake.good(SILENT)) > before + 1, 30)
    lost = watch.busy.get(SILENT, 0.0) / length
    late: list[float] = []
    for number in set(range(1, 9)) - {SILENT}:
        times = [at for at, sample in taken if sample.stream.unit == f"unit-{number}"]
        assert len(times) >= LENGTH_S - 2, f"unit {number} lost polls"
        late += [abs(one) for one in _lateness(times)]
    late.sort()
    p99 = late[int(0.99 * len(late))]
    assert lost <= 0.05, f"{lost:.1%} of the bus went to the silent unit"
    assert p99 < 0.1 * PERIOD_S, f"p99 lateness {p99 * 1000:.0f} ms"
    assert intake.wrong() == []


def test_by_the_timetable_alone_a_silent_unit_never_delays_anybody() -> None:
    """An hour on paper: polls take 40 ms, an attempt at the silent one its whole timeout."""
    units = [
        unit(number, period=int(PERIOD_S * NS), model=profile(timeout="300ms")) for number in range(1, 9)
    ]
    plans = [plan_unit(one, link) for one in units for link in [_paper_link()]]
    table = PollScheduler.of(_paper_link(), plans, 0.0)
    now, lost, late = 0.0, 0.0, []
    while now < 3600.0:
        slot, start = table.next(now)
        now = max(now, start)
        if slot.plan.unit.device_id == SILENT:
            now += slot.plan.timeout
            lost += slot.plan.timeout
            slot.silent(now, silent_units=1, alone=False)
        else:
            if slot.online:
                late.append(now - slot.due)
            now += 0.04
            slot.answered(now)
    late.sort()
    assert lost / now <= 0.05
    assert late[int(0.99 * len(late))] < 0.1
    assert len(late) >= 7 * 3590


def test_a_bus_without_any_gap_still_asks_the_silent_unit_now_and_then() -> None:
    units = [unit(number, period=int(0.2 * NS), model=profile(timeout="300ms")) for number in (1, 2)]
    table = PollScheduler.of(_paper_link(), [plan_unit(one, _paper_link()) for one in units], 0.0)
    now, attempts = 0.0, 0
    while now < 600.0:
        slot, start = table.next(now)
        now = max(now, start)
        if slot.plan.unit.device_id == 2:
            attempts += 1
            now += slot.plan.timeout
            slot.silent(now, silent_units=1, alone=False)
        else:
            now += 0.1
            slot.answered(now)
    assert 20 <= attempts <= 600 * 0.05 / 0.3 + 3


def _paper_link():
    from devices.unit import ModbusLink

    return ModbusLink("link", "modbus-rtu", serial_port="none", baudrate=19200)


def test_a_slow_unit_whose_values_are_missing_is_asked_again_soon_and_returns_to_its_grid() -> None:
    plan = plan_unit(unit(1, period=600 * NS), _paper_link())
    (slot,) = PollScheduler.of(_paper_link(), [plan], 0.0).slots
    slot.answered(0.0)
    now, asked = slot.due, list[float]()
    for _ in range(30):
        asked.append(now)
        slot.answered(now, doubtful=True)
        now = slot.due
    assert [round(b - a) for a, b in itertools.pairwise(asked)][:10] == [10] * AGAIN_TIMES + [520, 600]
    assert all(at % 600 == 0 for at in asked[AGAIN_TIMES + 1 :]), "the others' gaps are where they were"
    slot.answered(now)
    slot.answered(slot.due, doubtful=True)
    assert slot.due == now + 600 + AGAIN_S


def test_a_unit_that_is_asked_often_enough_anyway_keeps_its_grid_whatever_it_answers() -> None:
    plan = plan_unit(unit(1, period=NS), _paper_link())
    (slot,) = PollScheduler.of(_paper_link(), [plan], 0.0).slots
    slot.answered(0.0)
    for second in range(1, 20):
        slot.answered(second + 0.1, doubtful=True)
        assert slot.due == second + 1


def test_a_device_that_begins_to_move_while_its_unit_is_asked_again_is_not_left_to_the_slow_grid() -> None:
    plan = plan_unit(unit(1, period=600 * NS), _paper_link())
    (slot,) = PollScheduler.of(_paper_link(), [plan], 0.0).slots
    slot.answered(0.0, doubtful=True)
    slot.period = 1.0
    slot.answered(slot.due, doubtful=False)
    assert slot.due <= 11.0
