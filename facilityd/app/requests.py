"""What the daemon does with each kind of request: carries it out, or says why not."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from facilityd.app.baseline_approval import approve, service
from facilityd.app.core import Core
from facilityd.app.marking import mark, unmark
from facilityd.app.waive import unwaive, waive
from facilityd.pipeline.flow import Action
from facilityd.store.reader import JournalReader
from facilityd.supervise.inbox import (
    AckRequest,
    BaselineRequest,
    MarkRequest,
    RealarmRequest,
    Request,
    ResetRequest,
    ServiceRequest,
    UnmarkRequest,
    UnwaiveRequest,
    WaiveRequest,
)

log = logging.getLogger(__name__)
Handler = Callable[[Core, JournalReader, Any, int], Awaitable[str]]
"""Takes a request at an instant in ns UTC; returns why it was refused, or nothing."""


def _alarm(action: Action) -> Handler:
    async def act(
        core: Core, _: JournalReader, ask: AckRequest | ResetRequest | RealarmRequest, at: int
    ) -> str:
        return await core.flow.act(
            action, ask.device, ask.rule, ask.occurrence or None, ask.person, ask.comment, at
        )

    return act


async def carry_out(core: Core, reader: JournalReader, ask: Request, at: int) -> str:
    """Return why a request was refused, or nothing. A failure that nobody foresaw refuses this one alone."""
    try:
        return await HANDLERS[type(ask)](core, reader, ask, at)
    except Exception as error:  # a request is a compartment: it comes from outside
        log.exception("request %s failed in a way nobody foresaw", type(ask).__name__)
        return f"it could not be carried out: unexpected {type(error).__name__}, see the daemon's log"


HANDLERS: dict[type, Handler] = {
    AckRequest: _alarm("ack"),
    ResetRequest: _alarm("reset"),
    RealarmRequest: _alarm("realarm"),
    BaselineRequest: approve,
    WaiveRequest: waive,
    UnwaiveRequest: unwaive,
    MarkRequest: mark,
    UnmarkRequest: unmark,
    ServiceRequest: service,
}
