"""GET: the history of a signal, as JSON with its gaps, or as a stream."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response

from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.query.gaps import DataGap
from facilityd.query.history import HistoryAnswer, HistoryQuery
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
from facilityd.web.history_stream import STREAMED, StreamForm, stream
from facilityd.web.service import Service, WebService, described
from facilityd.web.times import iso, read_bucket, read_instant, read_span

MOST = 20_000
"""Values, buckets or gaps in one JSON answer; streams, never whole in memory, have room for more."""
routes = APIRouter(responses=described(401, 403, 404, 422, 429, 501, 503))
_STREAMS: dict[str, Any] = {
    "content": {media: {"schema": {"type": "string", "format": "binary"}} for media in STREAMED}
}


@routes.get(
    "/devices/{device}/signals/{signal}/history",
    tags=["history"],
    dependencies=[READ],
    responses={200: _STREAMS},
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
    form: Annotated[
        Literal["json"] | StreamForm, Query(alias="format", description="all but json come as streams")
    ] = "json",
) -> HistoryReport | Response:
    """One signal over time, with its gaps; in buckets the mean is over time, and extremes survive."""
    now, zone = service.pool.now(), service.site.timezone
    edges = read_instant(since, zone, now), read_instant(until, zone, now)
    asked = HistoryQuery(device, signal, *edges, read_bucket(bucket), most=MOST)
    if form != "json":
        return await stream(service, asked, form)
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
        missing_s=gap.missing / 1e9, code=None if gap.reason is None else str(gap.reason),
        reason=BothTexts(zh=text.zh, en=text.en),
    )  # fmt: skip
