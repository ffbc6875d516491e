"""A night of lights: when it was lit, how bright, switched on but dark, not known, still to come."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from support.query_sites import T0, MeterSite

from facilityd.model.intervals import length
from facilityd.model.sample import NS, Sample
from facilityd.query.light_night import LEVELS, SLOT, CircuitNight, LightNight, LightState, night_of
from facilityd.store.samples import SampleWrite

DAY = date(2026, 9, 21)
MIN = 60


def _store(yard: MeterSite, since: int, until: int, power: float, *, on: bool = True) -> None:
    """Store a reading every two seconds of since <= t < until, s after T0."""
    given = {"power": power, "commanded": on}
    samples = [
        Sample(yard.stream, T0 + at * NS, T0 + at * NS, tuple(given[name] for name in yard.stream.signals))
        for at in range(since, until, 2)
    ]
    yard.journal.commit([SampleWrite(samples)])


def _night(yard: MeterSite, minutes: int, day: date = DAY) -> LightNight:
    yard.now = T0 + minutes * MIN * NS
    with yard.ask() as query:
        return query.light_night(day)


def _gate(night: LightNight) -> CircuitNight:
    return next(one for one in night.circuits if one.device == "gate")


@pytest.fixture
def evening(yard: MeterSite) -> Iterator[LightNight]:
    """From 22:14 on: 16 min bright, 10 min at a quarter, 10 min switched on but dark, then off, then silence."""
    _store(yard, 0, 16 * MIN, 800.0)
    _store(yard, 16 * MIN, 26 * MIN, 200.0)
    _store(yard, 26 * MIN, 36 * MIN, 0.0)
    _store(yard, 36 * MIN, 46 * MIN, 0.0, on=False)
    return _night(yard, 66)


def _at(night: LightNight, minute: int) -> tuple[LightState, int]:
    """Return what the gate's cell was in which a minute after T0 lies."""
    at = T0 + minute * MIN * NS
    (found,) = [one for one in _gate(night).cells if one.since <= at < one.until]
    return found.state, found.level


def test_each_cell_says_what_the_circuit_was_most_of_the_time(evening: LightNight) -> None:
    assert _at(evening, 10) == (LightState.LIT, LEVELS)
    assert _at(evening, 20) == (LightState.LIT, 1)
    assert _at(evening, 30) == (LightState.SWITCHED, 0)
    assert _at(evening, 41) == (LightState.DARK, 0)
    assert _at(evening, 60) == (LightState.UNKNOWN, 0)
    assert _at(evening, 100) == (LightState.AHEAD, 0)


def test_the_cells_are_the_whole_night_in_whole_hours(evening: LightNight) -> None:
    cells = _gate(evening).cells
    assert (cells[0].since, cells[-1].until) == (evening.since, evening.until)
    assert evening.since % (3600 * NS) == evening.until % (3600 * NS) == 0
    assert {one.until - one.since for one in cells} == {SLOT}
    assert evening.since < T0 < evening.until


def test_spans_are_exact_and_leave_nothing_out(evening: LightNight) -> None:
    gate = _gate(evening)
    assert length(gate.lit) == 26 * MIN * NS
    assert length(gate.switched) == 10 * MIN * NS
    assert length(gate.unknown) > 15 * MIN * NS, "what nobody read is not dark"
    spent = evening.now - evening.since
    dark = spent - length(gate.lit) - length(gate.switched) - length(gate.unknown)
    assert 10 * MIN * NS <= dark < 11 * MIN * NS


def test_a_circuit_that_was_never_read_is_not_known_and_not_dark(evening: LightNight) -> None:
    tower = next(one for one in evening.circuits if one.device == "tower")
    assert {one.state for one in tower.cells} == {LightState.UNKNOWN, LightState.AHEAD}
    assert length(tower.unknown) == evening.now - evening.since


def test_a_short_pause_while_lamps_start_is_no_trouble(yard: MeterSite) -> None:
    _store(yard, 0, 70, 0.0)
    _store(yard, 70, 16 * MIN, 800.0)
    assert _at(_night(yard, 20), 2)[0] is LightState.LIT


@pytest.mark.parametrize(("hours", "day"), [(0, 21), (4, 21), (10, 21), (20, 22)])
def test_the_night_that_is_shown_is_the_last_that_has_begun(yard: MeterSite, hours: int, day: int) -> None:
    assert night_of(yard.site, T0 + hours * 3600 * NS) == date(2026, 9, day)
