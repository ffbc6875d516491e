"""One task whole, and what the crew does about it: an inspection has no other page."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from starlette.responses import RedirectResponse

from facilityd.model.message import Wording
from facilityd.model.task import TaskEventKind, TaskState
from facilityd.query.tasks import allowed_acts
from facilityd.query.words import query_words
from facilityd.web.forms import text_of
from facilityd.web.page.actions import new_key, result_of
from facilityd.web.page.photos import act_with_photo
from facilityd.web.page.render import page_response
from facilityd.web.page.route import PageRoute
from facilityd.web.page.viewer import PageViewer, SignedIn, sent_form
from facilityd.web.problems import HttpProblem
from facilityd.web.service import Service
from facilityd.web.users import UserRole

COMMANDS = {
    "take-over": TaskEventKind.TAKE, "done": TaskEventKind.DONE, "task-note": TaskEventKind.NOTE,
    "task-cancel": TaskEventKind.CANCEL,
}  # fmt: skip
Number = Annotated[int, Path(ge=1, le=2**53)]
routes = APIRouter(include_in_schema=False, route_class=PageRoute)


@routes.get("/tasks/{number}")
async def show(service: Service, request: Request, viewer: SignedIn, number: Number) -> Response:
    """Show one task. Changes nothing."""
    record = await service.pool.ask(lambda query: query.task(number))
    return await page_response(
        request, service, viewer, "task.html", row=record.row, task=record.row.task, events=record.events,
        offers=offers(record.row.task, viewer), key=new_key(), words=query_words(),
        came=await result_of(service, request.query_params.get("command", "")),
    )  # fmt: skip


@routes.post("/tasks/{number}")
async def ask(service: Service, request: Request, viewer: SignedIn, number: Number) -> Response:
    """Leave what the crew asks for the daemon, and show what came of it."""
    sent = await sent_form(request, viewer, UserRole.CREW)
    command = text_of(sent.fields, "command")
    if command not in COMMANDS:
        raise HttpProblem(422, Wording("web.no-such-path"))
    asked: dict[str, Any] = {"task": number, "comment": text_of(sent.fields, "comment")}
    if parts := text_of(sent.fields, "parts"):
        asked |= {"parts": parts} if command in ("done", "task-note") else {}
    made = await act_with_photo(service, viewer, command, asked, sent)
    return RedirectResponse(f"/tasks/{number}?command={made}", 303)


def offers(task: TaskState, viewer: PageViewer) -> list[str]:
    """Return what can be asked of a task as it is now, the most likely first."""
    allowed = allowed_acts(task)
    found = [name for name, kind in COMMANDS.items() if kind in allowed]
    if viewer.caller and task.person == viewer.caller.person:
        found = [name for name in found if name != "take-over"]  # they have it
    return sorted(found, key=lambda name: name == "take-over" and bool(task.person))
