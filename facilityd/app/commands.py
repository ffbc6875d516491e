"""What the daemon does with each command: carries it out once, or says why not; the journal has the result.

The result is stored in the one transaction with what the command did. After a crash at any point the command
is either on record, and not done again, or it is not, and nothing of it was done.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from facilityd.alarm.table import AlarmEvent
from facilityd.app.baseline_approval import approve, service
from facilityd.app.channel_trial import try_channels
from facilityd.app.core import Core
from facilityd.app.device_states import start_state, stop_state
from facilityd.app.marking import mark, unmark
from facilityd.app.tasks import ACTS, act, take, take_over
from facilityd.app.waive import unwaive, waive
from facilityd.errors import StoreFull
from facilityd.model.command import (
    AcknowledgeAlarm,
    AddMark,
    AlarmCommand,
    ApproveBaseline,
    ConfirmAlarm,
    RealarmAlarm,
    RecordService,
    ReloadSite,
    ResetAlarm,
    ReturnToService,
    RevokeMark,
    RevokeWaiver,
    ScanLink,
    ShelveAlarm,
    StartMaintenance,
    StopMaintenance,
    StopScan,
    TakeOutOfService,
    TakeOverTask,
    TakeTask,
    TaskCommand,
    TryChannels,
    UnshelveAlarm,
    WaiveItem,
)
from facilityd.model.command_record import UNREADABLE, CommandRecord
from facilityd.model.message import Wording
from facilityd.model.plain import plain
from facilityd.model.refusal import read, stored
from facilityd.model.text import Text
from facilityd.store.commands import CommandWrite
from facilityd.store.reader import JournalReader
from facilityd.supervise.inbox import Inbox, InboxFile

log = logging.getLogger(__name__)
MOST_WAITING = 200
"""Commands that wait for room on the disk; meanwhile the rest stays where it is."""
Handler = Callable[[Core, JournalReader, Any, CommandRecord], Awaitable[str]]
"""Carries a command out and commits its record with it; or returns why it is refused. Raises StoreFull."""


SUPPRESSES = frozenset({AlarmEvent.SHELVE, AlarmEvent.OUT_OF_SERVICE})
"""What may be asked of an alarm that was never raised."""


def _alarm(event: AlarmEvent) -> Handler:
    async def operate(core: Core, _: JournalReader, command: AlarmCommand, record: CommandRecord) -> str:
        key = command.device, command.rule
        if event in SUPPRESSES and key not in core.engine.watched:  # nothing would ever end it
            return Wording("command.not-judged", device=command.device, rule=command.rule)
        return _by_name(await core.flow.operate(event, command, record), core.planner.people)

    return operate


def _by_name(refusal: str, people: Mapping[str, Text]) -> str:
    """Return a refusal "english / chinese" that calls people by their names, not by their ids."""
    english, between, chinese = refusal.partition(" / ")
    for person, name in people.items():
        english = english.replace(f"({person})", f"({name.en})")
        chinese = chinese.replace(f"（{person}）", f"（{name.zh}）")
    return f"{english}{between}{chinese}"


ALARM_EVENTS: dict[type[AlarmCommand], AlarmEvent] = {
    AcknowledgeAlarm: AlarmEvent.ACKNOWLEDGE,
    ResetAlarm: AlarmEvent.RESET,
    RealarmAlarm: AlarmEvent.REALARM,
    ConfirmAlarm: AlarmEvent.CONFIRM,
    ShelveAlarm: AlarmEvent.SHELVE,
    UnshelveAlarm: AlarmEvent.UNSHELVE,
    TakeOutOfService: AlarmEvent.OUT_OF_SERVICE,
    ReturnToService: AlarmEvent.RETURN_TO_SERVICE,
}
"""The command for each event of the alarm table that is a person's."""


async def _reload(core: Core, _: JournalReader, __: ReloadSite, record: CommandRecord) -> str:
    """Have the files read again; the result is on record once that is done (app.reload)."""
    core.reloads.ask(record)
    return ""


