"""Maintenance: somebody works on a device; for a time nobody is notified of it but for danger to people."""

from __future__ import annotations

from facilityd.app.core import Core
from facilityd.model.command import StartMaintenance, StopMaintenance
from facilityd.model.command_record import CommandRecord
from facilityd.model.message import Wording
from facilityd.model.sample import NS
from facilityd.model.suppression import Suppression, Suppressor
from facilityd.store.reader import JournalReader

LONGEST = 24 * 3600 * NS
"""What takes longer (ns) is out of service, under a ticket."""
MAINTENANCE = "maintenance"


async def start_maintenance(
    core: Core, _: JournalReader, ask: StartMaintenance, record: CommandRecord
) -> str:
    """Begin maintenance with its record, or set another end; return why that was refused, or nothing."""
    device = core.devices.get(ask.device)
    if device is None:
        return Wording("ask.no-device", device=ask.device)
    if not ask.person.strip() or not ask.reason.strip():
        return Wording("command.maintenance-name")
    if not record.done_at < ask.until <= record.done_at + LONGEST:
        return Wording("command.maintenance-span")
    # Whoever works on it must be notified of danger more than anybody else.
    rules = [name for name, rule in device.family.rules.items() if rule.at_stake != "safety"]
    watched = [name for name in rules if (ask.device, name) in core.engine.watched]
    if not watched:
        return Wording("command.maintenance-nothing", device=ask.device)
    at, person = record.done_at, ask.person.strip()
    fact = Suppression(Suppressor.BY_STATE, at, ask.until, person, ask.reason.strip(), state=MAINTENANCE)
    await core.flow.carry_out(
        lambda: core.alarms.begin_state(ask.device, watched, at, fact, record.id), record
    )
    return ""


async def stop_maintenance(core: Core, _: JournalReader, ask: StopMaintenance, record: CommandRecord) -> str:
    """End maintenance with its record; return why that was refused, or nothing."""
    at, person = record.done_at, ask.person.strip()
    ended = await core.flow.carry_out(
        lambda: core.alarms.end_state(ask.device, at, person, record.id), record
    )
    return "" if ended else Wording("command.no-maintenance", device=ask.device)
