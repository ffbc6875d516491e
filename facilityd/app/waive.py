"""Waivers: a person answers for an item of a checklist, by name, with a reason, for a time."""

from __future__ import annotations

from dataclasses import replace

from facilityd.app.core import Core
from facilityd.errors import StoreFull
from facilityd.model.readiness import Waiver
from facilityd.model.sample import NS
from facilityd.store.batch import Batch
from facilityd.store.reader import JournalReader
from facilityd.supervise.inbox import UnwaiveRequest, WaiveRequest

LONGEST = 31 * 86400 * NS
"""A waiver for longer (ns) is a repair that was never made."""


async def waive(core: Core, _: JournalReader, ask: WaiveRequest, at: int) -> str:
    """Store a waiver; return why that was refused, or nothing."""
    device = core.devices.get(ask.device)
    if device is None or ask.item not in device.family.readiness:
        return f"{ask.device} has no item {ask.item!r} in its checklist"
    if not ask.person.strip() or not ask.reason.strip():
        return "a waiver needs a name and a reason"
    if not at < ask.until <= at + LONGEST:
        return "a waiver ends in the future, within 31 days"
    waiver = Waiver(0, at, ask.device, ask.item, ask.until, ask.person.strip(), ask.reason.strip())
    return await _commit(core, Batch(waivers=(waiver,)))


async def unwaive(core: Core, reader: JournalReader, ask: UnwaiveRequest, at: int) -> str:
    """Take a waiver back; return why that was refused, or nothing."""
    found = next((one for one in reader.waivers() if one.id == ask.waiver), None)
    if found is None or not found.holds(at):
        return f"no waiver {ask.waiver} is in force"
    return await _commit(core, Batch(revoked=(replace(found, revoked=at, revoker=ask.person),)))


async def _commit(core: Core, batch: Batch) -> str:
    try:
        await core.flow.commit(batch)
    except StoreFull as full:
        return str(full)
    return ""
