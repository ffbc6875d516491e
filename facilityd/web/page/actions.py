"""What somebody asks on a page goes where requests of the API go; the daemon's durable answer is shown."""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from facilityd.errors import FacilitydError
from facilityd.model.message import Wording
from facilityd.model.refusal import read
from facilityd.model.text import Text
from facilityd.model.validation import said_of
from facilityd.web.command_routes import REQUESTS, leave, make_command, result
from facilityd.web.page.viewer import PageViewer
from facilityd.web.problems import HttpProblem
from facilityd.web.service import WebService

WAIT = 5.0
"""Seconds that a request waits for the daemon to carry out a command."""
_NUMBER = frozenset("0123456789abcdef")
_LENGTH = 32
_DIGITS = 16
"""One more than those of 2**53."""


@dataclass(frozen=True, slots=True)
class ActionResult:
    """What came of a tap: ``done``, ``refused`` with the reason, or it ``waits`` for the daemon."""

    state: str
    why: Text | None = None


def new_key() -> str:
    """Return what makes a form's request one, however often it is sent."""
    return secrets.token_hex(8)


def number_of(fields: Mapping[str, str], name: str) -> int:
    """Return a number that a form holds, such as that of a task. Raises HttpProblem."""
    text = fields.get(name, "").strip()
    if not (text.isascii() and text.isdigit() and len(text) < _DIGITS):
        raise HttpProblem(422, Wording("web.not-understood"))
    return int(text)


async def act(
    service: WebService, viewer: PageViewer, command: str, asked: Mapping[str, Any], key: str
) -> str:
    """Leave a command for the daemon and wait a moment; return its id.

    Raises HttpProblem for what may not be asked, FacilitydError for what there is not.
    """
    model = REQUESTS.get(command)
    if model is None or viewer.caller is None:
        raise HttpProblem(422, Wording("web.no-such-path"))
    try:
        request = model.model_validate({"command": command, **asked})
    except ValidationError as error:
        raise HttpProblem(422, said_of(error.errors()[0])) from error
    same = f"{key} {command} {json.dumps(dict(asked), sort_keys=True)}"  # another button is another request
    made = await make_command(service, viewer.caller, request, same)
    with contextlib.suppress(HttpProblem):  # the page shows what came of it, and why
        await leave(service, made)
        await result(service, made.id, WAIT)
    return str(made.id)


async def result_of(service: WebService, number: str) -> ActionResult | None:
    """Return what came of a command by its id; None for no id, and for one that nobody knows."""
    if len(number) != _LENGTH or not set(number) <= _NUMBER:
        return None
    try:
        refusal = await service.pool.ask_quickly(lambda query: query.command_result(number))
    except (HttpProblem, FacilitydError):
        return None
    if refusal is None:
        return ActionResult("waits") if service.inbox.waiting(number) else None
    return ActionResult("refused", read(refusal)) if refusal else ActionResult("done")
