"""A baseline that a person has signed takes effect at once, without a restart; a service ends it."""

from __future__ import annotations

import logging
import uuid

from pydantic import JsonValue

from facilityd.app.core import Core
from facilityd.config.signed_limits import LIMITS, limits_file, limits_of, read_limits, write_limits
from facilityd.model.baseline import Baseline
from facilityd.model.command import ApproveBaseline, RecordService, ReloadSite
from facilityd.model.command_record import CommandRecord
from facilityd.model.marks import Marking, OperatorMark
from facilityd.model.message import Wording
from facilityd.model.rule import with_settings
from facilityd.store.commands import CommandWrite
from facilityd.store.learning import BaselineRetirement
from facilityd.store.marks import MarkWrite
from facilityd.store.reader import JournalReader

log = logging.getLogger(__name__)


async def approve(core: Core, reader: JournalReader, ask: ApproveBaseline, record: CommandRecord) -> str:
    """Store the next version and put it to use; return why that was refused, or nothing. Raises StoreFull."""
    if not ask.person or not ask.data:
        return Wording("command.baseline-person")
    limits = ask.data.get(LIMITS)
    if isinstance(limits, dict) and (refusal := _unfit(core, ask, limits)):
        return refusal
    learned = ask.device in core.devices and ask.rule in core.engine.learned(ask.device)
    if not learned and not isinstance(limits, dict):
        return Wording("ask.has-no-learned-rule", device=ask.device, rule=ask.rule)
    known = [
        b.version for b in reader.baselines(retired=True) if (b.device, b.rule) == (ask.device, ask.rule)
    ]
    version = max(known, default=0) + 1
    signed = ask.since, ask.until, ask.person, ask.data, ask.comment
    await core.flow.learn(Baseline(ask.device, ask.rule, version, record.done_at, *signed), record)
    if limits:
        _put_to_use(core, reader, record)
    return ""


def _unfit(core: Core, ask: ApproveBaseline, limits: dict[str, JsonValue]) -> str:
    """Return why limits are not those of a machine of this rule, or nothing."""
    device = core.devices.get(ask.device)
    rule = device.family.rules.get(ask.rule) if device else None
    if rule is None or not limits or not set(limits) <= set(rule.machine):
        return Wording("ask.has-no-machine-limits", device=ask.device, rule=ask.rule)
    try:
        with_settings(rule, limits)
    except ValueError as error:
        return Wording("config.word-says", word=Wording("config.rule-word"), name=ask.rule, error=error)
    return ""


def _put_to_use(core: Core, reader: JournalReader, record: CommandRecord) -> None:
    """Write what is signed where the site is loaded from, and have it loaded; the journal has it anyway."""
    if not _written(core, reader):
        return
    at = record.done_at
    kind = ReloadSite.model_fields["command"].default
    core.reloads.ask(
        CommandRecord(uuid.uuid4().hex, kind, record.person, at, "commission", record.account, {}, at)
    )


def renew_limits(core: Core, reader: JournalReader, now: int) -> None:
    """Bring the file of signed limits back where it is not what the journal says; ``now`` in ns UTC.

    A journal that was restored from its backup comes without the file, and somebody may have lost it.
    """
    if read_limits(limits_file(core.path))[0] != limits_of(reader.baselines()) and _written(core, reader):
        log.warning("%s was not what is signed; it is written anew", limits_file(core.path))
        core.reloads.hang_up(now)


def _written(core: Core, reader: JournalReader) -> bool:
    try:
        write_limits(limits_file(core.path), limits_of(reader.baselines()))
    except OSError as error:
        log.warning("signed limits are in the journal, their file cannot be written: %s", error)
        return False
    return True


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
    if any(LIMITS in one.data for one in retired):
        _put_to_use(core, reader, record)
    return ""
