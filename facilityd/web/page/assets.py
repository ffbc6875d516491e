"""Files that a page fetches, each under an address that changes with its content."""

from __future__ import annotations

import base64
import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from fastapi import APIRouter, Request, Response
from markupsafe import Markup
from starlette.responses import HTMLResponse

from facilityd.model.message import Wording
from facilityd.web.problems import HttpProblem

_TYPES = {
    "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml",
}  # fmt: skip
FOR_EVER = "public, max-age=31536000, immutable"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src {}; img-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
POLICY = _POLICY.format("'self'")
"""Everything is of this address, and nothing stands within a page that runs."""
STYLES = ("style.css", "drawings.css")
"""What stands within each page, in this order: a style of its own would cost one more way there and back."""
LEVEL = 5
"""How hard a page is packed: what more would save costs more time than it takes to send."""
routes = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file; ``packed`` is its gzip."""

    name: str
    content: bytes
    packed: bytes
    media: str
    digest: str

    @property
    def address(self) -> str:
        """Where it is fetched."""
        return f"/static/{self.digest}/{self.name}"

    def answer(self, request: Request, caching: str, **headers: str) -> Response:
        """Return it, packed where the browser takes that."""
        takes = "gzip" in request.headers.get("accept-encoding", "")
        own = {"Cache-Control": caching, "Vary": "Accept-Encoding", "Content-Security-Policy": POLICY}
        if takes:
            own["Content-Encoding"] = "gzip"
        return Response(self.packed if takes else self.content, 200, own | headers, self.media)


@cache
def static_files() -> dict[str, StaticFile]:
    """Return what is shipped, by name."""
    found = {}
    for one in files("facilityd.web.page").joinpath("static").iterdir():
        content = one.read_bytes()
        digest = hashlib.sha256(content).hexdigest()[:12]
        media = _TYPES[one.name.rpartition(".")[2]]
        found[one.name] = StaticFile(one.name, content, gzip.compress(content, mtime=0), media, digest)
    return found


@cache
def version_of_files() -> str:
    """Return what changes with any of them: a page that is open for weeks sees by it that it is outdated."""
    return hashlib.sha256(
        "".join(sorted(one.digest for one in static_files().values())).encode()
    ).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class PageStyle:
    """The style that stands within a page; its policy names it by its digest and allows no other."""

    text: Markup
    policy: str


@cache
def page_style(*more: str) -> PageStyle:
    """Return the style of all pages, and ``more`` that a page has of its own (names of files)."""
    text = "".join(static_files()[name].content.decode() for name in (*STYLES, *more))
    proof = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return PageStyle(Markup(text), _POLICY.format(f"'sha256-{proof}'"))  # noqa: S704 - our own file


def packed_page(
    request: Request, text: str, status: int, headers: dict[str, str], style: PageStyle
) -> Response:
    """Return a page, packed where the browser takes that."""
    own = {"Vary": "Cookie, Accept-Encoding", "Content-Security-Policy": style.policy}
    body = text.encode()
    if "gzip" in request.headers.get("accept-encoding", ""):
        body, own["Content-Encoding"] = gzip.compress(body, LEVEL, mtime=0), "gzip"
    return HTMLResponse(body, status, headers | own)


@routes.get("/static/{digest}/{name}")
async def static(request: Request, digest: str, name: str) -> Response:
    """Answer with a shipped file; its name is looked up and never a path."""
    found = static_files().get(name)
    if found is None:
        raise HttpProblem(404, Wording("web.no-such-path"))
    return found.answer(request, FOR_EVER if digest == found.digest else "no-cache")


@routes.get("/sw.js")
async def service_worker(request: Request) -> Response:
    """Answer with the service worker, which a browser asks for anew each day."""
    return static_files()["sw.js"].answer(request, "no-cache")


@routes.get("/favicon.ico")
async def favicon(request: Request) -> Response:
    """Answer with the icon under its old name."""
    return static_files()["icon.svg"].answer(request, FOR_EVER)
