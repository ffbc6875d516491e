"""Inspections come round: which are to be done, and by when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from facilityd.model.settings import InspectionSettings
from facilityd.model.task import TaskKind, TaskState


def due_inspections(
    planned: Iterable[InspectionSettings], tasks: Iterable[TaskState], at: int
) -> Iterator[dict[str, Any]]:
    """Iterate over what a new task of each inspection is of that is near by now and has no open task."""
    by_key: dict[tuple[str, str], list[TaskState]] = {}
    for task in tasks:
        by_key.setdefault(task.key, []).append(task)
    for one in planned:
        own = by_key.get((one.device, one.id), [])
        if any(not task.closed for task in own):
            continue
        due = next_due(one, max((task.due for task in own), default=0), at)
        if at >= due - one.ahead:
            yield {"kind": TaskKind.INSPECTION, "device": one.device, "inspection": one.id, "due": due}


def next_due(one: InspectionSettings, last: int, at: int) -> int:
    """Return when an inspection is due next, ns UTC, after the one that was due at ``last`` (0: none was).

    The days stay those of the plan, whenever it was done; rounds that were missed whole are not made up for.
    """
    rounds = max(0, (last - one.first) // one.every + 1) if last else 0
    passed = max(0, (at - one.first) // one.every)  # whole rounds that ended before this instant
    return one.first + one.every * max(rounds, passed)
