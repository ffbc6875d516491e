"""What people did, as the journal has it, and what is counted over months: alarms, notices."""

from __future__ import annotations

import apsw

from facilityd.model.baseline import Baseline
from facilityd.model.command_record import CommandRecord
from facilityd.model.marks import OperatorMark
from facilityd.model.readiness import Check, Waiver
from facilityd.model.task import TaskEvent
from facilityd.store import alarm_log, commands, learning, marks, outbox, readiness, tasks
from facilityd.store.alarm_log import AlarmLogEntry, NoticeLogEntry, TimedRun
from facilityd.store.rows import OutboxEntry
from facilityd.store.schema import single


class RecordReader:
    """Read-only; ``JournalReader`` opens it."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db

    def baselines(self, *, retired: bool = False) -> list[Baseline]:
        """Return the baselines in force, or with ``retired`` every version there ever was."""
        return learning.baselines(self._db, retired=retired)

    def waivers(self) -> list[Waiver]:
        """Return every waiver there ever was, oldest first."""
        return readiness.waivers(self._db)

    def checks(self, since: int = 0) -> list[Check]:
        """Return the readiness checks before ceremonies from ``since`` (ns UTC) on."""
        return readiness.checks(self._db, since)

    def marks(self, *, revoked: bool = False) -> list[OperatorMark]:
        """Return the operators' marks in force, or with ``revoked`` every one there ever was."""
        return marks.marks(self._db, revoked=revoked)

    def commands(self, since: int = 0) -> list[CommandRecord]:
        """Return people's commands that were answered from ``since`` (ns UTC) on: the audit trail."""
        return commands.commands(self._db, since)

    def command_result(self, command: str) -> str | None:
        """Return why a command was refused, nothing where it was carried out; None if it is not on record."""
        return commands.command_result(self._db, command)

    def last_change(self) -> int:
        """Return the id of the last change of an alarm that is kept; 0 if there is none."""
        return single(self._db, "SELECT max(id) FROM change") or 0

    def task_events(self) -> list[TaskEvent]:
        """Return everything that ever happened to tasks, in order."""
        return tasks.task_events(self._db)

    def alarm_log(self, until: int) -> list[AlarmLogEntry]:
        """Return the changes of alarms before an instant (ns UTC) that count, without evidence, in order."""
        return alarm_log.alarm_log(self._db, until)

    def notice_log(self, since: int, until: int) -> list[NoticeLogEntry]:
        """Return the notices of since <= at < until (ns UTC), without their texts, in order."""
        return alarm_log.notice_log(self._db, since, until)

    def timed_runs(self, since: int, until: int) -> list[TimedRun]:
        """Return the runs that rules have timed in since <= at < until (ns UTC), in order of their ends."""
        return alarm_log.timed_runs(self._db, since, until)

    def beginning(self) -> int:
        """Return the oldest instant that the journal has anything of, ns UTC; 0 where it is empty."""
        return alarm_log.beginning(self._db)

    def outbox(self) -> list[OutboxEntry]:
        """Return every notice that is still kept."""
        return outbox.outbox(self._db)

    def due(self, now: int, per_channel: int = 100) -> list[OutboxEntry]:
        """Return notices to be tried at ``now`` (ns), the oldest first; no channel crowds out another."""
        return outbox.due(self._db, now, per_channel)

    def next_due(self) -> int | None:
        """Return when the next waiting notice is to be tried (ns), or None where none waits."""
        return outbox.next_due(self._db)

    def waiting_on(self) -> dict[str, tuple[int, int]]:
        """Return of each channel on which notices wait how many, and the oldest one's instant (ns UTC)."""
        return outbox.waiting_on(self._db)
