"""*Stories*: on a simulated site alone, what its simulator offers to play for training."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from facilityd.model.message import Wording
from facilityd.model.sample import NS
from facilityd.supervise.story_folder import StoryFolder, StoryRequest
from facilityd.web.page.render import page_response
from facilityd.web.page.route import PageRoute
from facilityd.web.page.viewer import Anybody, SignedIn, form_of
from facilityd.web.problems import HttpProblem
from facilityd.web.service import Service, WebService
from facilityd.web.users import UserRole

LOOKS, BETWEEN = 12, 0.25
"""How often, and after how many seconds each, it is looked whether the simulator took a request."""
routes = APIRouter(include_in_schema=False, route_class=PageRoute)


def _folder(service: WebService) -> StoryFolder:
    """Return the folder of a simulated site. Raises HttpProblem for any other."""
    if not service.site.page.simulated:
        raise HttpProblem(404, Wording("web.no-such-path"))
    return StoryFolder(service.site)


@routes.get("/stories")
async def show(service: Service, request: Request, viewer: SignedIn, asked: str = "") -> Response:
    """Show what is offered and what is played."""
    board = _folder(service).board(round(service.now_s() * NS))
    return await page_response(
        request, service, viewer, "stories.html", board=board, asked=asked in ("play", "end")
    )


@routes.post("/stories")
async def ask(service: Service, request: Request, viewer: Anybody) -> Response:
    """Ask the simulator for a story by its name, or for the end of the one that is played."""
    folder = _folder(service)
    fields = await form_of(request, viewer, UserRole.CREW)
    board, name = folder.board(round(service.now_s() * NS)), fields.get("play", "")
    if board is None:
        raise HttpProblem(409, Wording("scenario.no-simulator"))
    if name and not board.story(name):
        raise HttpProblem(422, Wording("web.not-understood"))
    act = "play" if name else "end"
    by = viewer.caller.name if viewer.caller else ""
    folder.ask(StoryRequest(act="play" if name else "end", story=name, by=by))
    return RedirectResponse("/stories" if await _taken(folder) else f"/stories?asked={act}", 303)


async def _taken(folder: StoryFolder) -> bool:
    """Wait a moment for the simulator; return whether it took what was asked and has told what it does."""
    for _ in range(LOOKS):
        await asyncio.sleep(BETWEEN)
        if not folder.waiting():
            await asyncio.sleep(BETWEEN)
            return True
    return False
