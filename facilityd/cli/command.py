"""Leaving a command for the daemon, and waiting until its result is on record."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from facilityd.errors import FacilitydError, UsageError
from facilityd.model.message import Wording
from facilityd.model.refusal import read
from facilityd.model.validation import said_of
from facilityd.store.reader import JournalReader
from facilityd.supervise.inbox import Inbox, here

if TYPE_CHECKING:
    from facilityd.config.site import Site
    from facilityd.model.command import Command
    from facilityd.model.command_record import CommandRecord

WAIT_S = 5.0
FIELDS = {
    "comment": "command.field-comment",
    "note": "command.field-note",
    "parts": "command.field-parts",
    "person": "command.field-person",
    "reason": "command.field-reason",
    "ticket": "command.field-ticket",
}
"""Fields that have a word of their own."""


def send(site: Site, kind: type[Command], /, **fields: Any) -> None:
    """Return once the journal says that a command was carried out. ``fields`` are those of its kind.

    Raises UsageError for a field that is no such thing; FacilitydError where the command was refused, the
    daemon is silent, or the journal is closed.
    """
    journal = Path(site.store.path)
    inbox, command = Inbox(journal), _made(kind, fields)
    inbox.drop(command)
    deadline = time.monotonic() + WAIT_S
    while (refusal := _result(journal, site.id, command.id)) is None:
        if time.monotonic() > deadline:
            _give_up(inbox, journal, site.id, command.id)
        time.sleep(0.05)
    if refusal:
        raise FacilitydError(Wording("command.refused", why=read(refusal)))


def ask(journal: Path, command: Command, wait_s: float) -> CommandRecord | None:
    """Leave a command, and return its record; None where there is none after ``wait_s``.

    Raises FacilitydError where the inbox or the journal is closed.
    """
    Inbox(journal).drop(command)
    deadline = time.monotonic() + wait_s
    while time.monotonic() < deadline:
        with JournalReader.open(journal) as reader:
            if reader.command_result(command.id) is not None:
                return next((one for one in reader.commands() if one.id == command.id), None)
        time.sleep(0.05)
    return None


def _made(kind: type[Command], fields: Mapping[str, Any]) -> Command:
    try:
        return kind(origin=here(), **fields)
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(
            Wording("ask.not-of-its-kind", where=_field(first["loc"]), said=said_of(first))
        ) from error


def _field(place: Sequence[int | str]) -> str:
    """Return what a person calls a field."""
    name = ".".join(map(str, place))
    return Wording(FIELDS[name]) if name in FIELDS else name


def _result(journal: Path, site: str, command: str) -> str | None:
    try:
        with JournalReader.open(journal, site) as reader:
            return reader.command_result(command)
    except UsageError:  # the daemon has not made it yet, or not brought it up to date
        return None


def _give_up(inbox: Inbox, journal: Path, site: str, command: str) -> None:
    if inbox.waiting(command):
        hint = Wording("ask.kept-will-taken-when-daemon")
        raise FacilitydError(Wording("ask.daemon-has-not-taken-request"), hint=hint)
    with JournalReader.open(journal, site) as reader:
        refusal = reader.command_result(command)
    if refusal is None:
        raise FacilitydError(Wording("ask.daemon-took-request-its-journal"))
    if refusal:
        raise FacilitydError(Wording("command.refused", why=read(refusal)))
