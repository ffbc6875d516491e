"""A table that is sent as it is read; the whole is never in memory, and only a few are sent at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import chain, islice

from fastapi import Response
from fastapi.responses import StreamingResponse

from facilityd.model.message import Wording
from facilityd.query.site import SiteQuery
from facilityd.web.problems import HttpProblem
from facilityd.web.service import WebService

CHUNK = 2_000
"""Lines that are read at once."""
MOST_STREAMS = 8
"""Streams at once; each holds a reader open for as long as somebody reads."""
LONGEST_STREAM = 900.0
"""Seconds after which a stream is cut off, for every client."""
_OPEN: set[object] = set()


async def stream_csv(
    service: WebService, head: str, begin: Callable[[SiteQuery], Iterator[str]], name: str
) -> Response:
    """Return the lines of a table as a file of that name; ``begin`` opens them and raises what is wrong.

    Raises UsageError and HttpProblem.
    """

    def parts(query: SiteQuery) -> Iterator[bytes]:
        lines = begin(query)
        some = iter(lambda: "".join(islice(lines, CHUNK)), "")
        return (one.encode() for one in chain([head], some))

    return await stream_file(service, parts, name, "text/csv; charset=utf-8")


async def stream_file(
    service: WebService, begin: Callable[[SiteQuery], Iterator[bytes]], name: str, media: str
) -> Response:
    """Return the parts of a file, none of them empty, as they are made; see ``stream_csv``."""
    if len(_OPEN) >= MOST_STREAMS:
        raise HttpProblem(503, Wording("web.busy"), headers={"Retry-After": "10"})
    mark = object()
    _OPEN.add(mark)
    try:
        query, parts = await asyncio.to_thread(_opened, service, begin)
    except BaseException:
        _OPEN.discard(mark)
        raise

    async def chunks() -> AsyncIterator[bytes]:
        end = time.monotonic() + LONGEST_STREAM
        try:
            while part := await asyncio.to_thread(next, parts, b""):
                if time.monotonic() > end:
                    # An answer that merely stopped would be taken for all that there is.
                    raise HttpProblem(503, Wording("web.stream-too-long", seconds=LONGEST_STREAM))
                yield part
        finally:
            _OPEN.discard(mark)
            query.close()

    headers = {"Content-Disposition": f'attachment; filename="{name}"'} | await service.headers()
    return StreamingResponse(chunks(), media_type=media, headers=headers)


def _opened(
    service: WebService, begin: Callable[[SiteQuery], Iterator[bytes]]
) -> tuple[SiteQuery, Iterator[bytes]]:
    query = service.pool.open()
    try:
        return query, begin(query)
    except BaseException:
        query.close()
        raise
