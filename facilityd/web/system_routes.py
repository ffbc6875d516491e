"""GET: how the daemon and its journal are; for people, for a watcher outside, and for Prometheus."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import PlainTextResponse

from facilityd.model.sample import NS
from facilityd.query.audit import command_plain
from facilityd.query.liveness import Liveness
from facilityd.query.words import both
from facilityd.web import answers
from facilityd.web.access import ENGINEER, METRICS
from facilityd.web.answer_base import BothTexts
from facilityd.web.metrics import MEDIA, exposition
from facilityd.web.problems import HttpProblem
from facilityd.web.service import Service, WebService, described
from facilityd.web.times import iso, read_instant

WATCHING = ("running", "full")
"""States in which the site is watched and people are told; with a full disk only nothing is recorded."""
_SAID: dict[int | str, dict[str, Any]] = {
    503: {"model": answers.HealthAnswer, "description": "The daemon is stopped or hangs"}
}
routes = APIRouter()
plain_routes = APIRouter()


@routes.get("/health", tags=["system"], responses=_SAID)
async def health(service: Service, response: Response) -> answers.HealthAnswer:
    """Whether the daemon watches: 200, or 503 as soon as it is stopped or hangs. Needs no signing in."""
    answer = health_of(service, await service.liveness())
    response.status_code = 200 if answer.watching else 503
    return answer


def health_of(service: WebService, found: Liveness) -> answers.HealthAnswer:
    """Return what is told of the daemon's state."""
    zone, name = service.zone, service.site.timezone
    text = both(lambda language: found.warning(name, language))
    return answers.HealthAnswer(
        site=service.site.id, state=found.state, watching=found.state in WATCHING, at=iso(found.at, zone),
        since=iso(found.since, zone) if found.since else None,
        age_s=max(0, found.at - found.since) / NS if found.since else None,
        outdated_since=iso(found.outdated, zone) if found.outdated else None,
        text=BothTexts(zh=text.zh, en=text.en),
    )  # fmt: skip


@routes.get("/audit", tags=["people"], dependencies=[ENGINEER], responses=described(401, 403, 422, 429, 503))
async def audit(
    service: Service,
    since: Annotated[str, Query(max_length=80)] = "7d",
    refused: Annotated[bool, Query(description="only what was refused")] = False,
) -> list[answers.CommandRecordAnswer]:
    """Who asked what of facilityd, from where, and what came of it."""
    begin = read_instant(since, service.site.timezone, service.pool.now())
    found: Any = await service.plain(
        lambda query: [command_plain(one) for one in query.commands(begin, refused=refused)]
    )
    return list(found)


@plain_routes.get("/metrics", tags=["system"], dependencies=[METRICS], response_class=PlainTextResponse,
                  responses=described(401, 403, 429, 503))  # fmt: skip
async def metrics(service: Service) -> Response:
    """The daemon, the devices and the alarms for Prometheus, in its text format."""
    try:
        text = await service.pool.ask(exposition)
    except HttpProblem:
        text = "# TYPE facilityd_up gauge\nfacilityd_up 0\n"
    return PlainTextResponse(text, media_type=MEDIA)
