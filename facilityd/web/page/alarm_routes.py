"""*Alarm*: one alarm whole, and what the crew does about it."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Request, Response
from starlette.responses import RedirectResponse

from facilityd.model.alarm import AlarmState
from facilityd.model.sample import NS
from facilityd.model.suppression import Suppressor
from facilityd.model.task import TaskStateName
from facilityd.query.alarm_story import AlarmStory, read_story
from facilityd.query.words import query_words
from facilityd.web.forms import text_of
from facilityd.web.page.actions import new_key, number_of, result_of
from facilityd.web.page.photos import act_with_photo
from facilityd.web.page.plots import story_chart
from facilityd.web.page.render import PageRenderer, page_response
from facilityd.web.page.route import PageRoute
from facilityd.web.page.viewer import SignedIn, sent_form
from facilityd.web.service import Service
from facilityd.web.users import UserRole

BUCKET = 20 * NS
"""Width of a column in an alarm's plot."""
SHELVES = ("1h", "2h", "8h", "")
"""For how long one may shelve; "" is as long as its class allows."""
Name = Annotated[str, Path(max_length=200)]
routes = APIRouter(include_in_schema=False, route_class=PageRoute)


@routes.get("/alarm/{device}/{rule}")
async def show(service: Service, request: Request, viewer: SignedIn, device: Name, rule: Name) -> Response:
    """Show one alarm. Changes nothing."""
    now = service.pool.now()
    story = await service.pool.ask(lambda query: read_story(query, device, rule, BUCKET, now))
    renderer = PageRenderer(service, viewer, now)
    return await page_response(
        request, service, viewer, "alarm.html", now=now, story=story, record=story.record, device=device,
        rule=rule, chart=story_chart(story, renderer), offers=offers(story), shelves=SHELVES, key=new_key(),
        words=query_words(), came=await result_of(service, request.query_params.get("command", "")),
    )  # fmt: skip


@routes.post("/alarm/{device}/{rule}")
async def ask(service: Service, request: Request, viewer: SignedIn, device: Name, rule: Name) -> Response:
    """Leave what the crew asks for the daemon, and show what came of it."""
    sent = await sent_form(request, viewer, UserRole.CREW)
    fields = sent.fields
    command, comment = text_of(fields, "command"), text_of(fields, "comment")
    asked: dict[str, Any] = {"comment": comment}
    if command in ("take-over", "done", "task-note"):
        asked["task"] = number_of(fields, "task")
    else:
        asked |= {"device": device, "rule": rule, "occurrence": number_of(fields, "occurrence")}
    if command == "shelve":
        until = text_of(fields, "until")
        asked |= {"until": until if until in SHELVES else SHELVES[0], "once": bool(fields.get("once"))}
    number = await act_with_photo(service, viewer, command, asked, sent)
    address = f"/alarm/{quote(device, safe='')}/{quote(rule, safe='')}?command={number}"
    return RedirectResponse(address, 303)


def offers(story: AlarmStory) -> list[str]:
    """Return what can be asked of an alarm as it is now, the most likely first."""
    state, task = story.record.state, story.task.row.task if story.task else None
    if state is None or not state.occurrence:
        return []
    found = ["ack"] if not state.acked else []
    if task and task.state in (TaskStateName.OPEN, TaskStateName.TAKEN):
        found += ["take-over" if task.state is TaskStateName.OPEN else "done", "task-note"]
    elif state.active and task is None:
        found.append("take")
    return found + _rarer(state, has_task=task is not None)


def _rarer(state: AlarmState, *, has_task: bool) -> list[str]:
    found = []
    if state.latched and not state.active:
        found.append("reset")
    if state.active and state.acked and not has_task:
        found.append("confirm")
    if state.suppressed_by(Suppressor.SHELVED):
        found.append("unshelve")
    elif state.active or not state.acked:
        found.append("shelve")
    if state.active and state.acked:
        found.append("realarm")
    return found
