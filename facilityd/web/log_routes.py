"""GET: everything that happened, one by one, and what signals were when."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query

from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.query.event_log import EventFilter
from facilityd.query.history import HistoryQuery
from facilityd.query.occurrences import OccurrenceQuery
from facilityd.query.runs import RunsQuery
from facilityd.query.selection import selected, selected_numbers
from facilityd.query.site import SiteQuery
from facilityd.query.worst import WorstQuery
from facilityd.web import times_answers
from facilityd.web.access import READ
from facilityd.web.history_answers import HistoryReport
from facilityd.web.history_routes import series_of
from facilityd.web.read_routes import Until
from facilityd.web.service import Service, described
from facilityd.web.times import read_bucket, read_instant
from facilityd.web.times_routes import LONGEST, Devices, Since, read_edges

MOST, MOST_STATES, MOST_PATTERNS = 10_000, 20_000, 50
MOST_SIGNALS, MOST_VALUES = 50, 20_000
Word = Annotated[str, Query(max_length=200)]
Patterns = Annotated[
    list[str],
    Query(
        alias="signal",
        min_length=1,
        max_length=MOST_PATTERNS,
        description="DEVICE or DEVICE.SIGNAL, with * and ?",
    ),
]
Name = Annotated[str, Path(max_length=200)]
routes = APIRouter(responses=described(401, 403, 404, 422, 429, 503))


@routes.get("/log", tags=["history"], dependencies=[READ])
async def log(
    service: Service,
    since: Since = "1d",
    until: Until = "",
    device: Devices = [],  # noqa: B006 - FastAPI copies it
    family: Word = "",
    rule: Word = "",
    kind: Annotated[
        str, Query(max_length=40, description="alarm, task, command, mark, downtime; or raise, take …")
    ] = "",
    most: Annotated[int, Query(ge=1, le=MOST)] = 1000,
) -> list[times_answers.EventAnswer]:
    """Everything that happened: changes of alarms, tasks, what people asked, marks, times not watched."""
    asked = EventFilter(*read_edges(service, since, until, LONGEST), tuple(device), family, rule, kind)
    found: Any = await service.plain(lambda query: [row.plain() for row in query.events(asked, most)])
    return list(found)


@routes.get("/occurrences", tags=["alarms"], dependencies=[READ])
async def occurrences(
    service: Service,
    since: Since = "7d",
    until: Until = "",
    device: Devices = [],  # noqa: B006 - FastAPI copies it
    family: Word = "",
    rule: Word = "",
    about: Annotated[str, Query(max_length=40, description="what one word means: lamps, leaks, brakes")] = "",
    standing: Annotated[bool, Query(description="also what began before and was not over")] = False,
) -> list[times_answers.OccurrenceAnswer]:
    """Every occurrence of alarms in a span, with its evidence; the newest last."""
    edges = read_edges(service, since, until, LONGEST)
    asked = OccurrenceQuery(*edges, tuple(device), family, rule, about, standing)
    found: Any = await service.plain(lambda query: [row.plain() for row in query.occurrences(asked)[-MOST:]])
    return list(found)


@routes.get("/worst", tags=["alarms"], dependencies=[READ])
async def worst(
    service: Service,
    since: Since = "7d",
    until: Until = "",
    family: Word = "",
    by: Literal["alarms", "time", "data"] = "alarms",
    top: Annotated[int, Query(ge=1, le=1000)] = 10,
) -> times_answers.WorstReport:
    """The devices that gave the most trouble: by alarms, time in alarm, or time without data."""
    asked = WorstQuery(*read_edges(service, since, until, LONGEST), family, by, top)
    found = await service.plain(lambda query: query.worst(asked).plain())
    return times_answers.WorstReport.model_validate(found)


@routes.get("/devices/{device}/signals/{signal}/states", tags=["history"], dependencies=[READ])
async def states(
    service: Service, device: Name, signal: Name, since: Since = "1d", until: Until = ""
) -> times_answers.StatesReport:
    """How long a switch, a code or a text was what, span by span; where it is not known, why."""
    edges = read_edges(service, since, until, LONGEST)
    found = await service.plain(lambda query: query.states(device, signal, *edges, MOST_STATES).plain())
    return times_answers.StatesReport.model_validate(found)


@routes.get("/values/as-of", tags=["history"], dependencies=[READ])
async def values_as_of(
    service: Service,
    at: Annotated[str, Query(max_length=80, description="such as 21:00 or 2026-06-10T04:46")],
    signals: Annotated[
        list[str],
        Query(alias="signal", max_length=MOST_PATTERNS, description="DEVICE or DEVICE.SIGNAL, with * and ?"),
    ] = [],  # noqa: B006 - FastAPI copies it
) -> list[times_answers.AsOfAnswer]:  # fmt: skip
    """What signals were at an instant, with age and quality as they were then."""
    when, zone = read_instant(at, service.site.timezone, service.pool.now()), service.site.timezone
    names = selected(service.site, signals)
    found: Any = await service.plain(lambda query: [one.plain(zone) for one in query.as_of(names, when)])
    return list(found)


@routes.get("/devices/{device}/runs", tags=["history"], dependencies=[READ])
async def runs(
    service: Service,
    device: Name,
    signals: Annotated[
        list[str], Query(alias="signal", max_length=8, description="those laid over each other")
    ] = [],  # noqa: B006 - FastAPI copies it
    last: Annotated[int, Query(ge=1, le=200)] = 60,
    kind: Annotated[str, Query(max_length=40, description="such as raising")] = "",
    mode: Annotated[str, Query(max_length=40, description="another operating mode than the first")] = "",
    until: Until = "",
) -> times_answers.RunsReport:
    """The last runs of a device laid over each other: median, band of 10 to 90 %, and the newest run."""
    end = read_instant(until, service.site.timezone, service.pool.now())
    asked = RunsQuery(device, end, 0, mode, kind, last, tuple(signals))
    found = await service.plain(lambda query: query.runs(asked).plain())
    return times_answers.RunsReport.model_validate(found)


@routes.get("/history", tags=["history"], dependencies=[READ])
async def history_of_many(
    service: Service,
    signals: Patterns,
    since: Since = "1d",
    until: Until = "",
    bucket: Annotated[str, Query(max_length=20, description="10min, 1h, 1d, month")] = "1h",
) -> list[HistoryReport]:
    """Several signals over one time in the same buckets, each with its gaps."""
    edges, width = read_edges(service, since, until, LONGEST), read_bucket(bucket)
    names = selected_numbers(service.site, signals)
    size = (edges[1] - edges[0]) // width * len(names) if width else 0
    if not width or len(names) > MOST_SIGNALS or size > MOST_VALUES:
        what = Wording("ask.too-many-signals", n=len(names), most=MOST_SIGNALS)
        raise UsageError(what, hint=Wording("ask.ask-for-longer-ones-or"))
    found = []
    for one in names:
        asked = HistoryQuery(*one, *edges, width, most=MOST_VALUES)
        answer = await service.pool.ask(partial(SiteQuery.history, query=asked))
        found.append(
            HistoryReport(
                device=one[0], signal=one[1], unit=answer.signal.unit, bucket_s=width / 1e9,
                series=series_of(service, answer), compared=None,
            )
        )  # fmt: skip
    return found
