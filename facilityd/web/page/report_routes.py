"""*Reports*: what a month or a quarter was, as a page or a workbook to take away."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Response
from fastapi import Path as PathParameter

from facilityd.model.text import Language
from facilityd.query.calendar_span import month_span, period_name, quarter_span
from facilityd.query.instants import show_second
from facilityd.query.site import SiteQuery
from facilityd.report.html import html_page
from facilityd.report.workbook import workbook
from facilityd.supervise.photos import PhotoFolder
from facilityd.web.page.download_routes import WORKBOOK, file_answer
from facilityd.web.page.route import PageRoute
from facilityd.web.page.viewer import SignedIn, require_role
from facilityd.web.service import Service
from facilityd.web.users import UserRole

MONTHS, QUARTERS = 3, 2
"""How many are offered, the present one first."""
KINDS = {"html": "text/html; charset=utf-8", "xlsx": WORKBOOK}
Period = Annotated[str, PathParameter(max_length=7, pattern=r"^\d{4}-(?:\d{2}|Q[1-4])$")]
routes = APIRouter(include_in_schema=False, route_class=PageRoute)


def periods(now: datetime) -> list[str]:
    """Return the months and quarters on offer (``2026-10``, ``2026-Q4``); ``now`` on the site's clock."""
    months = [divmod(now.year * 12 + now.month - 1 - back, 12) for back in range(MONTHS)]
    quarters = [divmod(now.year * 4 + (now.month - 1) // 3 - back, 4) for back in range(QUARTERS)]
    return [f"{year}-{month + 1:02}" for year, month in months] + [f"{y}-Q{n + 1}" for y, n in quarters]


@routes.get("/reports/{period}.{kind}")
async def report(
    service: Service, viewer: SignedIn, period: Period, kind: Literal["html", "xlsx"]
) -> Response:
    """Answer with a report as a file. Raises HttpProblem for who may not read who did what."""
    require_role(viewer, UserRole.CREW)
    content = await service.pool.ask(lambda query: _made(query, period, kind, viewer.language))
    return await file_answer(service, content, KINDS[kind], f"report-{period}.{kind}")


def _made(query: SiteQuery, period: str, kind: str, language: Language) -> bytes:
    """Return the file. Raises UsageError for a month that there is not."""
    zone = ZoneInfo(query.site.timezone)
    month, quarter = ("", period) if "Q" in period else (period, "")
    since, until = quarter_span(quarter, zone) if quarter else month_span(month, zone)
    edges = show_second(since, zone.key)[:16], show_second(until, zone.key)[:16]
    made = query.report(period_name(month, quarter, edges), since, until)
    page = query.words_of_report(made, language)
    if kind == "xlsx":
        return workbook(made, page)
    return html_page(made, page, language, PhotoFolder(Path(query.site.store.path))).encode()


def offered(now: int, zone: str) -> list[str]:
    """Return the periods that are offered at an instant, ns UTC."""
    return periods(datetime.fromisoformat(show_second(now, zone)))
