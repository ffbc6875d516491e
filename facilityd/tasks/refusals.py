"""What may be done with a task in which state, and why not, in English and Chinese."""

from __future__ import annotations

from facilityd.errors import UsageError
from facilityd.model.task import TaskEventKind, TaskState, TaskStateName

ALLOWED: dict[TaskEventKind, frozenset[TaskStateName]] = {
    TaskEventKind.TAKE: frozenset({TaskStateName.OPEN, TaskStateName.TAKEN}),
    TaskEventKind.NOTE: frozenset({TaskStateName.OPEN, TaskStateName.TAKEN, TaskStateName.DONE}),
    TaskEventKind.DONE: frozenset({TaskStateName.TAKEN}),
    TaskEventKind.CANCEL: frozenset({TaskStateName.OPEN, TaskStateName.TAKEN, TaskStateName.DONE}),
}
"""From which states a person may do it; the rest happens by itself."""

REFUSALS: dict[TaskStateName, tuple[str, str]] = {
    TaskStateName.OPEN: ("nobody has taken it; take it first", "尚未有人接单，请先接单"),
    TaskStateName.TAKEN: ("it is taken", "正在处理中"),
    TaskStateName.DONE: ("it is done already, and waits for the data to show it", "已完工，正等待数据验证"),
    TaskStateName.VERIFIED: ("it is closed", "已结束"),
    TaskStateName.CANCELLED: ("it was cancelled", "已取消"),
}


def check(task: TaskState, kind: TaskEventKind) -> None:
    """Raise UsageError where a person may not do this with a task as it is."""
    if task.closed and task.state is TaskStateName.DONE:
        raise refused(f"task {task.id}", f"任务 {task.id}", REFUSALS[TaskStateName.VERIFIED])
    if task.state not in ALLOWED[kind]:
        raise refused(f"task {task.id}", f"任务 {task.id}", REFUSALS[task.state])


def refused(en: str, zh: str, why: tuple[str, str]) -> UsageError:
    """Return the error, in both languages."""
    return UsageError(f"{en}: {why[0]} / {zh}：{why[1]}")
