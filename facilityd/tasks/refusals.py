"""What may be done with a task in which state, and why not."""

from __future__ import annotations

from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.photo import MOST_PHOTOS
from facilityd.model.task import TaskEventKind, TaskState, TaskStateName

ALLOWED: dict[TaskEventKind, frozenset[TaskStateName]] = {
    TaskEventKind.TAKE: frozenset({TaskStateName.OPEN, TaskStateName.TAKEN}),
    TaskEventKind.NOTE: frozenset({TaskStateName.OPEN, TaskStateName.TAKEN, TaskStateName.DONE}),
    TaskEventKind.DONE: frozenset({TaskStateName.TAKEN}),
    TaskEventKind.CANCEL: frozenset({TaskStateName.OPEN, TaskStateName.TAKEN, TaskStateName.DONE}),
}
"""From which states a person may do it; the rest happens by itself."""

WHY = {
    TaskStateName.OPEN: "command.task-open",
    TaskStateName.TAKEN: "command.task-taken",
    TaskStateName.DONE: "command.task-done",
    TaskStateName.VERIFIED: "command.task-closed",
    TaskStateName.CANCELLED: "command.task-cancelled",
}
"""Why not, by the state that it is in."""


def check(task: TaskState, kind: TaskEventKind, photo: str = "") -> None:
    """Raise UsageError where a person may not do this with a task as it is, or not with one more photo."""
    state = TaskStateName.VERIFIED if task.closed and task.state is TaskStateName.DONE else task.state
    if task.closed or state not in ALLOWED[kind]:
        raise UsageError(Wording(WHY[state], task=task.id))
    if photo and task.photos >= MOST_PHOTOS:
        raise UsageError(Wording("photo.of-task", task=task.id, most=MOST_PHOTOS))
