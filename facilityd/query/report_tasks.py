"""Tasks of a window: what was opened, done, verified, opened again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from facilityd.config.site import Device, Site
from facilityd.model.sample import NS
from facilityd.model.task import TaskEvent, TaskEventKind, TaskState, fold
from facilityd.query.tasks import TaskRow, task_rows

COUNTED = (
    TaskEventKind.OPEN, TaskEventKind.TAKE, TaskEventKind.DONE, TaskEventKind.VERIFY, TaskEventKind.REOPEN,
    TaskEventKind.OVERDUE, TaskEventKind.CANCEL,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TaskSummary:
    """What happened to tasks in a window: events by kind, of repairs and of inspections.

    ``open``: at its end. ``work``: the median from taken to done of those done in it, s; None of none.
    ``touched``: every task that anything happened to, as it was at the end.
    """

    repairs: Mapping[str, int]
    inspections: Mapping[str, int]
    open: int
    work: float | None
    worked: int
    touched: tuple[TaskRow, ...]


def task_summary(
    site: Site, devices: Mapping[str, Device], events: Sequence[TaskEvent], since: int, end: int
) -> TaskSummary:
    """Return what happened in since <= at < end (ns UTC)."""
    known = [event for event in events if event.at < end]
    tasks = fold(known)
    counts: dict[str, Counter[str]] = {"repair": Counter(), "inspection": Counter()}
    touched = {event.task for event in known if event.at >= since and event.task in tasks}
    for event in known:
        if event.at >= since and event.task in tasks:
            counts[tasks[event.task].kind.value][event.kind.value] += 1
    rows = task_rows(site, devices, known, end, everything=True)
    work = [_work(task) for task in tasks.values() if task.done_at is not None and task.done_at >= since]
    times = [time for time in work if time is not None]
    return TaskSummary(
        _of(counts["repair"]), _of(counts["inspection"]), sum(not task.closed for task in tasks.values()),
        median(times) if times else None, len(times), tuple(row for row in rows if row.task.id in touched),
    )  # fmt: skip


def _of(counts: Counter[str]) -> dict[str, int]:
    return {kind.value: counts[kind.value] for kind in COUNTED}


def _work(task: TaskState) -> float | None:
    if task.done_at is None or task.taken_at is None:
        return None
    return max(0, task.done_at - task.taken_at) / NS
