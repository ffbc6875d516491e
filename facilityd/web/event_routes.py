"""GET: a stream of server-sent events."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import StreamingResponse

from facilityd.model.message import Wording
from facilityd.web.access import Reader, identify
from facilityd.web.problems import HttpProblem
from facilityd.web.service import Service, described

LONGEST = 3600.0
"""Seconds, after which a stream ends and its page comes again."""
LOOK = 15.0
"""After so many s the listener's access is checked again."""
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "Events"}
}
routes = APIRouter()


@routes.get("/events", tags=["now"], response_class=Response,
            responses={**_STREAM, **described(401, 403, 422, 429, 503)})  # fmt: skip
async def events(
    service: Service,
    request: Request,
    caller: Reader,
    last: Annotated[str, Header(alias="Last-Event-ID", max_length=40)] = "",
) -> Response:
    """Live values, changes of alarms and the daemon's health: events `values`, `alarms`, `change`, `health`.

    It begins with the present state; with Last-Event-ID, with the changes that were missed.
    """
    hub = service.events
    if hub.full:
        raise HttpProblem(503, Wording("web.busy"), headers={"Retry-After": "10"})

    async def stream() -> AsyncIterator[bytes]:
        end, look = time.monotonic() + LONGEST, time.monotonic() + LOOK
        async for event in hub.listen(last):
            now = time.monotonic()
            if now > look:
                look = now + LOOK
                if identify(request, service) != caller:
                    return
            if now > end:
                return
            yield event

    headers = {"X-Accel-Buffering": "no"} | await service.headers()
    return StreamingResponse(stream(), media_type="text/event-stream", headers=headers)
