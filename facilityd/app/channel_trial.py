"""A harmless message over every channel: asked for by a person, or once a day; the proof that they work."""

from __future__ import annotations

from facilityd.app.core import Core
from facilityd.model.command import TryChannels
from facilityd.model.command_record import CommandRecord
from facilityd.store.commands import CommandWrite
from facilityd.store.reader import JournalReader


async def try_channels(core: Core, _: JournalReader, ask: TryChannels, record: CommandRecord) -> str:
    """Queue the messages with the record; return why that was refused, or nothing. Raises StoreFull."""
    notices = core.planner.test(record.done_at, ask.recipient)
    if not notices:
        return f"there is no recipient {ask.recipient!r}" if ask.recipient else "there is no recipient"
    await core.flow.commit([CommandWrite((record,))])
    await core.flow.tell((), notices)
    return ""
