"""*Square*: the site drawn, with what each device does, in shapes and in words."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from facilityd.web.page.now_routes import Snapshots
from facilityd.web.page.render import page_response
from facilityd.web.page.route import PageRoute
from facilityd.web.page.square import square_board
from facilityd.web.page.viewer import SignedIn
from facilityd.web.service import Service

routes = APIRouter(include_in_schema=False, route_class=PageRoute)


@routes.get("/square")
async def show(service: Service, request: Request, viewer: SignedIn, source: Snapshots) -> Response:
    """Show the site as it is now."""
    found = await source.now()
    board = square_board(service.site, found.devices)
    return await page_response(
        request, service, viewer, "square.html", now=found.at, board=board, found=found
    )
