"""A task: work that a person does for a device. Its events are stored; its state follows from them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any, Self

from facilityd.model.text import Text


class TaskKind(StrEnum):
    """Why there is something to do."""

    REPAIR = "repair"  # an alarm that somebody took
    INSPECTION = "inspection"  # planned, comes round again


class TaskStateName(StrEnum):
    """The states that a person sees."""

    OPEN = "open"  # nobody has taken it
    TAKEN = "taken"
    DONE = "done"  # a person says so; the data have not shown it yet
    VERIFIED = "verified"
    CANCELLED = "cancelled"

    @property
    def wording(self) -> Text:
        """Return what a technician calls it."""
        return _WORDINGS[self]


_WORDINGS = {
    TaskStateName.OPEN: Text(zh="待接单", en="open"),
    TaskStateName.TAKEN: Text(zh="处理中", en="taken"),
    TaskStateName.DONE: Text(zh="已完工，待数据验证", en="done, to be verified"),
    TaskStateName.VERIFIED: Text(zh="已验证", en="verified"),
    TaskStateName.CANCELLED: Text(zh="已取消", en="cancelled"),
}


class TaskEventKind(StrEnum):
    """What happened to a task."""

    OPEN = "open"
    TAKE = "take"  # also from somebody who had it
    NOTE = "note"
    DONE = "done"
    VERIFY = "verify"
    REOPEN = "reopen"
    RECUR = "recur"  # its alarm came again while it was open
    OVERDUE = "overdue"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class TaskEvent:
    """One step of a task (its number); replayed in order they rebuild every task.

    ``at`` in ns UTC. ``details``, as plain JSON, by kind: of OPEN what the task is of, of TAKE its ``due``,
    of RECUR the ``occurrence``, of TAKE, NOTE and DONE a ``photo``, of NOTE
    and DONE ``parts``, of VERIFY the ``seconds`` or
    ``occasions`` that all was right.
    """

    task: int
    at: int
    kind: TaskEventKind
    person: str = ""
    note: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    def check(self) -> Self:
        """Return this event, read from outside. Raises ValueError where its details are none of its kind."""
        about = self.details
        if not isinstance(about, dict):
            raise ValueError("no details")  # noqa: TRY004
        if self.kind is TaskEventKind.OPEN:
            TaskKind(str(about.get("kind")))
            names = (about.get("device"), about.get("rule", ""), about.get("inspection", ""))
            if not all(isinstance(name, str) for name in names):
                raise ValueError("a name that is no text")
        numbers = [about.get("due", 0), about.get("occurrence", 0)]
        if self.kind is TaskEventKind.RECUR:
            numbers.append(about.get("occurrence"))
        if not all(type(number) is int and 0 <= number < 1 << 63 for number in numbers):
            raise ValueError("no number that a task can have")
        return self

    def to_json(self) -> str:
        """Return one line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return what ``to_json`` wrote."""
        data = json.loads(text)
        return cls(kind=TaskEventKind(data.pop("kind")), **data)


@dataclass(frozen=True, slots=True)
class TaskNote:
    """What somebody wrote about a task, the parts they used, and a photo by its name."""

    at: int
    person: str
    text: str
    parts: str = ""
    photo: str = ""


@dataclass(frozen=True, slots=True)
class TaskState:
    """What a task has come to. Instants in ns UTC; ``due`` 0: none; ``done_at`` None until it is done.

    ``rule`` and ``occurrence`` are the alarm's whose repair it is; ``inspection`` names a planned one.
    ``overdue``: it was told. ``recurred``: how often its alarm came again meanwhile; ``reopened``: how
    often it was said to be done and was not.
    """

    id: int
    kind: TaskKind
    device: str
    opened_at: int
    rule: str = ""
    occurrence: int = 0
    inspection: str = ""
    state: TaskStateName = TaskStateName.OPEN
    person: str = ""
    due: int = 0
    taken_at: int | None = None
    done_at: int | None = None
    closed_at: int | None = None
    overdue: bool = False
    recurred: int = 0
    reopened: int = 0
    notes: tuple[TaskNote, ...] = ()

    @property
    def photos(self) -> int:
        """How many photos there are of it."""
        return sum(bool(note.photo) for note in self.notes)

    @property
    def closed(self) -> bool:
        """Whether nothing more is expected: an inspection is over when a person says so."""
        ended = self.state in (TaskStateName.VERIFIED, TaskStateName.CANCELLED)
        return ended or (self.kind is TaskKind.INSPECTION and self.state is TaskStateName.DONE)

    @property
    def key(self) -> tuple[str, str]:
        """Return what there is one open task of: device and rule, or device and inspection."""
        return self.device, self.rule or self.inspection

    def apply(self, event: TaskEvent) -> TaskState:
        """Return the state after an event."""
        return replace(_noted(self, event), **_AFTER.get(event.kind, _unchanged)(self, event))


def opened(event: TaskEvent) -> TaskState:
    """Return the state right after a task's first event."""
    about = event.details
    return TaskState(
        event.task, TaskKind(about["kind"]), about["device"], event.at, about.get("rule", ""),
        about.get("occurrence", 0), about.get("inspection", ""), due=about.get("due", 0),
    )  # fmt: skip


