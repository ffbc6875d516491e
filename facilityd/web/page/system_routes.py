"""*System*: whether facilityd itself is well: the daemon, links, channels, the journal, who asked what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from facilityd.model.command_record import CommandRecord
from facilityd.query.devices import DeviceRow
from facilityd.query.site import SiteQuery
from facilityd.query.storage import StorageAnswer
from facilityd.query.words import query_words
from facilityd.web.page.render import page_response
from facilityd.web.page.route import PageRoute
from facilityd.web.page.viewer import SignedIn
from facilityd.web.service import Service
from facilityd.web.users import UserRole

WEEK = 7 * 86_400 * 10**9
MOST = 50
routes = APIRouter(include_in_schema=False, route_class=PageRoute)


@dataclass(frozen=True, slots=True)
class SystemBoard:
    """What is not equipment: ``own`` are the daemon, links and channels. ``asked``: the newest first."""

    own: Sequence[DeviceRow]
    storage: StorageAnswer
    asked: Sequence[CommandRecord]


def read_system(query: SiteQuery, now: int, *, audit: bool) -> SystemBoard:
    """Return how facilityd is; who asked what only for ``audit``."""
    own = [row for row in query.devices() if row.device not in query.site.devices]
    asked = query.commands(now - WEEK)[-MOST:][::-1] if audit else []
    return SystemBoard(own, query.storage(), asked)


@routes.get("/system")
async def show(service: Service, request: Request, viewer: SignedIn) -> Response:
    """Show how facilityd is."""
    now, audit = service.pool.now(), viewer.has(UserRole.ENGINEER)
    board = await service.pool.ask(lambda query: read_system(query, now, audit=audit))
    return await page_response(
        request, service, viewer, "system.html", now=now, board=board, words=query_words(), audit=audit,
        accounts=sorted(service.users.read().users.items()) if viewer.has(UserRole.ADMIN) else [],
        mebibytes=lambda size: f"{size / 2**20:.1f} MiB",
    )  # fmt: skip
