"""What memory holds while the disk takes nothing, as bytes that outlive a crash (store.spill)."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from facilityd.model.alarm import AlarmState, Change
from facilityd.model.command_record import CommandRecord
from facilityd.model.notice import Notice
from facilityd.model.task import TaskEvent
from facilityd.pipeline.uncommitted import UncommittedNotice
from facilityd.store.batch import ChangeRecord, Delivery

MARK = "spilled"
"""The text in the journal that says which of these it has taken: none is taken twice."""
_LONGEST = 64 * 2**20
_WORDS = 200
"""Characters of a text about a task where there is no room for all of it; no id is longer."""


@dataclass(frozen=True, slots=True)
class Spilled:
    """Changes with their notices, the states after them, and what became of the notices.

    ``token`` names it; ``loose`` are notices of no change. ``commands``: what people asked, none done twice;
    ``tasks``: what became of tasks.
    """

    token: str
    recorded: Sequence[ChangeRecord] = ()
    alarms: Sequence[AlarmState] = ()
    kept: Sequence[UncommittedNotice] = ()
    loose: Sequence[Notice] = ()
    commands: Sequence[CommandRecord] = ()
    tasks: Sequence[TaskEvent] = ()

    def pack(self, room: int) -> bytes:
        """Return at most ``room`` bytes; of too many changes and commands the newest, the states always.

        What people wrote about tasks and shelves is cut first, then commands that were refused.
        """
        recorded, commands, tasks, alarms = list(self.recorded), list(self.commands), self.tasks, self.alarms
        while True:
            plain = self._plain(recorded, commands, tasks, alarms)
            data = zlib.compress(json.dumps(plain, ensure_ascii=False).encode())
            if len(data) <= room or not (recorded or commands or tasks is self.tasks):
                return data
            if tasks is self.tasks:
                tasks, alarms = [_cut(event) for event in tasks], [_shorter(state) for state in alarms]
                continue
            if any(record.refusal for record in commands):
                commands = [record for record in commands if not record.refusal]
                continue
            for some in (recorded, commands):
                del some[: max(1, len(some) // 4)]

    def _plain(
        self,
        recorded: Iterable[ChangeRecord],
        commands: Iterable[CommandRecord],
        tasks: Iterable[TaskEvent],
        alarms: Iterable[AlarmState],
    ) -> dict[str, Any]:
        return {
            "token": self.token,
            "recorded": [_packed(one) for one in recorded],
            "loose": [notice.to_json() for notice in self.loose],
            "alarms": [state.to_json() for state in alarms],
            "commands": [record.to_json() for record in commands],
            "tasks": [event.to_json() for event in tasks],
            "kept": [
                [one.notice.key, one.attempts, one.next_at, one.state.value, one.error] for one in self.kept
            ],
        }

    @classmethod
    def outstanding(cls, data: bytes, taken: str | None) -> Spilled | None:
        """Return what ``data`` holds, None where that is nothing or ``taken``, the journal's ``MARK``."""
        spilled = cls.unpack(data) if data else None
        return spilled if spilled and spilled.token and spilled.token != taken else None

    @classmethod
    def unpack(cls, data: bytes) -> Spilled | None:
        """Return what ``pack`` made, None where it is not readable (any more)."""
        try:
            plain = json.loads(zlib.decompressobj().decompress(data, _LONGEST))
            recorded = [
                ChangeRecord(Change.from_json(change), sample, tuple(map(Notice.from_json, notices)), *after)
                for change, sample, notices, *after in plain["recorded"]
            ]
            loose = [Notice.from_json(text) for text in plain["loose"]]
            notices = {notice.key: notice for notice in (*_of(recorded), *loose)}
            kept = [
                UncommittedNotice(0, notices[key], attempts, next_at, Delivery(state), error)
                for key, attempts, next_at, state, error in plain["kept"]
                if key in notices
            ]
            alarms = [AlarmState.from_json(text) for text in plain["alarms"]]
            commands = [CommandRecord.from_json(text) for text in plain.get("commands", ())]
            tasks = [TaskEvent.from_json(text) for text in plain.get("tasks", ())]
            return cls(str(plain["token"]), recorded, alarms, kept, loose, commands, tasks)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, zlib.error):
            return None

    @property
    def notices(self) -> list[Notice]:
        """Return the notices, without those that were refused."""
        refused = {one.notice.key for one in self.kept if one.state is Delivery.REJECTED}
        return [notice for notice in (*_of(self.recorded), *self.loose) if notice.key not in refused]


def _cut(event: TaskEvent) -> TaskEvent:
    """Return an event of a task without most of what was written about it."""
    details = {name: one[:_WORDS] if isinstance(one, str) else one for name, one in event.details.items()}
    return replace(event, note=event.note[:_WORDS], details=details)


def _shorter(state: AlarmState) -> AlarmState:
    """Return a state without most of what was written about what suppresses it."""
    cut = tuple(replace(one, comment=one.comment[:_WORDS]) for one in state.suppressors)
    return replace(state, suppressors=cut)


def _packed(one: ChangeRecord) -> list[Any]:
    notices = [notice.to_json() for notice in one.notices]
    return [one.change.to_json(), one.sample, notices, one.state, one.condition, one.priority]


def _of(recorded: Iterable[ChangeRecord]) -> list[Notice]:
    return [notice for one in recorded for notice in one.notices]
