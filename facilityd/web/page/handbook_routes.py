"""*Handbook*: the pages of the documentation, and what is found in them, without a network."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from facilityd.model.language import Language
from facilityd.model.message import Wording
from facilityd.query.handbook import FOLDER, HandbookPage, HandbookSection, handbook
from facilityd.web.page.markdown import PICTURE, HandbookMarkdown
from facilityd.web.page.render import page_response
from facilityd.web.page.route import PageRoute
from facilityd.web.page.viewer import Reading
from facilityd.web.page.words import word
from facilityd.web.problems import HttpProblem
from facilityd.web.service import Service

KINDS = {".png": "image/png", ".svg": "image/svg+xml"}
STYLES = ("handbook.css",)
MOST = 50
CHAPTER = 2
"""Level of the headings that begin one."""
LONGEST_QUERY = 200
routes = APIRouter(include_in_schema=False, route_class=PageRoute)


@cache
def _html(name: str, language: Language, part: int) -> Markup:
    """Return a page as HTML; of a long one a chapter by its number, 0 what is before the first."""
    book = handbook()
    page = book.pages[name]
    text = page.text(language)
    if page.long:
        text = "\n".join(
            line
            for number, section in numbered(page, language)
            if number == part
            for line in (f"{'#' * section.level} {section.title}", *section.lines)
        )
    return HandbookMarkdown(book, word("handbook.wide", language)).html(text)


def numbered(page: HandbookPage, language: Language) -> Iterator[tuple[int, HandbookSection]]:
    """Iterate over a page's sections with the number of their chapter, the same in every language."""
    number = 0
    for section in page.sections(language):
        number += section.level == CHAPTER
        yield number, section


def chapters(page: HandbookPage, language: Language) -> list[HandbookSection]:
    """Return the chapters of a long page; of another none."""
    return [one for _, one in numbered(page, language) if page.long and one.level == CHAPTER]


def address(page: HandbookPage, language: Language, anchor: str) -> str:
    """Return where a section is read."""
    part = next((n for n, one in numbered(page, language) if page.long and one.anchor == anchor), 0)
    return f"/handbook/{page.name}" + (f"?part={part}" if part else "") + f"#{anchor}"


@routes.get("/handbook")
async def show(service: Service, request: Request, viewer: Reading, q: str = "") -> Response:
    """Show what there is to read, or what was found."""
    words = q[:LONGEST_QUERY].split()
    language = viewer.language
    hits = await asyncio.to_thread(handbook().search, words, language) if words else []
    return await page_response(
        request, service, viewer, "handbook.html", styles=STYLES, groups=handbook().groups, q=" ".join(words),
        hits=[(hit, address(hit.page, language, hit.section.anchor)) for hit in hits[:MOST]],
        more=max(0, len(hits) - MOST), page=None,
    )  # fmt: skip


@routes.get("/handbook/picture/{name}")
async def picture(_: Reading, name: str) -> Response:
    """Show a picture of a page."""
    path = FOLDER / name
    if not PICTURE.fullmatch(name) or not await asyncio.to_thread(path.is_file):
        raise HttpProblem(404, Wording("web.no-such-path"))
    body = await asyncio.to_thread(Path(path).read_bytes)
    return Response(body, media_type=KINDS[path.suffix], headers={"Cache-Control": "private, max-age=3600"})


@routes.get("/handbook/{name}")
async def read(service: Service, request: Request, viewer: Reading, name: str, part: int = 0) -> Response:
    """Show a page, of a long one a chapter."""
    page, language = handbook().pages.get(name), viewer.language
    if page is None:
        raise HttpProblem(404, Wording("web.no-such-path"))
    listed = await asyncio.to_thread(chapters, page, language)
    if not 0 <= part <= len(listed):
        raise HttpProblem(404, Wording("web.no-such-path"))
    title = await asyncio.to_thread(page.title, language)
    html = await asyncio.to_thread(_html, name, language, part)
    return await page_response(
        request, service, viewer, "handbook.html", styles=STYLES, page=page, title=title,
        html=html, chapters=listed, part=part, foreign=page.language(language) != language, q="",
    )  # fmt: skip
