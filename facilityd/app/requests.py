"""What the daemon does with each kind of request: carries it out, or says why not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from facilityd.app.core import Core
from facilityd.app.marking import mark, unmark
from facilityd.app.sign import service, sign
from facilityd.app.waive import unwaive, waive
from facilityd.store.reader import Reader
from facilityd.supervise.inbox import (
    AckRequest,
    BaselineRequest,
    MarkRequest,
    ServiceRequest,
    UnmarkRequest,
    UnwaiveRequest,
    WaiveRequest,
)

Handler = Callable[[Core, Reader, Any, int], Awaitable[str]]
"""Takes a request at an instant in ns UTC; returns why it was refused, or nothing."""


async def _acknowledge(core: Core, _: Reader, ask: AckRequest, at: int) -> str:
    return await core.flow.acknowledge(
        ask.device, ask.rule, ask.occurrence or None, ask.person, ask.comment, at
    )


HANDLERS: dict[type, Handler] = {
    AckRequest: _acknowledge,
    BaselineRequest: sign,
    WaiveRequest: waive,
    UnwaiveRequest: unwaive,
    MarkRequest: mark,
    UnmarkRequest: unmark,
    ServiceRequest: service,
}