def fold(events: Iterable[TaskEvent]) -> dict[int, TaskState]:
    """Return every task by its number, from all events in their order."""
    tasks: dict[int, TaskState] = {}
    for event in events:
        known = tasks.get(event.task)
        if known:
            tasks[event.task] = known.apply(event)
        elif event.kind is TaskEventKind.OPEN:  # else it was damaged, and what followed is of nothing
            tasks[event.task] = opened(event)
    return tasks


def _noted(state: TaskState, event: TaskEvent) -> TaskState:
    parts, photo = str(event.details.get("parts", "")), str(event.details.get("photo", ""))
    if not (event.note or parts or photo):
        return state
    return replace(state, notes=(*state.notes, TaskNote(event.at, event.person, event.note, parts, photo)))


def _done(_: TaskState, event: TaskEvent) -> dict[str, Any]:
    return {"state": TaskStateName.DONE, "done_at": event.at}


def _verified(_: TaskState, event: TaskEvent) -> dict[str, Any]:
    return {"state": TaskStateName.VERIFIED, "closed_at": event.at}


def _cancelled(_: TaskState, event: TaskEvent) -> dict[str, Any]:
    return {"state": TaskStateName.CANCELLED, "closed_at": event.at}


def _recurred(state: TaskState, event: TaskEvent) -> dict[str, Any]:
    return {"recurred": state.recurred + 1, "occurrence": event.details["occurrence"]}


def _overdue(_: TaskState, __: TaskEvent) -> dict[str, Any]:
    return {"overdue": True}


def _unchanged(_: TaskState, __: TaskEvent) -> dict[str, Any]:
    return {}


def _taken(state: TaskState, event: TaskEvent) -> dict[str, Any]:
    due = event.details.get("due", 0) or state.due
    later = {"overdue": state.overdue and due == state.due}
    return {"state": TaskStateName.TAKEN, "person": event.person, "taken_at": event.at, "due": due} | later


def _reopened(state: TaskState, event: TaskEvent) -> dict[str, Any]:
    due = event.details.get("due", 0) or state.due
    found = {"state": TaskStateName.TAKEN, "done_at": None, "reopened": state.reopened + 1}
    return found | {"due": due, "overdue": False}


_AFTER = {
    TaskEventKind.TAKE: _taken,
    TaskEventKind.DONE: _done,
    TaskEventKind.VERIFY: _verified,
    TaskEventKind.REOPEN: _reopened,
    TaskEventKind.RECUR: _recurred,
    TaskEventKind.OVERDUE: _overdue,
    TaskEventKind.CANCEL: _cancelled,
}
