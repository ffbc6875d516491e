"""Marks: what a person saw, put into the history for back-tests and for learning."""

from __future__ import annotations

from dataclasses import replace

from facilityd.app.core import Core
from facilityd.errors import StoreFull
from facilityd.model.marks import Marking, OperatorMark
from facilityd.store.batch import Batch
from facilityd.store.reader import JournalReader
from facilityd.supervise.inbox import MarkRequest, UnmarkRequest


async def mark(core: Core, _: JournalReader, ask: MarkRequest, at: int) -> str:
    """Store a mark; return why that was refused, or nothing."""
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
    return await _commit(core, Batch(marks=(made,)))


async def unmark(core: Core, reader: JournalReader, ask: UnmarkRequest, at: int) -> str:
    """Take a mark back; return why that was refused, or nothing."""
    found = next((one for one in reader.marks() if one.id == ask.mark), None)
    if found is None:
        return f"no mark {ask.mark} is in force"
    return await _commit(core, Batch(unmarked=(replace(found, revoked=at),)))


async def _commit(core: Core, batch: Batch) -> str:
    try:
        await core.flow.commit(batch)
    except StoreFull as full:
        return str(full)
    return ""
