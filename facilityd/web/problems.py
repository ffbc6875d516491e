"""What is wrong with a request, as RFC 9457 has it: what, where, what to do; in the reader's language.

No traceback and no secret leaves here: what nobody foresaw is in the log of this process, by its number.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Match

from facilityd.errors import FacilitydError, UsageError
from facilityd.model.message import Wording, spoken
from facilityd.model.plain import plain
from facilityd.model.text import LANGUAGES, Language
from facilityd.model.validation import said_of

log = logging.getLogger(__name__)
MEDIA = "application/problem+json"
LONGEST = 1000
NO_METHOD, UNAVAILABLE = 405, 503
LATER = "10"
"""Seconds after which one may come again where nothing else is said."""
_TITLES: dict[int, str] = {
    400: Wording("web.title-bad-request"), 401: Wording("web.title-sign-in"),
    403: Wording("web.title-not-allowed"), 404: Wording("web.title-not-found"),
    405: Wording("web.title-no-such-method"), 408: Wording("web.title-too-slow"),
    409: Wording("web.title-refused"), 410: Wording("web.title-over"), 413: Wording("web.title-too-large"),
    414: Wording("web.title-too-large"), 415: Wording("web.title-no-json"),
    422: Wording("web.title-bad-request"), 429: Wording("web.title-too-many"),
    500: Wording("web.title-unforeseen"), 501: Wording("web.title-unavailable"),
    503: Wording("web.title-unavailable"),
}  # fmt: skip
_MISSING = ("ask.no-device", "ask.has-no-rule", "ask.has-no-signal", "ask.no-task", "ask.number-fault",
            "ask.no-device-with-checklist", "ask.means-no-signal", "ask.no-device-has-checklist")  # fmt: skip
"""What is refused because there is no such thing."""


class ProblemDetails(BaseModel):
    """Why a request was not carried out. ``detail``: what; ``where``: of which part; ``hint``: what to do."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    where: str = ""
    hint: str = ""
    command: str = Field(default="", description="the command that was refused, by its id")


class HttpProblem(Exception):
    """A request that is not carried out."""

    def __init__(
        self, status: int, what: str, *, where: str = "", hint: str = "", command: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(what)
        self.status, self.what, self.where, self.hint = status, what, where, hint
        self.command = command
        self.headers = ({"Retry-After": LATER} if status == UNAVAILABLE else {}) | dict(headers or {})


def language_of(accept: str, otherwise: Language = "en") -> Language:
    """Return the language that an Accept-Language header prefers of the two that there are."""
    best, weight = otherwise, 0.0
    for part in accept[:200].split(","):
        name, _, quality = part.strip().partition(";q=")
        try:
            wanted = float(quality) if quality else 1.0
        except ValueError:
            wanted = 0.0
        found = next((one for one in LANGUAGES if name.strip().lower().startswith(one)), None)
        if found and wanted > weight:
            best, weight = found, wanted
    return best


def problem(error: HttpProblem, language: Language) -> JSONResponse:
    """Return a problem as an answer."""
    said = {
        name: plain(spoken(text, language), LONGEST)
        for name, text in (("detail", error.what), ("where", error.where), ("hint", error.hint))
    }
    title = spoken(_TITLES.get(error.status, _TITLES[500]), language)
    body = ProblemDetails(title=title, status=error.status, command=error.command, **said)
    headers = {"Content-Language": language, "Vary": "Accept-Language"} | error.headers
    content = {name: value for name, value in body.model_dump().items() if value}
    return JSONResponse(content, error.status, headers, MEDIA)


def of_error(error: FacilitydError) -> HttpProblem:
    """Return one of our own errors as a problem; the place of a file of ours is nobody's business."""
    slug = getattr(error.what, "slug", "")
    if slug.startswith("store."):
        log.warning("%s", error)
        if error.where and not Path(error.where).exists():
            return HttpProblem(503, Wording("web.no-journal-yet"), hint=Wording("web.start-daemon"))
        return HttpProblem(503, Wording("web.journal-closed"), hint=Wording("web.look-at-log"))
    status = 404 if slug in _MISSING else 422 if isinstance(error, UsageError) else 503
    return HttpProblem(status, error.what, hint=error.hint)


def of_validation(error: RequestValidationError) -> HttpProblem:
    """Return the first of pydantic's findings."""
    errors: Sequence[Mapping[str, Any]] = error.errors()
    first = errors[0]
    place = [str(part) for part in first["loc"] if part != "body"]
    if first["type"] == "json_invalid":
        return HttpProblem(400, Wording("web.no-json"), where="body")
    if first["type"] == "missing" and not place:
        return HttpProblem(422, Wording("web.no-body"), where="body", hint=Wording("web.send-json"))
    return HttpProblem(422, said_of(first), where=plain(".".join(place), 200))


def unforeseen(error: Exception) -> HttpProblem:
    """Return what a reader is told of what nobody foresaw: a number, under which it is in the log."""
    number = uuid.uuid4().hex[:8]
    log.error("unforeseen %s", number, exc_info=error)
    return HttpProblem(500, Wording("web.unforeseen", number=number), hint=Wording("web.look-at-log"))


def install(app: FastAPI, otherwise: Language) -> None:
    """Let an application tell all of its errors so; ``otherwise``: the language if none is asked for."""

    def answer(request: Request, error: HttpProblem) -> JSONResponse:
        return problem(error, language_of(request.headers.get("accept-language", ""), otherwise))

    async def ours(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, FacilitydError)  # noqa: S101 - registered for nothing else
        return answer(request, of_error(error))

    async def problems(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HttpProblem)  # noqa: S101
        return answer(request, error)

    async def invalid(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        return answer(request, of_validation(error))

    async def routing(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)  # noqa: S101
        words = {404: Wording("web.no-such-path"), 405: Wording("web.no-such-method")}
        what = words.get(error.status_code, Wording("web.not-understood"))
        allowed = {"Allow": ", ".join(_methods(app, request))} if error.status_code == NO_METHOD else {}
        return answer(request, HttpProblem(error.status_code, what, headers=allowed))

    async def bugs(request: Request, error: Exception) -> JSONResponse:
        return answer(request, unforeseen(error))

    app.add_exception_handler(FacilitydError, ours)
    app.add_exception_handler(HttpProblem, problems)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, routing)
    app.add_exception_handler(Exception, bugs)


def _methods(app: FastAPI, request: Request) -> list[str]:
    """Return all methods of an address: several routes may share it, and routers hold others."""
    found = {
        method
        for method in ("DELETE", "GET", "PATCH", "POST", "PUT")
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in app.routes)
    }
    return sorted(found | ({"HEAD"} if "GET" in found else set()))
