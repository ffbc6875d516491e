"""What *History* shows, as files to take away: every value, a workbook, the charts as a drawing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO

from fastapi import APIRouter, Response

from facilityd.model.text import Language
from facilityd.query.export import ExportQuery, export_rows
from facilityd.query.export_text import ExportText, csv_line, heads
from facilityd.query.history import require_signal
from facilityd.query.instants import show_second
from facilityd.query.occurrences import OccurrenceQuery
from facilityd.query.plot_legend import legend, nothing
from facilityd.query.plot_series import history_panel
from facilityd.query.site import SiteQuery
from facilityd.query.workbook import write_workbook
from facilityd.report.line_svg import panels_svg
from facilityd.web.page.chart_axes import bucket_of
from facilityd.web.page.history_routes import HistoryBoard, Shown, ShownSpan, read_board
from facilityd.web.page.route import PageRoute
from facilityd.web.page.viewer import SignedIn
from facilityd.web.service import Service, WebService
from facilityd.web.streams import stream_csv

MOST_ROWS = 20_000
"""Rows of a workbook; where there are more values it has what is drawn: mean, least and greatest."""
_BOM = "\N{BYTE ORDER MARK}"
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
routes = APIRouter(include_in_schema=False, route_class=PageRoute)


@routes.get("/history/file.csv")
async def as_csv(service: Service, viewer: SignedIn, shown: Shown) -> Response:
    """Answer with every value of the signals, as a spreadsheet for people opens it."""
    asked = ExportQuery(shown.names, shown.since, shown.until)

    def begin(query: SiteQuery) -> Iterator[str]:
        for one in shown.names:
            require_signal(query.site, *one)
        text = ExportText(service.site, asked, viewer.language, people=True)
        return (csv_line(text.text(row)) for row in export_rows(service.site, query.journal, asked))

    return await stream_csv(
        service, _BOM + csv_line(heads(asked, viewer.language)), begin, _name(shown, "csv")
    )


@routes.get("/history/file.xlsx")
async def as_workbook(service: Service, viewer: SignedIn, shown: Shown) -> Response:
    """Answer with a workbook: every value where there are not too many, else what is drawn."""
    content = await service.pool.ask(lambda query: _workbook(service, query, shown, viewer.language))
    return await file_answer(service, content, WORKBOOK, _name(shown, "xlsx"))


@routes.get("/history/file.svg")
async def as_drawing(service: Service, viewer: SignedIn, shown: Shown) -> Response:
    """Answer with the charts as one drawing that needs nothing else."""
    text = await service.pool.ask(lambda query: _drawing(query, shown, viewer.language))
    return await file_answer(service, text.encode(), "image/svg+xml", _name(shown, "svg"))


def _board(query: SiteQuery, shown: ShownSpan) -> HistoryBoard:
    return read_board(query, shown.names, shown.since, shown.until)


def _workbook(service: WebService, query: SiteQuery, shown: ShownSpan, language: Language) -> bytes:
    """Return the file. Raises UsageError."""
    buckets = [one for answer in _board(query, shown).answers for one in answer.buckets]
    asked = ExportQuery(shown.names, shown.since, shown.until)
    if sum(one.count + one.bad for one in buckets) > MOST_ROWS:
        asked = replace(asked, bucket=bucket_of(shown.since, shown.until))
    text, out = ExportText(service.site, asked, language, people=True), BytesIO()
    rows = export_rows(service.site, query.journal, asked)
    write_workbook(out, heads(asked, language), (text.cells(row) for row in rows))
    return out.getvalue()


def _drawing(query: SiteQuery, shown: ShownSpan, language: Language) -> str:
    """Return the file, with the alarms of the devices. Raises UsageError."""
    answers, site = _board(query, shown).answers, query.site
    names = {name: one.name.in_(language) for name, one in site.devices.items()}
    devices = tuple(dict.fromkeys(device for device, _ in shown.names))
    rows = query.occurrences(OccurrenceQuery(shown.since, shown.until, devices))
    panels = [
        history_panel(
            one, [row for row in rows if row.device == one.query.device], language,
            device=names.get(one.query.device, ""),
        )
        for one in answers
    ]  # fmt: skip
    edges = " – ".join(show_second(at, site.timezone)[:16] for at in (shown.since, shown.until))
    foot = legend([one for one in panels if not one.empty], language)
    return panels_svg(f"{site.name.in_(language)}  {edges}", panels, nothing(language), foot)


async def file_answer(service: WebService, content: bytes, media: str, name: str) -> Response:
    """Return a file to take away."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'} | await service.headers()
    return Response(content, 200, headers, media)


def _name(shown: ShownSpan, ending: str) -> str:
    """Return a name that tells the span: no name of a device goes into it."""
    edges = (
        show_second(at, shown.zone)[:16].replace(":", "").replace(" ", "-")
        for at in (shown.since, shown.until)
    )
    return f"history-{'-to-'.join(edges)}.{ending}"
