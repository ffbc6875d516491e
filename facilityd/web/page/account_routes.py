"""Signing in and out in a browser, and the first account of a site that has none."""

from __future__ import annotations

import asyncio
import secrets

from fastapi import APIRouter, Request, Response
from pydantic import TypeAdapter, ValidationError
from starlette.responses import RedirectResponse

from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.web.access import address_of, guard_origin, users_of
from facilityd.web.forms import read_form, text_of
from facilityd.web.lockout import LoginThrottle
from facilityd.web.page.render import page_response
from facilityd.web.page.route import PageRoute
from facilityd.web.page.viewer import Anybody, PageViewer, own_path
from facilityd.web.passwords import hashed
from facilityd.web.problems import HttpProblem
from facilityd.web.service import Service, WebService
from facilityd.web.session_routes import begin_session, end_session, throttled
from facilityd.web.users import LONGEST_PASSWORD, UserEntry, UserName

SETUP = "first-account"
"""The name under which wrong codes are counted."""
_SHOWN = ("code", "user", "person")
"""Fields that are filled in again after a mistake."""
routes = APIRouter(include_in_schema=False, route_class=PageRoute)


@routes.get("/sign-in")
async def ask(service: Service, request: Request, viewer: Anybody) -> Response:
    """Ask who it is; where nobody has an account, lead to the first."""
    if _has_nobody(service):
        return RedirectResponse("/first-account", 303)
    return await _sign_in_page(service, request, viewer, own_path(request.query_params.get("next", "/")))


@routes.post("/sign-in")
async def sign_in(service: Service, request: Request, viewer: Anybody) -> Response:
    """Sign somebody in, and lead them where they wanted to go."""
    fields = await read_form(request)
    target = own_path(fields.get("next", "/"))
    response = RedirectResponse(target, 303)
    try:
        name, password = text_of(fields, "user"), fields.get("password", "")[: LONGEST_PASSWORD + 1]
        await begin_session(service, request, response, name, password)
    except HttpProblem as error:
        return await _sign_in_page(service, request, viewer, target, error)
    return response


@routes.post("/sign-out")
async def sign_out(service: Service, request: Request, viewer: Anybody) -> Response:
    """End the session, and let the browser forget every page that it kept."""
    guard_origin(request)
    response = RedirectResponse("/sign-in", 303)
    if viewer.caller and viewer.caller.session:
        end_session(service, response, viewer.caller.session)
    response.headers["Clear-Site-Data"] = '"storage"'
    return response


async def _sign_in_page(
    service: WebService, request: Request, viewer: PageViewer, target: str, error: HttpProblem | None = None
) -> Response:
    response = await page_response(
        request, service, viewer, "sign_in.html", status=error.status if error else 200, target=target,
        error=error,
    )  # fmt: skip
    response.headers.update(error.headers if error else {})
    return response


@routes.get("/first-account")
async def first_account(service: Service, request: Request, viewer: Anybody) -> Response:
    """Walk somebody through the first account; where there is one, there is nothing to do."""
    if not _has_nobody(service):
        return RedirectResponse("/sign-in", 303)
    given = {name: text_of(request.query_params, name) for name in _SHOWN}
    return await page_response(request, service, viewer, "first_account.html", error=None, given=given)


@routes.post("/first-account")
async def make_first_account(service: Service, request: Request, viewer: Anybody) -> Response:
    """Make the first user, an admin; the code that the window of `serve` shows is required."""
    fields = await read_form(request)
    response = RedirectResponse("/", 303)
    try:
        name = await _make(service, request, fields)
        await begin_session(service, request, response, name, fields["password"])
    except (HttpProblem, UsageError) as error:
        problem = error if isinstance(error, HttpProblem) else HttpProblem(422, error.what, hint=error.hint)
        return await page_response(
            request,
            service,
            viewer,
            "first_account.html",
            status=problem.status,
            error=problem,
            given={name: text_of(fields, name) for name in _SHOWN},
        )
    return response


def _has_nobody(service: WebService) -> bool:
    """Return whether a first account may be made: somebody may have been added at the keyboard meanwhile."""
    return bool(service.setup_code) and not users_of(service).users


async def _make(service: WebService, request: Request, fields: dict[str, str]) -> str:
    """Return the name of the user that was made. Raises HttpProblem and UsageError."""
    guard_origin(request)
    buckets = LoginThrottle.buckets(SETUP, address_of(request), "")
    throttled(service, service.throttle.wait(buckets))
    code = text_of(fields, "code").lower()
    known = service.setup_code if _has_nobody(service) else ""
    if not known or not secrets.compare_digest(code.encode(), known.encode()):
        service.throttle.failed(buckets)
        raise HttpProblem(403, Wording("web.setup-code"))
    name, person = text_of(fields, "user"), text_of(fields, "person")
    try:
        TypeAdapter(UserName).validate_python(name)
    except ValidationError as error:
        raise UsageError(Wording("web.user-name", name=name)) from error
    if fields.get("password", "") != fields.get("again", ""):
        raise UsageError(Wording("web.password-differs"))
    entry = UserEntry(
        role="admin", password=await asyncio.to_thread(hashed, fields.get("password", "")),
        serial=secrets.token_hex(8), person=person if person in service.site.recipients else "",
    )  # fmt: skip
    with service.users.changing() as change:
        if change.before.users:
            raise HttpProblem(409, Wording("web.setup-code"))
        change.user(name, entry)
    service.setup_code, service.had_users = "", True
    return name
