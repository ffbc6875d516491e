"""*Tasks*: what there is to do, who has it, and what was done of late."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from facilityd.query.site import SiteQuery
from facilityd.query.tasks import TaskRow
from facilityd.web.page.render import page_response
from facilityd.web.page.report_routes import offered
from facilityd.web.page.route import PageRoute
from facilityd.web.page.viewer import SignedIn
from facilityd.web.service import Service
from facilityd.web.users import UserRole

MOST = 40
routes = APIRouter(include_in_schema=False, route_class=PageRoute)


@routes.get("/tasks")
async def tasks(service: Service, request: Request, viewer: SignedIn) -> Response:
    """Show the open tasks, the most pressing first, and what was done of late."""
    rows = await service.pool.ask(_tasks)
    opened = [row for row in rows if not row.task.closed]
    closed = [row for row in rows if row.task.closed]
    return await page_response(
        request, service, viewer, "tasks.html", opened=opened, closed=closed[-MOST:],
        reports=offered(service.pool.now(), service.site.timezone) if viewer.has(UserRole.CREW) else [],
    )  # fmt: skip


def _tasks(query: SiteQuery) -> list[TaskRow]:
    return query.tasks(everything=True)
