"""A person's command and what came of it: the audit trail."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from facilityd.model.command import Command

UNREADABLE = "unreadable"
"""The kind on record of what was no command."""


@dataclass(frozen=True, slots=True)
class CommandRecord:
    """A command and what came of it; the audit trail. Instants in ns UTC.

    ``account``: the account of the machine that left it, as the daemon saw it. ``payload``: what the command
    asked, as plain JSON; of a reload, what it changed. ``refusal``: why it was not carried out; nothing
    where it was.
    """

    id: str
    kind: str
    person: str
    at: int
    origin: str
    account: str
    payload: Any
    done_at: int
    refusal: str = ""

    @classmethod
    def of(cls, command: Command, account: str, done_at: int) -> Self:
        """Return the record of a command that was carried out."""
        made = command.id, command.command, command.person, command.at, command.origin
        return cls(*made, account, command.payload, done_at)

    def to_json(self) -> str:
        """Return one line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return what ``to_json`` wrote."""
        return cls(**json.loads(text))
