"""What belongs into the journal and is not in it yet: while the disk takes nothing, memory holds it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from facilityd.model.alarm import AlarmState
from facilityd.model.command_record import CommandRecord
from facilityd.model.notice import Notice
from facilityd.model.readiness import Check
from facilityd.model.task import TaskEvent
from facilityd.pipeline.spilled import MARK, Spilled
from facilityd.pipeline.uncommitted import UncommittedNotices
from facilityd.store.batch import Attempt, Batch, ChangeRecord, Delivery, FindingRecord
from facilityd.store.changes import AlarmWrite, ChangeWrite
from facilityd.store.commands import CommandWrite
from facilityd.store.findings import FindingWrite
from facilityd.store.meta import JudgedWrite, MetaWrite
from facilityd.store.outbox import AttemptWrite, NoticeWrite
from facilityd.store.readiness import CheckWrite
from facilityd.store.tasks import TaskWrite

MOST = 10_000
"""Parts kept in memory while the disk takes nothing."""
StateOf = Callable[[str, str], AlarmState]
"""Returns the present state of an alarm, by device and rule."""


@dataclass(frozen=True, slots=True)
class WriteGroup:
    """What belongs into the journal together."""

    judged: Sequence[FindingRecord] = ()
    recorded: Sequence[ChangeRecord] = ()
    checks: Sequence[Check] = ()
    notices: Sequence[Notice] = ()
    commands: Sequence[CommandRecord] = ()
    tasks: Sequence[TaskEvent] = ()

    @property
    def all_notices(self) -> list[Notice]:
        """Every notice in it."""
        return [*(notice for item in self.recorded for notice in item.notices), *self.notices]

    @property
    def empty(self) -> bool:
        """Whether nothing is in it."""
        mine = self.judged, self.recorded, self.checks, self.notices, self.commands, self.tasks
        return not any(mine)


@dataclass(slots=True)
class PendingWrites:
    """Parts in their order. ``unwritten``: what became of their notices; ``token`` names what was spilled.

    ``planned``: the notices of changes that are about to be written. ``written``: how often anything but
    samples was written, or was to be; while there are parts something waits for room: a tick tries again.
    """

    parts: list[WriteGroup] = field(default_factory=list)
    unwritten: UncommittedNotices = field(default_factory=UncommittedNotices)
    token: str = ""
    planned: list[Notice] = field(default_factory=list)
    written: int = 0

    def add(self, part: WriteGroup) -> None:
        """Take a part that is about to be written, with the notices that were planned for it."""
        self.parts.append(part)
        self.planned.clear()
        self.written += 1

    @property
    def notices(self) -> list[Notice]:
        """Return every notice that the journal may not have yet, without those that were refused for good."""
        kept = [one.notice for one in self.unwritten.all() if one.state is not Delivery.REJECTED]
        return [*kept, *self.planned]

    def batch(self, state: StateOf, tried: Sequence[Attempt], judged: int | None) -> Batch:
        """Return everything as one transaction."""
        findings = [item for part in self.parts for item in part.judged]
        changes = [item for part in self.parts for item in part.recorded]
        touched = {(item.change.device, item.change.rule) for item in changes}
        touched |= {(item.finding.device, item.finding.rule) for item in findings}
        return [
            FindingWrite(findings),
            ChangeWrite(changes),
            AlarmWrite([state(*key) for key in sorted(touched)]),
            NoticeWrite([item for part in self.parts for item in part.notices]),
            AttemptWrite(tried),  # behind the notices: some were tried before they had an id
            JudgedWrite(judged),
            MetaWrite({MARK: self.token} if self.token else {}),
            CheckWrite([item for part in self.parts for item in part.checks]),
            CommandWrite(self.commands),
            TaskWrite(self.tasks),
        ]

    @property
    def commands(self) -> list[CommandRecord]:
        """What people asked and what came of it."""
        return [item for part in self.parts for item in part.commands]

    @property
    def tasks(self) -> list[TaskEvent]:
        """What happened to tasks."""
        return [item for part in self.parts for item in part.tasks]

    def keep(self, part: WriteGroup) -> None:
        """Note that the newest part was not written; of too many the oldest are forgotten.

        A beat in which nothing happened is no part: an hour of them would push out what did.
        """
        if part.empty:
            self.parts.pop()
        del self.parts[:-MOST]
        self.unwritten.keep(part.all_notices)

    def spilled(self, state: StateOf) -> Spilled | None:
        """Return what must outlive a crash, None where nobody was told or asked anything."""
        changes = [item for part in self.parts for item in part.recorded]
        notices = [item for part in self.parts for item in part.notices]
        if not (changes or notices or self.tasks or self.commands):
            return None
        self.token = self.token or _token(changes, notices, self.tasks, self.commands)
        touched = {(item.change.device, item.change.rule) for item in changes}
        states = [state(*key) for key in sorted(touched)]
        return Spilled(self.token, changes, states, self.unwritten.all(), notices, self.commands, self.tasks)

    def take_back(self, spilled: Spilled) -> None:
        """Go on with what was spilled before a restart."""
        self.token = spilled.token
        loose, commands, tasks = spilled.loose, spilled.commands, spilled.tasks
        self.parts = [WriteGroup(recorded=spilled.recorded, notices=loose, commands=commands, tasks=tasks)]
        self.unwritten.take_back(spilled.kept)


def _token(
    changes: Sequence[ChangeRecord],
    notices: Sequence[Notice],
    tasks: Sequence[TaskEvent],
    commands: Sequence[CommandRecord],
) -> str:
    """Return a name that nothing else spilled has."""
    if changes or notices:
        first = changes[0].change if changes else notices[0]
        return f"{first.at}/{first.device}/{first.rule}/{first.occurrence}"
    if tasks:
        return f"{tasks[0].at}/task-{tasks[0].task}/{tasks[0].kind}"
    return f"{commands[0].done_at}/command/{commands[0].id}"
