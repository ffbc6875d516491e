"""Waivers: a person answers for an item of a checklist, by name, with a reason, for a time."""

from __future__ import annotations

from dataclasses import replace

from facilityd.app.core import Core
from facilityd.model.command import RevokeWaiver, WaiveItem
from facilityd.model.command_record import CommandRecord
from facilityd.model.message import Wording
from facilityd.model.readiness import Waiver
from facilityd.model.sample import NS
from facilityd.store.commands import CommandWrite
from facilityd.store.reader import JournalReader
from facilityd.store.readiness import WaiverRevocation, WaiverWrite

LONGEST = 31 * 86400 * NS
"""A waiver for longer (ns) is a repair that was never made."""


async def waive(core: Core, _: JournalReader, ask: WaiveItem, record: CommandRecord) -> str:
    """Store a waiver with its record; return why that was refused, or nothing. Raises StoreFull."""
    at = record.done_at
    device = core.devices.get(ask.device)
    if device is None or ask.item not in device.family.readiness:
        return Wording("ask.has-no-item-in-its", device=ask.device, item=ask.item)
    if not ask.person.strip() or not ask.reason.strip():
        return Wording("command.waiver-name")
    if not at < ask.until <= at + LONGEST:
        return Wording("command.waiver-span")
    waiver = Waiver(0, at, ask.device, ask.item, ask.until, ask.person.strip(), ask.reason.strip())
    await core.flow.commit([WaiverWrite((waiver,)), CommandWrite((record,))])
    return ""


async def unwaive(core: Core, reader: JournalReader, ask: RevokeWaiver, record: CommandRecord) -> str:
    """Take a waiver back; return why that was refused, or nothing. Raises StoreFull."""
    at = record.done_at
    found = next((one for one in reader.waivers() if one.id == ask.waiver), None)
    if found is None or not found.holds(at):
        return Wording("command.no-waiver", waiver=ask.waiver)
    revoked = replace(found, revoked=at, revoker=ask.person)
    await core.flow.commit([WaiverRevocation((revoked,)), CommandWrite((record,))])
    return ""
