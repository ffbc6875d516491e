"""When an edge node is asked for its birth: late, seldom, one after the other."""

from __future__ import annotations

from itertools import pairwise

import pytest

from devices.mqtt.rebirth import AGAIN, FIRST_S, PACE_S, RebirthSchedule


def _asked(schedule: RebirthSchedule, until: float) -> list[tuple[float, str]]:
    """Go from deadline to deadline, and return who is asked when."""
    asked = []
    while (due := schedule.deadline) is not None and due <= until:
        if node := schedule.take(due):
            asked.append((due, node))
    return asked


def test_a_birth_that_is_on_its_way_is_not_asked_for() -> None:
    schedule = RebirthSchedule()
    schedule.note(["a/b"], 10.0)
    assert schedule.take(10.0) is None
    schedule.note([], 11.0)
    assert schedule.deadline is None
    assert schedule.take(1000.0) is None


def test_one_that_does_not_answer_is_asked_ever_more_seldom() -> None:
    schedule = RebirthSchedule()
    schedule.note(["a/b"], 0.0)
    times = [at for at, _ in _asked(schedule, 10 * 3600.0)]
    waits = [after - before for before, after in pairwise(times)]
    assert times[0] == FIRST_S
    assert waits[:4] == [AGAIN.first, 60.0, 120.0, 240.0]
    assert set(waits[7:]) == {AGAIN.longest}
    assert len(times) < 20, "in ten hours"


def test_a_birth_does_not_end_the_back_off() -> None:
    """A node that loses messages for ever is asked no oftener than one that never answers."""
    schedule, asked = RebirthSchedule(), list[float]()
    for second in range(3600):
        schedule.note(["a/b"], float(second))
        if schedule.take(float(second)):
            asked.append(float(second))
            schedule.note([], second + 0.1)
    assert 5 < len(asked) <= 9


def test_one_that_was_well_for_long_enough_is_asked_soon_again() -> None:
    schedule = RebirthSchedule()
    schedule.note(["a/b"], 0.0)
    assert [at for at, _ in _asked(schedule, 40.0)] == [2.0, 32.0]
    schedule.note([], 40.0)
    schedule.note(["a/b"], 32.0 + 60.0)
    assert schedule.deadline == 92.0 + FIRST_S


@pytest.mark.parametrize("count", [1, 1000])
def test_many_are_asked_one_after_the_other(count: int) -> None:
    schedule = RebirthSchedule()
    schedule.note([f"a/{n}" for n in range(count)], 0.0)
    asked = _asked(schedule, FIRST_S + PACE_S * (count - 1) + 0.01)[:count]
    assert len(asked) == count
    gaps = {round(after - before, 6) for (before, _), (after, _) in pairwise(asked)}
    assert gaps <= {PACE_S}
    if count * PACE_S < AGAIN.first:
        assert len({node for _, node in asked}) == count
