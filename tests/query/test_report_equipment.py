"""The report's tasks, availability and repairs: what counts as time down, and from when."""

from __future__ import annotations

from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.alarm_history import AlarmHistory
from support.reports import DAY, HOUR, OCTOBER, ask

from facilityd.model.alarm import ChangeKind
from facilityd.model.intervals import union, without
from facilityd.model.task import TaskEvent, TaskEventKind
from facilityd.store.tasks import TaskWrite

_SPANS = st.sets(st.integers(0, 20))

# --- tasks, availability ---------------------------------------------------------------------------------


def test_tasks_are_counted_by_what_happened_within_the_window(history: AlarmHistory) -> None:
    history.watched(*OCTOBER)
    at, opened = OCTOBER[0] + DAY, {"kind": "repair", "device": "fire", "rule": "active", "occurrence": 1}
    before = OCTOBER[0] - DAY
    events = [
        TaskEvent(1, before, TaskEventKind.OPEN, details=opened),
        TaskEvent(1, at, TaskEventKind.TAKE, "anna"),
        TaskEvent(1, at + HOUR, TaskEventKind.DONE, "anna"),
        TaskEvent(1, at + 2 * HOUR, TaskEventKind.REOPEN),
        TaskEvent(1, at + 3 * HOUR, TaskEventKind.DONE, "anna"),
        TaskEvent(1, at + 4 * HOUR, TaskEventKind.VERIFY),
        TaskEvent(2, before, TaskEventKind.OPEN, details=opened | {"rule": "silent"}),
    ]
    history.write(TaskWrite(events))
    tasks = ask(history).tasks
    assert tasks.repairs == {
        "open": 0, "take": 1, "done": 2, "verify": 1, "reopen": 1, "overdue": 0, "cancel": 0,
    }  # fmt: skip
    assert (tasks.open, [row.task.id for row in tasks.touched]) == (1, [1])
    assert (tasks.work, tasks.worked) == (3 * 3600.0, 1)


def test_availability_is_of_the_time_that_is_known(history: AlarmHistory) -> None:
    history.watched(*OCTOBER)
    history.away(OCTOBER[0] + 20 * DAY, OCTOBER[0] + 21 * DAY)
    history.alarm(OCTOBER[0] - HOUR, acked=60, cleared=3600 + 86_400, priority="critical")
    history.alarm(OCTOBER[0] + 2 * DAY, "fire", "silent", cleared=2 * 86_400)
    history.alarm(OCTOBER[0] + 3 * DAY, "fire", "unseen", cleared=2 * 86_400, priority="critical")
    history.alarm(OCTOBER[0] + 6 * DAY, cleared=86_400, state="shelved")
    history.alarm(OCTOBER[0] + 8 * DAY, "water", cleared=86_400, priority="low")
    report = ask(history)
    rows = {row.device: row for row in report.availability}
    fire, water = rows["fire"], rows["water"]
    # Down: a day that began before, and one that was shelved; blind: silence and a signal unseen, 3 days in all.
    assert (fire.observed, fire.down, fire.unknown) == (30 * 86_400, 2 * 86_400, 3 * 86_400)
    assert fire.share == pytest.approx(100 * 25 / 27)
    assert (fire.faults, fire.longest) == (1, 86_400)
    assert (water.share, water.down) == (100.0, 0)
    together = next(row for row in report.availability if row.family == "contact" and not row.device)
    assert together.share == pytest.approx(100 * (25 + 30) / (27 + 30))


@given(_SPANS, _SPANS)
def test_spans_without_others_are_what_is_left(one: set[int], other: set[int]) -> None:
    def spans(of: set[int]) -> list[tuple[int, int]]:
        return union((n, n + 1) for n in of)

    assert without(spans(one), spans(other)) == spans(one - other)


def test_maintenance_is_no_time_down_and_its_alarms_are_no_faults(history: AlarmHistory) -> None:
    history.watched(*OCTOBER)
    begin, end = OCTOBER[0] + 2 * DAY, OCTOBER[0] + 4 * DAY
    for rule in ("active", "silent"):
        history.change(begin, ChangeKind.STATE_BEGINS, "fire", rule, state="suppressed-by-design")
    history.alarm(begin + HOUR, cleared=86_400, state="suppressed-by-design")
    history.alarm(end - 6 * HOUR, cleared=12 * 3600, priority="critical", state="suppressed-by-design")
    for rule in ("active", "silent"):
        history.change(end, ChangeKind.STATE_OVER, "fire", rule, state="normal")
    history.change(OCTOBER[1] - DAY, ChangeKind.STATE_BEGINS, "water", state="suppressed-by-design")
    rows = {row.device: row for row in ask(history).availability}
    fire, water = rows["fire"], rows["water"]
    # Six hours after the maintenance the repair did not hold: those count, and are no fault of their own.
    assert (fire.planned, fire.down, fire.faults, fire.longest) == (2 * 86_400, 6 * 3600, 0, 6 * 3600)
    assert fire.share == pytest.approx(100 * (29 - 0.25) / 29)
    assert (water.planned, water.share) == (86_400, 100.0), "one that still goes on"
    together = next(row for row in ask(history).availability if row.family == "contact" and not row.device)
    assert together.planned == 3 * 86_400


def test_repairs_are_timed_from_when_people_were_told(history: AlarmHistory) -> None:
    history.watched(*OCTOBER)
    for n, cleared in enumerate((100, 200, 900)):
        history.alarm(OCTOBER[0] + n * DAY, acked=50, cleared=cleared)
    history.alarm(OCTOBER[1] - HOUR)
    report = ask(history)
    (one,) = report.repairs
    assert (one.priority, one.alarms, one.over, one.median, one.longest) == (
        "high",
        4,
        3,
        median([100, 200, 900]),
        900,
    )
    assert one.p95 is None, "of three there is none"
    (kind,) = report.kinds
    assert (kind.alarms, kind.devices, kind.acknowledge, kind.repair) == (4, 1, 50, 200)
