"""Polls of TCP links begin on a common grid, each at its own period."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from support.modbus_harness import unit

from devices.modbus.plan import plan_unit
from devices.modbus.scheduler import PollScheduler
from devices.unit import ModbusLink
from facilityd.model.sample import NS

LINK = ModbusLink("link", "modbus-tcp", "192.0.2.1", 502)


def _starts(link: ModbusLink, period_s: float) -> list[float]:
    plan = plan_unit(unit(1, period=round(period_s * NS)), link)
    scheduler = PollScheduler.of(link, [plan], 3.2137)
    now, starts = 3.2137, []
    for _ in range(200):
        slot, now = scheduler.next(now)
        starts.append(now)
        assert scheduler.late(slot, now) < 1e-6
        slot.answered(now)
    return starts


@pytest.mark.parametrize(
    ("period_s", "grid_s"), [(1.0, 0.05), (7.0, 0.05), (1.01, 0.05), (0.1, 0.025), (0.33, 0.025)]
)
def test_tcp_links_are_polled_on_a_common_grid_at_their_own_period(period_s: float, grid_s: float) -> None:
    starts = _starts(LINK, period_s)
    assert all(abs(start / grid_s - round(start / grid_s)) < 1e-6 for start in starts)
    assert (starts[-1] - starts[0]) / 199 == pytest.approx(period_s, abs=grid_s / 199)
    gaps = [b - a for a, b in itertools.pairwise(starts)]
    assert max(gaps) - min(gaps) <= grid_s + 1e-6


def test_serial_lines_and_the_finest_periods_have_no_grid() -> None:
    line = ModbusLink("line", "modbus-rtu", serial_port="none", baudrate=19200)
    for link, period_s in ((line, 1.0), (LINK, 0.05)):
        starts = _starts(link, period_s)
        assert starts[1] - starts[0] == pytest.approx(period_s)
        assert starts[0] / 0.025 != pytest.approx(round(starts[0] / 0.025), abs=1e-6)


def test_links_still_start_spread_out() -> None:
    links = [ModbusLink(f"l{n}", "modbus-tcp", f"h{n}", 502) for n in range(200)]
    firsts = Counter(_starts(link, 1.0)[0] for link in links)
    assert len(firsts) > 15
    assert max(firsts.values()) < 25
