"""A signal's history as a stream, in CSV, Parquet or Arrow."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from importlib import import_module
from typing import Any, Literal

from fastapi import Response

from facilityd.model.message import Wording
from facilityd.model.spreadsheet import harmless
from facilityd.query.arrow_table import ArrowForm, ArrowTable, arrow_writer
from facilityd.query.export import ExportQuery, export_rows
from facilityd.query.history import HistoryBucket, HistoryPoint, HistoryQuery
from facilityd.query.site import SiteQuery
from facilityd.web.problems import HttpProblem
from facilityd.web.service import WebService
from facilityd.web.streams import stream_csv, stream_file
from facilityd.web.times import iso

StreamForm = Literal["csv", "parquet", "arrow"]
GROUP = 16_384
"""Rows of a group of Parquet or Arrow: several are streamed at once, so fewer than a file has."""
_ARROW: dict[StreamForm, tuple[ArrowForm, str]] = {
    "parquet": ("parquet", "application/vnd.apache.parquet"),
    "arrow": ("stream", "application/vnd.apache.arrow.stream"),
}
STREAMED = ("text/csv", *(media for _, media in _ARROW.values()))


async def stream(service: WebService, asked: HistoryQuery, form: StreamForm) -> Response:
    """Return rows as they are read. Raises UsageError, HttpProblem."""
    name = f"{asked.device}-{asked.signal}.{form}"
    if form == "csv":
        head = _line(_HEAD_BUCKETS if asked.bucket else _HEAD_POINTS)
        return await stream_csv(service, head, lambda query: _csv(query, service, asked), name)
    kind, media = _ARROW[form]
    return await stream_file(service, lambda query: _arrow(query, asked, kind), name, media)


_HEAD_POINTS = ("time", "value", "quality")
_HEAD_BUCKETS = ("time", "count", "mean", "least", "greatest", "bad")


def _csv(query: SiteQuery, service: WebService, asked: HistoryQuery) -> Iterator[str]:
    rows: Iterator[HistoryPoint | HistoryBucket] = (
        iter(query.history(asked).buckets) if asked.bucket else query.points(asked)
    )
    return (_line(_row(one, service)) for one in rows)


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


def _arrow(query: SiteQuery, asked: HistoryQuery, form: ArrowForm) -> Iterator[bytes]:
    """Return the rows of an export. Raises UsageError, and HttpProblem where pyarrow is not installed."""
    query.points(asked)  # refuses what there is not
    try:
        import_module("pyarrow")
    except ImportError as error:
        raise HttpProblem(501, Wording("web.no-arrow"), hint=Wording("web.install-arrow")) from error
    wanted = ExportQuery(((asked.device, asked.signal),), asked.since, asked.until, asked.bucket)
    table = ArrowTable(query.site, wanted)
    return _written(table, table.batches(export_rows(query.site, query.journal, wanted), GROUP), form)


def _written(table: ArrowTable, batches: Iterator[Any], form: ArrowForm) -> Iterator[bytes]:
    out = _Taken()
    with arrow_writer(out, table, form) as writer:
        for batch in batches:
            writer.write_batch(batch)
            if part := out.take():
                yield part
    yield out.take()


class _Taken(io.RawIOBase):
    """A file out of which what was written is taken, bit by bit."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        """Return that it is: pyarrow asks."""
        return True

    def write(self, data: Any) -> int:
        """Keep bytes until they are taken; return how many."""
        self._parts.append(bytes(data))
        self._size += len(self._parts[-1])
        return len(self._parts[-1])

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self._size

    def take(self) -> bytes:
        """Return what was written since."""
        parts, self._parts = self._parts, []
        return b"".join(parts)