async def _scan(core: Core, _: JournalReader, command: ScanLink, record: CommandRecord) -> str:
    """Have a link looked through; the result is on record once that is done (app.line_scanner)."""
    return core.scans.ask(command, record)


async def _stop_scan(core: Core, _: JournalReader, command: StopScan, record: CommandRecord) -> str:
    if not core.scans.end(Wording("command.scan-cancelled"), command.scan):
        return Wording("command.no-scan")
    await core.flow.commit([CommandWrite((record,))])
    return ""


HANDLERS: dict[type, Handler] = {
    **{kind: _alarm(event) for kind, event in ALARM_EVENTS.items()},
    ApproveBaseline: approve,
    TryChannels: try_channels,
    WaiveItem: waive,
    RevokeWaiver: unwaive,
    AddMark: mark,
    RevokeMark: unmark,
    RecordService: service,
    StartMaintenance: start_state,
    StopMaintenance: stop_state,
    TakeTask: take,
    TakeOverTask: take_over,
    **dict.fromkeys(ACTS, act),
    ReloadSite: _reload,
    ScanLink: _scan,
    StopScan: _stop_scan,
}


class CommandRunner:
    """Takes commands out of the inbox, at most once each, and leaves none without a result on record."""

    def __init__(self, core: Core) -> None:
        self._core, self._inbox = core, Inbox(core.path)
        self._waiting: dict[str, InboxFile] = {}

    @property
    def waiting(self) -> bool:
        """Whether a command lies there, or waits for room on the disk."""
        return bool(self._waiting) or not self._inbox.empty

    async def run(self, reader: JournalReader, at: int) -> None:
        """Carry out what lies there at an instant in ns UTC; what the disk has no room for waits."""
        room = len(self._waiting) < MOST_WAITING
        files = [*self._waiting.values(), *(self._inbox.take(self._waiting) if room else ())]
        full = False
        for file in files:
            full = await self._settle(file, reader, at, full=full)
            if reader.command_result(file.id) is None:
                self._waiting[file.path.name] = file
            else:
                self._waiting.pop(file.path.name, None)
                self._inbox.remove(file)

    async def _settle(self, file: InboxFile, reader: JournalReader, at: int, *, full: bool) -> bool:
        """Return whether the disk has no room: then only what an alarm is asked can be done."""
        if full and not isinstance(file.command, AlarmCommand | ReloadSite | TaskCommand):
            return True
        try:
            await self._answer(file, reader, at)
        except StoreFull:
            return True  # nothing was done
        return full

    async def _answer(self, file: InboxFile, reader: JournalReader, at: int) -> None:
        if reader.command_result(file.id) is not None or self._core.flow.holds(file.id):
            return  # done before a crash, or done and not durable yet
        if self._core.reloads.holds(file.id) or self._core.scans.holds(file.id):
            return  # it is being done
        if file.command is None:
            log.warning("request %s refused: %s", file.id, plain(read(stored(file.fault)).en))
            record = CommandRecord(file.id, UNREADABLE, "", file.at, "", file.account, file.excerpt, at)
            await self._refuse(record, file.fault)
            return
        record = CommandRecord.of(file.command, file.account, at)
        if refusal := await self._carry_out(file, record, reader):
            log.warning("request %s (%s) refused: %s", file.id, record.kind, plain(read(stored(refusal)).en))
            await self._refuse(record, refusal)

    async def _carry_out(self, file: InboxFile, record: CommandRecord, reader: JournalReader) -> str:
        """Return why a command was refused, or nothing. What nobody foresaw refuses this one alone."""
        try:
            return await HANDLERS[type(file.command)](self._core, reader, file.command, record)
        except StoreFull:
            raise
        except Exception as error:  # a command is a compartment: it comes from outside
            log.exception("command %s failed in a way nobody foresaw", record.kind)
            return Wording("command.unforeseen", kind=type(error).__name__)

    async def _refuse(self, record: CommandRecord, refusal: str) -> None:
        refused = replace(record, refusal=stored(refusal))
        await self._core.flow.commit([CommandWrite((refused,))])
