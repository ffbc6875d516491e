"""GET: the history of a signal, as JSON with its gaps, or as a stream of CSV."""

from __future__ import annotations

import asyncio
import csv
import io
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from itertools import islice
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import StreamingResponse

from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.spreadsheet import harmless
from facilityd.query.gaps import DataGap
from facilityd.query.history import HistoryAnswer, HistoryBucket, HistoryPoint, HistoryQuery
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
from facilityd.web.problems import HttpProblem
from facilityd.web.service import Service, WebService, described
from facilityd.web.times import iso, read_bucket, read_instant, read_span

MOST = 20_000
"""Values, buckets or gaps in one JSON answer; CSV has room for more, for it is never whole in memory."""
CHUNK = 2_000
"""Rows that are read at once for a stream."""
MOST_STREAMS = 8
"""Streams at once; each holds a reader open for as long as somebody reads."""
LONGEST_STREAM = 900.0
"""Seconds after which a stream ends, for every client."""
routes = APIRouter(responses=described(401, 403, 404, 422, 429, 503))
_OPEN: set[object] = set()
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
    """Return rows as they are read; the whole is never in memory. Raises UsageError, HttpProblem."""
    if len(_OPEN) >= MOST_STREAMS:
        raise HttpProblem(503, Wording("web.busy"), headers={"Retry-After": "10"})
    mark = object()
    _OPEN.add(mark)
    try:
        rows, close = await asyncio.to_thread(_opened, service, asked)
    except BaseException:
        _OPEN.discard(mark)
        raise

    async def chunks() -> AsyncIterator[str]:
        try:
            yield _lines([_HEAD_BUCKETS if asked.bucket else _HEAD_POINTS])
            end = time.monotonic() + LONGEST_STREAM
            while (page := await asyncio.to_thread(_page, rows)) and time.monotonic() < end:
                yield _lines([_row(one, service) for one in page])
        finally:
            _OPEN.discard(mark)
            close()

    name = f"{asked.device}-{asked.signal}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'} | await service.headers()
    return StreamingResponse(chunks(), media_type="text/csv; charset=utf-8", headers=headers)


def _opened(service: WebService, asked: HistoryQuery) -> tuple[Iterator[HistoryPoint | HistoryBucket], Any]:
    query = service.pool.open()
    try:
        if asked.bucket:
            return iter(query.history(asked).buckets), query.close
        return query.points(asked), query.close
    except BaseException:
        query.close()
        raise


def _page(rows: Iterator[HistoryPoint | HistoryBucket]) -> list[HistoryPoint | HistoryBucket]:
    return list(islice(rows, CHUNK))


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


def _lines(rows: list[tuple[Any, ...]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue()
