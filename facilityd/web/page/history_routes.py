"""*History*: any signals over any time, drawn and as a table, with their gaps and the alarms between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response

from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.sample import NS, SignalType
from facilityd.query.changes import ChangeFilter, ChangeRow
from facilityd.query.history import HistoryAnswer, HistoryBucket, HistoryQuery
from facilityd.query.instant_text import span
from facilityd.query.instants import iso_instant
from facilityd.query.night import days_earlier
from facilityd.query.site import SiteQuery
from facilityd.web.page.chart import SignalChart
from facilityd.web.page.chart_axes import bucket_of
from facilityd.web.page.plots import chart_of, flags_of
from facilityd.web.page.render import PageRenderer, page_response
from facilityd.web.page.route import PageRoute
from facilityd.web.page.viewer import SignedIn
from facilityd.web.service import Service, WebService
from facilityd.web.times import read_instant

MOST_SIGNALS = 4
MOST_FLAGS = 200
MOST_LINES = 20
"""Alarms that are listed under a chart, the newest first."""
ROWS = 60
"""Rows of the table beside a chart: what a person reads."""
SPANS = (("1h", 3600), ("6h", 21_600), ("1d", 86_400), ("7d", 604_800), ("30d", 2_592_000))
"""What is offered, in seconds."""
COMPARED = {"1d": 1, "7d": 7, "28d": 28}
"""How many days before the span begins that is laid under it."""
SHORTEST = 60 * NS
OLDEST = 946_684_800 * NS
"""The year 2000: nobody watched before, and nothing leads there."""
routes = APIRouter(include_in_schema=False, route_class=PageRoute)


@dataclass(frozen=True, slots=True)
class ShownSpan:
    """What is shown, ns UTC, and how to move from there; links keep the signals."""

    signals: tuple[str, ...]
    since: int
    until: int
    now: int
    zone: str
    compare: str = ""

    @property
    def names(self) -> tuple[tuple[str, str], ...]:
        """Device and signal of each."""
        return tuple(_parted(one) for one in self.signals)

    @property
    def width(self) -> int:
        """How long it is, ns."""
        return self.until - self.since

    def link(self, since: int, until: int) -> str:
        """Return the address of another span; what ends now goes on with the time."""
        pairs = self._pairs(self.compare)
        if until >= self.now:
            return f"/history?{urlencode([*pairs, ('since', f'{max(60, (self.now - since) // NS)}s')])}"
        return f"/history?{urlencode([*pairs, *self._edges(since, until)])}"

    def _pairs(self, compare: str) -> list[tuple[str, str]]:
        return [*(("s", one) for one in self.signals), *([("compare", compare)] if compare else [])]

    def _edges(self, since: int, until: int) -> list[tuple[str, str]]:
        return [("since", iso_instant(since, self.zone)[:19]), ("until", iso_instant(until, self.zone)[:19])]

    @property
    def edges(self) -> list[tuple[str, str]]:
        """Return what a form sends to stay at this time; what ends now goes on with the time."""
        now = self.until >= self.now
        return [("since", f"{self.width // NS}s")] if now else self._edges(self.since, self.until)

    @property
    def fixed(self) -> str:
        """Return the address of this very span: what somebody shares goes on with no time."""
        pairs = [*self._pairs(self.compare), *self._edges(self.since, self.until)]
        return f"/history?{urlencode(pairs)}"

    def compared(self, with_: str) -> str:
        """Return the address of the same with another span under it, or with none."""
        return replace(self, compare=with_).link(self.since, self.until)

    def last(self, seconds: int) -> str:
        """Return the address of so many seconds up to now."""
        return self.link(self.now - seconds * NS, self.now)

    def moved(self, share: float) -> str:
        """Return the address of a span that lies earlier (below 0) or later, never beyond now."""
        step = max(min(0, OLDEST - self.since), min(round(self.width * share), self.now - self.until))
        return self.link(self.since + step, self.until + step)

    def zoomed(self, factor: float) -> str:
        """Return the address of a span that is longer or shorter about the same middle."""
        half, middle = max(SHORTEST, round(self.width * factor)) // 2, (self.since + self.until) // 2
        until = min(self.now, middle + half)
        return self.link(max(min(OLDEST, self.since), until - 2 * half), until)

    def without(self, signal: str) -> str:
        """Return the address without one of the signals."""
        rest = tuple(one for one in self.signals if one != signal)
        return replace(self, signals=rest).link(self.since, self.until)

    def file(self, ending: str) -> str:
        """Return where this very span is as a file to take away."""
        return self.fixed.replace("/history?", f"/history/file.{ending}?", 1)


@dataclass(frozen=True, slots=True)
class HistoryBoard:
    """The answers, those of the span before, and the alarms that were raised meanwhile."""

    answers: tuple[HistoryAnswer, ...]
    changes: tuple[ChangeRow, ...]
    before: tuple[HistoryAnswer | None, ...]


def read_board(
    query: SiteQuery, signals: Sequence[tuple[str, str]], since: int, until: int, days: int = 0
) -> HistoryBoard:
    """Return what is drawn, and the same so many ``days`` before; 0: nothing of before.

    Raises UsageError for what there is not, and for text.
    """
    bucket = bucket_of(since, until)
    answers = tuple(query.history(HistoryQuery(*one, since, until, bucket)) for one in signals)
    devices = dict.fromkeys(device for device, _ in signals)
    found = [
        row
        for one in devices
        for row in query.changes(since, ChangeFilter(until, one, "", "raise"), MOST_FLAGS)
    ]
    return HistoryBoard(answers, tuple(found), tuple(_before(query, one.query, days) for one in answers))


def _before(query: SiteQuery, asked: HistoryQuery, days: int) -> HistoryAnswer | None:
    if not days:
        return None
    since = days_earlier(asked.since, days, query.site.timezone)
    if since < 0:
        return None
    return query.history(replace(asked, since=since, until=since + asked.until - asked.since))


async def shown_span(
    service: Service,
    _: SignedIn,
    s: Annotated[list[str] | None, Query(max_length=MOST_SIGNALS)] = None,
    since: Annotated[str, Query(max_length=80)] = "1d",
    until: Annotated[str, Query(max_length=80)] = "",
    compare: Annotated[str, Query(max_length=20)] = "",
) -> ShownSpan:
    """Return what is asked for, as somebody shared it; without signals the first of the site.

    Raises UsageError.
    """
    now, zone = service.pool.now(), service.site.timezone
    edges = read_edge(since, zone, now), min(now, read_edge(until, zone, now))
    if edges[1] <= edges[0]:
        raise UsageError(Wording("ask.span-longer-than-expected"))
    edges = min(edges[0], edges[1] - SHORTEST), edges[1]
    signals = tuple(dict.fromkeys(one for one in s or () if one)) or _first(service)
    return ShownSpan(signals, *edges, now, zone, compare if compare in COMPARED else "")


Shown = Annotated[ShownSpan, Depends(shown_span)]


@routes.get("/history")
async def show(service: Service, request: Request, viewer: SignedIn, shown: Shown) -> Response:
    """Show signals over time."""
    days = COMPARED.get(shown.compare, 0)
    board = await service.pool.ask(
        lambda query: read_board(query, shown.names, shown.since, shown.until, days)
    )
    renderer = PageRenderer(service, viewer, shown.now)
    charts = [
        chart_of(one, renderer, flags_of(_of(board, one), renderer), before=before)
        for one, before in zip(board.answers, board.before, strict=True)
    ]
    return await page_response(
        request, service, viewer, "history.html", now=shown.now, charts=charts, spans=SPANS, rows=rows_of,
        shown=shown, offered=drawable(service), most=MOST_SIGNALS, compared=COMPARED,
        most_rows=ROWS,
        raised=lambda chart: _of(board, chart.answer)[-MOST_LINES:][::-1],
    )  # fmt: skip


def read_edge(text: str, zone: str, now: int) -> int:
    """Return the instant (ns UTC) that is meant: so long before ``now``, or an instant. Raises UsageError."""
    try:
        return now - span(text.strip()) if text.strip() else now
    except ValueError:
        return read_instant(text, zone, now)


def _of(board: HistoryBoard, answer: HistoryAnswer) -> list[ChangeRow]:
    return [row for row in board.changes if row.stored.change.device == answer.query.device]


def _parted(text: str) -> tuple[str, str]:
    device, _, signal = text[:400].partition(".")
    return device, signal


def drawable(service: WebService) -> dict[str, list[str]]:
    """Return by device the signals that have numbers, in the order of its family."""
    found = {
        device: [
            name
            for name, about in known.family.signals.items()
            if name in known.bound and about.type is not SignalType.TEXT
        ]
        for device, known in service.site.devices.items()
    }
    return {device: names for device, names in found.items() if names}


def _first(service: WebService) -> tuple[str, ...]:
    """Return the first signal of the site that is measured; where none is, the first that has numbers."""
    found = [(device, name) for device, names in drawable(service).items() for name in names]
    kinds = service.site.devices
    measured = [one for one in found if kinds[one[0]].family.signals[one[1]].type is SignalType.FLOAT]
    return tuple(f"{device}.{name}" for device, name in (measured or found)[:1])


def rows_of(chart: SignalChart) -> list[tuple[HistoryBucket, float | None]]:
    """Return the newest buckets that hold anything, for a table, each with the mean of the span before."""
    rows = [(one, chart.earlier(n)) for n, one in enumerate(chart.answer.buckets) if one.count or one.bad]
    return rows[::-1][:ROWS]
