"""What a person may ask of the daemon: one union of commands, validated where it comes in.

None of them commands a device. A new command is a class here, a handler in ``facilityd/app/commands.py`` and,
for an event of the alarm table, a line in its ``ALARM_EVENTS``.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, JsonValue, TypeAdapter

from facilityd.model.command_base import CommandBase, CommandId, Instant, Name, Number, PlainText
from facilityd.model.photo import PhotoName

MAX_BYTES = 64 * 1024
"""Of one command, written as JSON."""


def _finite(data: dict[str, JsonValue]) -> dict[str, JsonValue]:
    json.dumps(data, allow_nan=False)
    return data


class AlarmCommand(CommandBase):
    """Something asked of one alarm. ``occurrence`` 0 means the present one."""

    device: Name
    rule: Name
    comment: PlainText = ""
    occurrence: Number = 0


class AcknowledgeAlarm(AlarmCommand):
    """Somebody says: I know. ``photo``: of what they found."""

    command: Literal["ack"] = "ack"
    photo: PhotoName = ""


class ResetAlarm(AlarmCommand):
    """Somebody has inspected: a latched alarm may end."""

    command: Literal["reset"] = "reset"


class RealarmAlarm(AlarmCommand):
    """Somebody takes an acknowledgement back: everybody concerned is notified again."""

    command: Literal["realarm"] = "realarm"


class ConfirmAlarm(AlarmCommand):
    """Somebody says: the repair is done."""

    command: Literal["confirm"] = "confirm"


class ShelveAlarm(AlarmCommand):
    """Nobody is to be notified of an alarm for a time. ``until`` (ns UTC) 0: as long as its class allows.

    ``once``: until it is over. ``comment`` says why.
    """

    command: Literal["shelve"] = "shelve"
    until: Instant = 0
    once: bool = False


class UnshelveAlarm(AlarmCommand):
    """Somebody ends a shelf, and knows of the alarm under it."""

    command: Literal["unshelve"] = "unshelve"


class TakeOutOfService(AlarmCommand):
    """An alarm is not used under a ticket, until it is returned. ``until`` (ns UTC): its review.

    0: as late as its class allows. ``comment`` says why. Asked again it sets a new review.
    """

    command: Literal["out-of-service"] = "out-of-service"
    ticket: Name
    until: Instant = 0


class ReturnToService(AlarmCommand):
    """An alarm is used again."""

    command: Literal["return-to-service"] = "return-to-service"


class ApproveBaseline(CommandBase):
    """Somebody signs what was learned from ``since`` to ``until`` (ns UTC)."""

    command: Literal["baseline"] = "baseline"
    device: Name
    rule: Name
    since: Instant
    until: Instant
    data: Annotated[dict[str, JsonValue], AfterValidator(_finite)]
    comment: PlainText = ""


class TryChannels(CommandBase):
    """A harmless message over every channel, of one recipient (its id) or of all."""

    command: Literal["notify-test"] = "notify-test"
    recipient: Name = ""


class WaiveItem(CommandBase):
    """Somebody takes the responsibility for a checklist item until an instant in ns UTC."""

    command: Literal["waive"] = "waive"
    device: Name
    item: Name
    reason: PlainText
    until: Instant


class RevokeWaiver(CommandBase):
    """Somebody takes a waiver back."""

    command: Literal["unwaive"] = "unwaive"
    waiver: Number


class AddMark(CommandBase):
    """Somebody saw an incident, or that all was healthy, from ``since`` to ``until`` (ns UTC)."""

    command: Literal["mark"] = "mark"
    device: Name
    kind: Name
    since: Instant
    until: Instant
    fault: Name = ""
    note: PlainText = ""


class RevokeMark(CommandBase):
    """Somebody takes a mark back."""

    command: Literal["unmark"] = "unmark"
    mark: Number


class StartMaintenance(CommandBase):
    """A device is in a state until an instant in ns UTC: nobody is notified of it but for danger.

    ``state``: somebody works on it, or it is drained, does not play, or is held for the wind.
    """

    command: Literal["maintenance"] = "maintenance"
    state: Name = "maintenance"
    device: Name
    until: Instant
    reason: PlainText


class StopMaintenance(CommandBase):
    """The state of a device is over: the work is done. ``state``: which, "" for whichever it is."""

    command: Literal["end-maintenance"] = "end-maintenance"
    device: Name
    state: Name = ""


class RecordService(CommandBase):
    """Somebody serviced a device: these rules begin anew."""

    command: Literal["service"] = "service"
    device: Name
    rules: list[Name]
    reason: PlainText


class TakeTask(AlarmCommand):
    """Somebody takes the repair of an alarm, and so knows of it. ``due`` (ns UTC) 0: by its priority."""

    command: Literal["take"] = "take"
    due: Instant = 0
    photo: PhotoName = ""


class TaskCommand(CommandBase):
    """Something asked of one task, by its number."""

    task: Number
    comment: PlainText = ""


class TakeOverTask(TaskCommand):
    """Somebody takes a task that is there."""

    command: Literal["take-over"] = "take-over"
    due: Instant = 0
    photo: PhotoName = ""


class NoteTask(TaskCommand):
    """Somebody writes down something about a task: parts, a photo."""

    command: Literal["task-note"] = "task-note"
    parts: PlainText = ""
    photo: PhotoName = ""


class CompleteTask(TaskCommand):
    """Somebody says that it is done; the data have the last word."""

    command: Literal["done"] = "done"
    parts: PlainText = ""
    photo: PhotoName = ""


class CancelTask(TaskCommand):
    """Somebody says that nothing is to be done. ``comment`` says why."""

    command: Literal["task-cancel"] = "task-cancel"


class ReloadSite(CommandBase):
    """Somebody changed the site's files: the daemon is to read them again."""

    command: Literal["reload"] = "reload"


class ScanLink(CommandBase):
    """Somebody wants to know which units answer on a link that is watched; only read, between the polls.

    ``timeout``: how long one may take to answer, ``within``: when it ends at the latest, both in ns.
    """

    command: Literal["scan"] = "scan"
    link: Name
    ids: Annotated[list[Annotated[int, Field(ge=1, le=255)]], Field(max_length=255)]
    timeout: Annotated[int, Field(ge=10**7, le=10**10)]
    within: Annotated[int, Field(ge=10**9, le=4 * 3600 * 10**9)]


class StopScan(CommandBase):
    """Somebody has seen enough: a scan, by the id of its command, ends with what it found."""

    command: Literal["scan-stop"] = "scan-stop"
    scan: CommandId


Command = (
    AcknowledgeAlarm
    | ResetAlarm
    | RealarmAlarm
    | ConfirmAlarm
    | ShelveAlarm
    | UnshelveAlarm
    | TakeOutOfService
    | ReturnToService
    | ApproveBaseline
    | TryChannels
    | WaiveItem
    | RevokeWaiver
    | AddMark
    | RevokeMark
    | RecordService
    | StartMaintenance
    | StopMaintenance
    | TakeTask
    | TakeOverTask
    | NoteTask
    | CompleteTask
    | CancelTask
    | ReloadSite
    | ScanLink
    | StopScan
)


@cache
def commands() -> TypeAdapter[Command]:
    """Return what validates one, told apart by ``command``; commands that only read need none."""
    return TypeAdapter(Annotated[Command, Field(discriminator="command")])
