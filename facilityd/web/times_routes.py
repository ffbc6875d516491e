"""GET: what happened in a span of time, and what it comes to."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.query.calendar_span import month_span, period_name, quarter_span
from facilityd.query.instants import show_second
from facilityd.query.night import days_earlier, last_night, night_span, read_day, whole_days
from facilityd.query.timeline import TimelineQuery
from facilityd.web import forecast_answers, times_answers
from facilityd.web.access import CREW, READ
from facilityd.web.read_routes import Device, Until
from facilityd.web.service import Service, WebService, described
from facilityd.web.times import read_instant

DAY = 86_400 * 10**9
LONGEST, LONGEST_REPORT = 400 * DAY, 800 * DAY
MOST_DEVICES = 200
Span = tuple[int, int]
Since = Annotated[str, Query(max_length=80, description="from when on, where no night or month is named")]
Night = Annotated[
    str, Query(max_length=20, description="'last', or the day on whose evening it began: 2026-06-09")
]
Devices = Annotated[list[str], Query(alias="device", max_length=MOST_DEVICES, description="only of these")]
Month = Annotated[str, Query(max_length=20, description="such as 2026-10")]
Quarter = Annotated[str, Query(max_length=20, description="such as 2026-Q4")]
routes = APIRouter(responses=described(401, 403, 404, 422, 429, 503))


def read_edges(service: WebService, since: str, until: str, longest: int) -> Span:
    """Return since and until, ns UTC. Raises UsageError for a span that is none, or is longer (ns)."""
    now, zone = service.pool.now(), service.site.timezone
    first, last = read_instant(since, zone, now), read_instant(until, zone, now)
    if first >= last:
        shown = {"first": show_second(first, zone), "last": show_second(last, zone)}
        raise UsageError(Wording("ask.since-not-before-until", **shown), hint=Wording("ask.times-site-own"))
    if last - first > longest:
        raise UsageError(Wording("ask.timeline-too-long"), hint=Wording("ask.shorter-span"))
    return first, last


@routes.get("/timeline", tags=["history"], dependencies=[READ])
async def timeline(
    service: Service,
    since: Since = "1d",
    until: Until = "",
    night: Night = "",
    device: Devices = [],  # noqa: B006 - FastAPI copies it
    compare: Annotated[bool, Query(description="also the span before")] = False,
    days_before: Annotated[
        int, Query(ge=0, le=3660, description="how many days before that begins; 0: as many as it is long")
    ] = 0,
) -> times_answers.TimelineAnswer:
    """What happened in a night or any span: incidents with their evidence, what devices and people did."""
    site, now = service.site, service.pool.now()
    if night:
        span = night_span(site, last_night(site, now) if night == "last" else read_day(night))
    else:
        span = read_edges(service, since, until, LONGEST)
    days = days_before or whole_days(*span)
    first, last = (max(0, days_earlier(at, days, site.timezone)) for at in span)
    found = await service.plain(lambda query: query.timeline(TimelineQuery(*span, tuple(device))).plain())
    before = None
    if compare or days_before:
        earlier = TimelineQuery(first, last, tuple(device))
        before = await service.plain(lambda query: query.timeline(earlier).plain())
    return times_answers.TimelineAnswer.model_validate(found | {"before": before})


@routes.get("/hazards", tags=["now"], dependencies=[READ])
async def hazards(service: Service, device: Device = "") -> list[times_answers.HazardAnswer]:
    """Everything that is open, the most urgent first."""
    found: Any = await service.plain(lambda query: [row.plain() for row in query.hazards(device)])
    return list(found)


@routes.get("/forecast", tags=["now"], dependencies=[READ])
async def forecast(service: Service) -> forecast_answers.ForecastReading:
    """Weather warnings and the forecast, by source, each with its age; what is too old is not told."""
    found = await service.plain(lambda query: query.forecast().plain())
    return forecast_answers.ForecastReading.model_validate(found)


def read_period(service: WebService, month: str, quarter: str, since: str, until: str) -> Span:
    """Return a month, a quarter or a span, ns UTC. Raises UsageError."""
    if month and quarter:
        raise UsageError(Wording("ask.one-span"))
    if month:
        return month_span(month, service.zone)
    if quarter:
        return quarter_span(quarter, service.zone)
    return read_edges(service, since, until, LONGEST_REPORT)


@routes.get("/kpi", tags=["alarms"], dependencies=[CREW])
async def kpi(
    service: Service, month: Month = "", quarter: Quarter = "", since: Since = "30d", until: Until = ""
) -> times_answers.KpiReport:
    """How well alarms serve people: the figures beside their limits."""
    span = read_period(service, month, quarter, since, until)
    found = await service.plain(lambda query: query.kpi(*span).plain())
    return times_answers.KpiReport.model_validate(found)


@routes.get("/report", tags=["history"], dependencies=[CREW])
async def report(
    service: Service, month: Month = "", quarter: Quarter = "", since: Since = "30d", until: Until = ""
) -> times_answers.MonthReport:
    """What a month or a quarter was, for those who answer for the site."""
    span = read_period(service, month, quarter, since, until)
    edges = (
        show_second(span[0], service.site.timezone)[:16],
        show_second(span[1], service.site.timezone)[:16],
    )
    name = period_name(month, quarter, edges)
    found = await service.plain(lambda query: query.report(name, *span).plain())
    return times_answers.MonthReport.model_validate(found)
