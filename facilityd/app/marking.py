"""Marks: what a person saw, put into the history for back-tests and for learning."""

from __future__ import annotations

from dataclasses import replace

from facilityd.app.core import Core
from facilityd.model.command import AddMark, RevokeMark
from facilityd.model.command_record import CommandRecord
from facilityd.model.marks import Marking, OperatorMark
from facilityd.store.commands import CommandWrite
from facilityd.store.marks import MarkRevocation, MarkWrite
from facilityd.store.reader import JournalReader


async def mark(core: Core, _: JournalReader, ask: AddMark, record: CommandRecord) -> str:
    """Store a mark with its record; return why that was refused, or nothing. Raises StoreFull."""
    at = record.done_at
    device = core.devices.get(ask.device)
    if device is None:
        return f"no device {ask.device!r}"
    if ask.kind not in (Marking.INCIDENT, Marking.HEALTHY):
        return f"{ask.kind!r} is neither incident nor healthy"
    faults = {rule.fault for rule in device.family.rules.values() if rule.fault}
    if ask.fault and ask.fault not in faults:
        return f"no rule of {ask.device} bears fault number {ask.fault!r}"
    if not ask.since < ask.until <= at:
        return "a mark begins before it ends, and ends in the past"
    if not ask.person.strip():
        return "a mark needs a name"
    made = OperatorMark(
        0, at, ask.device, Marking(ask.kind), ask.since, ask.until, ask.fault, ask.note, ask.person.strip()
    )
    await core.flow.commit([MarkWrite((made,)), CommandWrite((record,))])
    return ""


async def unmark(core: Core, reader: JournalReader, ask: RevokeMark, record: CommandRecord) -> str:
    """Take a mark back; return why that was refused, or nothing. Raises StoreFull."""
    found = next((one for one in reader.marks() if one.id == ask.mark), None)
    if found is None:
        return f"no mark {ask.mark} is in force"
    revoked = replace(found, revoked=record.done_at)
    await core.flow.commit([MarkRevocation((revoked,)), CommandWrite((record,))])
    return ""
