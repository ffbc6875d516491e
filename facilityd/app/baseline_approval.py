"""A baseline that a person has signed takes effect at once, without a restart; a service ends it."""

from __future__ import annotations

from facilityd.app.core import Core
from facilityd.model.baseline import Baseline
from facilityd.model.command import ApproveBaseline, RecordService
from facilityd.model.command_record import CommandRecord
from facilityd.model.marks import Marking, OperatorMark
from facilityd.model.message import Wording
from facilityd.store.commands import CommandWrite
from facilityd.store.learning import BaselineRetirement
from facilityd.store.marks import MarkWrite
from facilityd.store.reader import JournalReader


async def approve(core: Core, reader: JournalReader, ask: ApproveBaseline, record: CommandRecord) -> str:
    """Store the next version and put it to use; return why that was refused, or nothing. Raises StoreFull."""
    if ask.device not in core.devices or ask.rule not in core.engine.learned(ask.device):
        return Wording("ask.has-no-learned-rule", device=ask.device, rule=ask.rule)
    if not ask.person or not ask.data:
        return Wording("command.baseline-person")
    known = [
        b.version for b in reader.baselines(retired=True) if (b.device, b.rule) == (ask.device, ask.rule)
    ]
    version = max(known, default=0) + 1
    learned = ask.since, ask.until, ask.person, ask.data, ask.comment
    await core.flow.learn(Baseline(ask.device, ask.rule, version, record.done_at, *learned), record)
    return ""


async def service(core: Core, reader: JournalReader, ask: RecordService, record: CommandRecord) -> str:
    """Retire the baselines of some rules and let their counters and trends begin anew; record who and why.

    Raises StoreFull.
    """
    at = record.done_at
    device = core.devices.get(ask.device)
    unknown = [rule for rule in ask.rules if device is None or rule not in device.family.rules]
    if device is None or unknown or not ask.rules:
        return Wording("ask.has-no-rule", device=ask.device, rule=(unknown or ["?"])[0])
    if not ask.person.strip() or not ask.reason.strip():
        return Wording("command.service-name")
    retired = [b for b in reader.baselines() if b.device == ask.device and b.rule in ask.rules]
    note = f"{ask.reason.strip()} ({', '.join(ask.rules)})"
    mark = OperatorMark(0, at, ask.device, Marking.SERVICE, at, at + 1, "", note, ask.person.strip())
    batch = [BaselineRetirement(retired, at), MarkWrite((mark,)), CommandWrite((record,))]
    await core.flow.service(batch, ask.device, ask.rules)
    return ""
