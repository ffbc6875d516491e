"""*Last night*: what happened to a device, or to the site, in the order of time; the night before it too."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.query.night import last_night, night_span, read_day
from facilityd.query.site import SiteQuery
from facilityd.query.timeline import Timeline, TimelineQuery
from facilityd.query.timeline_page import summary_of
from facilityd.query.timeline_words import timeline_sentence, timeline_words
from facilityd.web.page.render import page_response
from facilityd.web.page.route import PageRoute
from facilityd.web.page.viewer import SignedIn
from facilityd.web.service import Service

OLDEST = date(2000, 1, 1)
"""Before it nothing was watched."""
MOST = 200
"""Entries that are shown, the most of what a person reads; the command line has them all."""
routes = APIRouter(include_in_schema=False, route_class=PageRoute)


@routes.get("/night")
async def show(
    service: Service,
    request: Request,
    viewer: SignedIn,
    device: Annotated[str, Query(max_length=200)] = "",
    night: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Show the last night, or the one that began in the evening of a day."""
    now, site, language = service.pool.now(), service.site, viewer.language
    newest = last_night(site, now)
    day = read_day(night) if night.strip() else newest
    if not OLDEST <= day <= newest:
        raise UsageError(Wording("ask.no-day", text=night[:40]))
    asked = TimelineQuery(*night_span(site, day), (device,) if device else ())

    def ask(query: SiteQuery) -> Timeline:
        if device:
            query.require(device, None)
        return query.timeline(asked)

    found = await service.pool.ask(ask)
    later = day + timedelta(days=1) if day < newest else None
    return await page_response(
        request, service, viewer, "night.html", now=now, found=found, device=device, day=day, newest=newest,
        summary=summary_of(found, language), nothing=timeline_sentence("nothing", language),
        goes_on=timeline_sentence("goes-on", language), kinds=timeline_words().kind,
        shown=found.entries[:MOST], link=partial(_link, device), earlier=day - timedelta(days=1), later=later,
    )  # fmt: skip


def _link(device: str, day: date) -> str:
    """Return the address of the night of a day."""
    return f"/night?{urlencode({'night': day.isoformat()} | ({'device': device} if device else {}))}"
