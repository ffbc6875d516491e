"""People's commands in tests: what came of one, and what one does to an alarm."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from facilityd.alarm import AlarmManager
from facilityd.alarm.table import AlarmEvent
from facilityd.model.alarm import Change
from facilityd.model.command import (
    AcknowledgeAlarm,
    AlarmCommand,
    ShelveAlarm,
    TakeOutOfService,
)
from facilityd.model.command_record import CommandRecord
from facilityd.store.reader import JournalReader

EVENTS = {
    "a": AlarmEvent.ACKNOWLEDGE,
    "r": AlarmEvent.RESET,
    "!": AlarmEvent.REALARM,
    "c": AlarmEvent.CONFIRM,
    "s": AlarmEvent.SHELVE,
    "u": AlarmEvent.UNSHELVE,
    "o": AlarmEvent.OUT_OF_SERVICE,
    "b": AlarmEvent.RETURN_TO_SERVICE,
}
OWN = {"s": ShelveAlarm, "o": partial(TakeOutOfService, ticket="T-7")}
"""What has more to say than which alarm it is about."""


def result(journal: Path, command: str) -> str:
    """Return why a command was refused, nothing where it was carried out."""
    with JournalReader.open(journal) as reader:
        found = reader.command_result(command)
    assert found is not None, "it has no result"
    return found


def operate(
    alarms: AlarmManager, mark: str, key: tuple[str, str], at: int, person: str = "Li", *,
    occurrence: int = 0, **more: Any,
) -> Change:  # fmt: skip
    """Ask by the letter of ``EVENTS``."""
    device, rule = key
    asked = {"device": device, "rule": rule, "person": person, "comment": "on my way"} | more
    command = OWN.get(mark, AlarmCommand)(occurrence=occurrence, **asked)
    return alarms.operate(EVENTS[mark], command, at)


def acknowledgement(device: str, rule: str, at: int) -> tuple[AcknowledgeAlarm, CommandRecord]:
    """Return a command of 王工's, and the record that says it was carried out."""
    command = AcknowledgeAlarm(device=device, rule=rule, person="王工", at=at)
    return command, CommandRecord.of(command, "wang", at)
