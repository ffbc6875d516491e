"""GET: answers of the read model whole and exact, as ``facilityd.client`` reads them over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.query.compare import CompareQuery
from facilityd.query.history import HistoryQuery
from facilityd.query.selection import SignalName, selected
from facilityd.query.site import SiteQuery
from facilityd.web.access import READ
from facilityd.web.service import Service, WebService, described

MOST = 20_000
"""Values of one answer; ``more`` says that there are others from its end on."""
MOST_NUMBERS = 200_000
"""Buckets of all signals in one answer."""
routes = APIRouter(
    prefix="/data", tags=["data"], dependencies=[READ], responses=described(401, 403, 404, 422, 429, 503)
)
Instant = Annotated[int, Query(ge=0, le=2**62, description="ns since 1970, UTC")]
Width = Annotated[int, Query(ge=0, le=2**62, description="ns; 0: every value")]
Name = Annotated[str, Query(max_length=200)]
Patterns = Annotated[
    list[Annotated[str, Query(max_length=400)]] | None,
    Query(max_length=200, description="DEVICE or DEVICE.SIGNAL, with * and ?"),
]
_OK: dict[int | str, dict[str, Any]] = {200: {"content": {"application/json": {"schema": {}}}}}


async def _told(service: WebService, question: str, ask: Callable[[SiteQuery], object]) -> Response:
    """Return an answer as JSON, made beside the loop. Raises UsageError, HttpProblem."""

    def made(query: SiteQuery) -> bytes:
        from facilityd.query.exact import to_json  # noqa: PLC0415 - it loads numpy, which few ask for

        return to_json(question, ask(query))

    body = await service.pool.ask(made)
    return Response(body, media_type="application/json", headers=await service.headers())


def _names(query: SiteQuery, patterns: list[str] | None) -> tuple[SignalName, ...]:
    return tuple(selected(query.site, patterns or ()))


@routes.get("/site", responses=_OK)
async def site(service: Service) -> Response:
    """Which site this is, its time zone, and what time it is there."""
    now = service.pool.now()

    def ask(query: SiteQuery) -> object:
        from facilityd.query.exact import SiteHead  # noqa: PLC0415

        return SiteHead(id=query.site.id, timezone=query.site.timezone, now=now)

    return await _told(service, "site", ask)


@routes.get("/signals", responses=_OK)
async def signals(service: Service, signal: Patterns = None) -> Response:
    """The signals that patterns mean, as pairs of device and signal."""
    return await _told(service, "signals", lambda query: list(_names(query, signal)))


@routes.get("/devices", responses=_OK)
async def devices(service: Service, device: Patterns = None) -> Response:
    """Devices with their values, ages in ns."""
    return await _told(service, "devices", lambda query: query.devices(tuple(device or ())))


@routes.get("/alarms", responses=_OK)
async def alarms(service: Service, everything: bool = False) -> Response:
    """Alarms that are not normal, or all that ever were."""
    return await _told(service, "alarms", lambda query: query.alarms(everything=everything))


@routes.get("/history", responses=_OK)
async def history(
    service: Service, device: Name, signal: Name, since: Instant, until: Instant, bucket: Width = 0,
    gaps: bool = True,
) -> Response:  # fmt: skip
    """One signal: at most 20,000 values, or its buckets.

    Where there are more values, what is answered ends before ``until``; the next question begins there.
    """
    asked = HistoryQuery(device, signal, since, until, bucket, gaps)
    if not bucket:
        return await _told(service, "history", lambda query: query.history_page(asked, MOST))
    if asked.size > MOST:
        raise UsageError(Wording("ask.more-than-buckets", most_buckets=MOST))
    return await _told(service, "history", lambda query: query.history(asked))


@routes.get("/columns", responses=_OK)
async def columns(
    service: Service, since: Instant, until: Instant, bucket: Width, signal: Patterns = None
) -> Response:
    """Signals in buckets of whole quarters of an hour, as lists."""

    def ask(query: SiteQuery) -> object:
        from facilityd.query.exact import columns_answer  # noqa: PLC0415

        names = _names(query, signal)
        if bucket and (until - since) // bucket * max(1, len(names)) > MOST_NUMBERS:
            raise UsageError(Wording("ask.more-than-buckets", most_buckets=MOST_NUMBERS))
        return columns_answer(query.columns(names, since, until, bucket))

    return await _told(service, "columns", ask)


@routes.get("/comparison", responses=_OK)
async def comparison(
    service: Service, since: Instant, until: Instant, before: Instant, signal: Patterns = None,
    order: Literal["change", "mean", "greatest", "least", "unknown"] = "change",
    top: Annotated[int, Query(ge=0, le=100_000)] = 0,
) -> Response:  # fmt: skip
    """A span beside one before, of whole hours."""

    def ask(query: SiteQuery) -> object:
        return query.comparison(CompareQuery(_names(query, signal), since, until, before, order, top))

    return await _told(service, "comparison", ask)


@routes.get("/as-of", responses=_OK)
async def as_of(service: Service, at: Instant, signal: Patterns = None) -> Response:
    """What signals were at an instant."""
    return await _told(service, "as-of", lambda query: query.as_of(_names(query, signal), at))
