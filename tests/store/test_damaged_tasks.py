"""A damaged event of a task costs that event, never the start of the daemon or another task."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest
from support.journals import T0, open_journal

from facilityd.model.sample import NS
from facilityd.model.task import TaskEvent, TaskEventKind, TaskState, fold
from facilityd.query.instants import show_instant
from facilityd.store.reader import JournalReader
from facilityd.store.tasks import TaskWrite
from facilityd.tasks.manager import TaskManager

EVENTS = [
    TaskEvent(n, T0, TaskEventKind.OPEN, details=about)
    for n, about in (
        (1, {"kind": "repair", "device": "pump", "rule": "leak", "occurrence": 1, "due": T0}),
        (2, {"kind": "inspection", "device": "hoist", "inspection": "rope", "due": T0}),
    )
] + [
    TaskEvent(1, T0 + NS, TaskEventKind.TAKE, "li", "", {"due": T0 + NS}),
    TaskEvent(1, T0 + NS, TaskEventKind.RECUR, details={"occurrence": 2}),
    TaskEvent(1, T0 + NS, TaskEventKind.REOPEN, details={"due": T0 + NS}),
]
POISON = (
    "",
    "{",
    "[]",
    "3",
    "null",
    "{}",
    '{"kind": "rope", "device": "pump"}',
    '{"kind": "repair", "device": 7}',
    '{"kind": "repair", "device": "pump", "rule": ["leak"]}',
    '{"kind": "repair", "device": "pump", "occurrence": "two"}',
    '{"kind": "repair", "device": "pump", "due": 1e999}',
    '{"occurrence": null}',
    '{"due": "late"}',
    '{"due": -5}',
    '{"due": 123456789012345678901234567890}',
)


@pytest.mark.parametrize("details", POISON)
@pytest.mark.parametrize("damaged", [1, 3, 4, 5])
def test_a_damaged_event_hurts_no_other(tmp_path: Path, damaged: int, details: str) -> None:
    with open_journal(tmp_path) as journal:
        journal.commit([TaskWrite(EVENTS)])
    db = apsw.Connection(str(tmp_path / "journal.db"))
    db.execute("UPDATE task_event SET details = ? WHERE id = ?", (details, damaged))
    db.close()
    tasks = _as_the_daemon_does(tmp_path / "journal.db")
    assert tasks[2].inspection == "rope"
    assert (1 in tasks) == (damaged != 1)


def _as_the_daemon_does(path: Path) -> dict[int, TaskState]:
    """Read the tasks, let time pass for them, and show when they are due."""
    with JournalReader.open(path) as reader:
        tasks = fold(reader.task_events())
    manager = TaskManager(tasks.values())
    manager.tick(T0 + 60 * NS, lambda _device, _rule: None)
    manager.next_due(T0 + 60 * NS)
    for task in tasks.values():
        assert show_instant(task.due, "Asia/Shanghai").startswith("20")
    return tasks
