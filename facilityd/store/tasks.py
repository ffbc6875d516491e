"""What happened to tasks, in the journal. Nothing of it is ever deleted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import apsw

from facilityd.model.task import TaskEvent, TaskEventKind
from facilityd.store.batch import Write, WriteContext
from facilityd.store.rows import built
from facilityd.store.schema import select

_ADD = "INSERT INTO task_event(task, at, kind, person, note, details) VALUES(?, ?, ?, ?, ?, ?)"
_EVENTS = """
SELECT task, at, CAST(kind AS BLOB), CAST(person AS BLOB), CAST(note AS BLOB), CAST(details AS BLOB)
FROM task_event ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class TaskWrite(Write):
    """Events of tasks, in their order."""

    events: Sequence[TaskEvent]

    def apply(self, to: WriteContext) -> None:
        """Store them."""
        for e in self.events:
            details = json.dumps(e.details, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            to.db.execute(_ADD, (e.task, e.at, e.kind.value, e.person, e.note, details))


def task_events(db: apsw.Connection) -> list[TaskEvent]:
    """Return every event, oldest first; one that cannot be read is left out."""
    return built(select(db, _EVENTS), _event, "task_event")


def _event(row: tuple[Any, ...]) -> TaskEvent:
    task, at, kind, person, note, details = row
    found = json.loads(details)
    return TaskEvent(task, at, TaskEventKind(kind.decode()), person.decode(), note.decode(), found).check()
