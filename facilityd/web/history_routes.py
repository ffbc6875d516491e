"""GET: the history of a signal, as JSON with its gaps, or as a stream of CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response

from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.spreadsheet import harmless
from facilityd.query.gaps import DataGap
from facilityd.query.history import HistoryAnswer, HistoryBucket, HistoryPoint, HistoryQuery
from facilityd.query.site import SiteQuery
from facilityd.query.words import both
from facilityd.web.access import READ
from facilityd.web.answer_base import BothTexts
from facilityd.web.history_answers import (
    GapAnswer,
    HistoryBucketAnswer,
    HistoryReport,
    HistoryRowAnswer,
    SeriesAnswer,
)
from facilityd.web.service import Service, WebService, described
from facilityd.web.streams import stream_csv
from facilityd.web.times import iso, read_bucket, read_instant, read_span

MOST = 20_000
"""Values, buckets or gaps in one JSON answer; CSV has room for more, for it is never whole in memory."""
routes = APIRouter(responses=described(401, 403, 404, 422, 429, 503))
_CSV: dict[str, Any] = {"content": {"text/csv": {"schema": {"type": "string"}}}}


@routes.get(
    "/devices/{device}/signals/{signal}/history",
    tags=["history"],
    dependencies=[READ],
    responses={200: _CSV},
    response_model=HistoryReport,
)
async def history(
    service: Service,
    device: Annotated[str, Path(max_length=200)],
    signal: Annotated[str, Path(max_length=200)],
    since: Annotated[str, Query(max_length=80)] = "1h",
    until: Annotated[str, Query(max_length=80)] = "",
    bucket: Annotated[
        str,
        Query(max_length=20, description="10min, 1h, 1d, month: means over time; if not given, every value"),
    ] = "",
    compare: Annotated[str, Query(max_length=20, description="7d: also the same span that long before")] = "",
    form: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
) -> HistoryReport | Response:
    """One signal over time, with its gaps; in buckets the mean is over time, and extremes survive."""
    now, zone = service.pool.now(), service.site.timezone
    edges = read_instant(since, zone, now), read_instant(until, zone, now)
    asked = HistoryQuery(device, signal, *edges, read_bucket(bucket), most=MOST)
    if form == "csv":
        return await _stream(service, asked)
    if asked.size > MOST:
        raise UsageError(Wording("ask.more-than-buckets", most_buckets=MOST), hint=Wording("web.ask-for-csv"))
    earlier = read_span(compare)
    found = await service.pool.ask(lambda query: query.history(asked))
    before = None
    if earlier:
        moved = replace(asked, since=max(0, asked.since - earlier), until=max(0, asked.until - earlier))
        before = await service.pool.ask(lambda query: query.history(moved))
    return HistoryReport(
        device=device, signal=signal, unit=found.signal.unit, bucket_s=asked.bucket / 1e9,
        series=series_of(service, found), compared=series_of(service, before) if before else None,
    )  # fmt: skip


def series_of(service: WebService, found: HistoryAnswer) -> SeriesAnswer:
    """Return a signal over a span as HTTP tells it."""
    zone = service.zone
    points = [
        HistoryRowAnswer(at=iso(one.at, zone), value=one.value, quality=one.quality) for one in found.points
    ]
    buckets = [
        HistoryBucketAnswer(
            at=iso(b.at, zone), count=b.count, mean=b.mean, least=b.least, greatest=b.greatest, bad=b.bad
        )
        for b in found.buckets
    ]
    edges = {"since": iso(found.query.since, zone), "until": iso(found.query.until, zone)}
    gaps = [_gap(gap, service) for gap in found.gaps]
    quality = found.quality
    return SeriesAnswer(
        **edges, points=points, buckets=buckets, gaps=gaps, bad=quality.bad, missing_s=quality.missing / 1e9
    )


def _gap(gap: DataGap, service: WebService) -> GapAnswer:
    text, seconds = both(gap.text), (gap.until - gap.since) / 1e9
    return GapAnswer(
        since=iso(gap.since, service.zone), until=iso(gap.until, service.zone), seconds=seconds,
        code=None if gap.reason is None else str(gap.reason),
        reason=BothTexts(zh=text.zh, en=text.en),
    )  # fmt: skip


async def _stream(service: WebService, asked: HistoryQuery) -> Response:
    """Return rows as they are read. Raises UsageError, HttpProblem."""

    def begin(query: SiteQuery) -> Iterator[str]:
        rows: Iterator[HistoryPoint | HistoryBucket] = (
            iter(query.history(asked).buckets) if asked.bucket else query.points(asked)
        )
        return (_line(_row(one, service)) for one in rows)

    head = _line(_HEAD_BUCKETS if asked.bucket else _HEAD_POINTS)
    return await stream_csv(service, head, begin, f"{asked.device}-{asked.signal}.csv")


_HEAD_POINTS = ("time", "value", "quality")
_HEAD_BUCKETS = ("time", "count", "mean", "least", "greatest", "bad")


def _row(one: HistoryPoint | HistoryBucket, service: WebService) -> tuple[object, ...]:
    at = iso(one.at, service.zone)
    if isinstance(one, HistoryPoint):
        return at, _cell(one.value), one.quality
    return at, one.count, one.mean, one.least, one.greatest, one.bad


def _cell(value: object) -> object:
    """Return a value for a spreadsheet: a device's text that begins as a formula does is quoted."""
    return harmless(value) if isinstance(value, str) else value


def _line(row: tuple[object, ...]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(row)
    return out.getvalue()
