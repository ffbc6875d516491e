"""Marks: what a person saw, put into the history for back-tests and for learning."""

from __future__ import annotations

from dataclasses import replace

from facilityd.app.core import Core
from facilityd.model.command import AddMark, RevokeMark
from facilityd.model.command_record import CommandRecord
from facilityd.model.marks import Marking, OperatorMark
from facilityd.model.message import Wording
from facilityd.store.commands import CommandWrite
from facilityd.store.marks import MarkRevocation, MarkWrite
from facilityd.store.reader import JournalReader


async def mark(core: Core, _: JournalReader, ask: AddMark, record: CommandRecord) -> str:
    """Store a mark with its record; return why that was refused, or nothing. Raises StoreFull."""
    at = record.done_at
    device = core.devices.get(ask.device)
    if device is None:
        return Wording("ask.no-device", device=ask.device)
    if ask.kind not in (Marking.INCIDENT, Marking.HEALTHY):
        return Wording("command.mark-kind", kind=ask.kind)
    faults = {rule.fault for rule in device.family.rules.values() if rule.fault}
    if ask.fault and ask.fault not in faults:
        return Wording("ask.no-rule-bears-fault-number", device=ask.device, fault=ask.fault)
    if not ask.since < ask.until <= at:
        return Wording("command.mark-span")
    if not ask.person.strip():
        return Wording("command.mark-name")
    made = OperatorMark(
        0, at, ask.device, Marking(ask.kind), ask.since, ask.until, ask.fault, ask.note, ask.person.strip()
    )
    await core.flow.commit([MarkWrite((made,)), CommandWrite((record,))])
    return ""


async def unmark(core: Core, reader: JournalReader, ask: RevokeMark, record: CommandRecord) -> str:
    """Take a mark back; return why that was refused, or nothing. Raises StoreFull."""
    found = next((one for one in reader.marks() if one.id == ask.mark), None)
    if found is None:
        return Wording("command.no-mark", mark=ask.mark)
    revoked = replace(found, revoked=record.done_at)
    await core.flow.commit([MarkRevocation((revoked,)), CommandWrite((record,))])
    return ""
