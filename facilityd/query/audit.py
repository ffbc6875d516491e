"""Who asked what of the daemon, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from facilityd.model.command_record import CommandRecord
from facilityd.model.refusal import read


def command_plain(record: CommandRecord) -> dict[str, Any]:
    """Return a command with its result for JSON; instants in ns UTC, ``refused`` in both languages."""
    return {
        "id": record.id,
        "command": record.kind,
        "by": record.person,
        "asked_at": record.at,
        "from": record.origin,
        "account": record.account,
        "payload": record.payload,
        "done_at": record.done_at,
        "refused": read(record.refusal).model_dump() if record.refusal else "",
    }


def audit_rows(records: Iterable[CommandRecord], *, refused: bool = False) -> list[CommandRecord]:
    """Return commands in their order, or only those that were refused."""
    return [record for record in records if record.refusal or not refused]
