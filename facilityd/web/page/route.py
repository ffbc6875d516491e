"""How a page tells what is wrong: as a page, or by asking to sign in."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.responses import RedirectResponse

from facilityd.errors import FacilitydError
from facilityd.model.message import spoken
from facilityd.web.access import guard_origin
from facilityd.web.forms import discard, fields_of_refused, text_of
from facilityd.web.page.render import page_response
from facilityd.web.page.viewer import view_of
from facilityd.web.problems import HttpProblem, of_error, of_validation
from facilityd.web.service import service_of

SIGN_IN = 401
WRITTEN = ("comment", "reason", "parts")
"""Fields in which a person writes: given back where they are not carried out."""
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class PageRoute(APIRoute):
    """A route whose problems are read by people in a browser."""

    def get_route_handler(self) -> Handler:
        """Return the handler, which answers every problem with a page."""
        inner = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await inner(request)
            except HttpProblem as error:
                return await problem_page(request, error)
            except FacilitydError as error:
                return await problem_page(request, of_error(error))
            except RequestValidationError as error:
                return await problem_page(request, of_validation(error))

        return handler


async def _refused(request: Request) -> dict[str, str]:
    """Return the fields of the form that was sent; nothing where a page of another site had it sent."""
    if request.method != "POST":
        return {}
    try:
        guard_origin(request)
    except HttpProblem:
        await discard(request)
        return {}
    return await fields_of_refused(request)


async def problem_page(request: Request, error: HttpProblem) -> Response:
    """Return a problem as a page; 401 leads to the sign-in page, and back."""
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    sign_in = f"/sign-in?next={quote(target, safe='/')}"
    if error.status == SIGN_IN and request.method == "GET":
        return RedirectResponse(sign_in, 303)
    fields = await _refused(request)
    service = service_of(request)
    viewer = view_of(request, service, None)
    language = viewer.language
    response = await page_response(
        request, service, viewer, "problem.html", status=error.status, what=spoken(error.what, language),
        hint=spoken(error.hint, language), sign_in=sign_in if error.status == SIGN_IN else "",
        written=[text for name in WRITTEN if (text := text_of(fields, name))],
        back=request.url.path if "csrf" in fields else "",
    )  # fmt: skip
    response.headers.update(error.headers)
    return response
