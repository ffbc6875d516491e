"""Signing in and out."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from facilityd.model.message import Wording
from facilityd.web.access import (
    COOKIE,
    DEVICE_COOKIE,
    SECURE_COOKIE,
    Reader,
    address_of,
    guard_origin,
    users_of,
)
from facilityd.web.answer_base import Answer, When
from facilityd.web.lockout import LoginThrottle
from facilityd.web.problems import HttpProblem
from facilityd.web.service import Service, WebService, described
from facilityd.web.sessions import csrf_token
from facilityd.web.times import iso
from facilityd.web.users import LONGEST_PASSWORD, UserEntry

YEAR = 365 * 86_400
routes = APIRouter()


class SignIn(BaseModel):
    """Who somebody is, and their password."""

    model_config = ConfigDict(extra="forbid")
    user: Annotated[str, Field(max_length=63)]
    password: Annotated[str, Field(max_length=LONGEST_PASSWORD)]


class SessionAnswer(Answer):
    """Who is signed in. ``csrf``: to be sent as X-CSRF-Token with whatever changes something."""

    user: str
    role: str
    person: str
    csrf: str
    until: When | None = None


@routes.post("/session", tags=["people"], status_code=201, responses=described(401, 403, 415, 422, 429, 503))
async def sign_in(service: Service, request: Request, response: Response, given: SignIn) -> SessionAnswer:
    """Sign in: sets the session's cookie. After some failures one waits."""
    name = given.user
    user, session, until = await begin_session(service, request, response, name, given.password)
    return SessionAnswer(
        user=name, role=user.role, person=user.person or name, csrf=csrf_token(session),
        until=iso(round(until) * 10**9, service.zone),
    )  # fmt: skip


async def begin_session(
    service: WebService, request: Request, response: Response, name: str, password: str
) -> tuple[UserEntry, str, float]:
    """Sign somebody in and set their cookies; return the user, the session and until when it lasts (s).

    Raises HttpProblem for a wrong password, and for too many of them.
    """
    guard_origin(request)
    table = users_of(service)
    browser = _browser(request, name, service)
    buckets = LoginThrottle.buckets(name[:63], address_of(request), browser)
    throttled(service, service.throttle.wait(buckets))
    user = table.users.get(name)
    service.throttle.failed(buckets)  # counted before it is checked: many at once are not one
    if not await service.passwords.verify(user.password if user else None, password) or user is None:
        raise HttpProblem(401, Wording("web.wrong-password"))
    service.throttle.succeeded(buckets)
    session, until = service.sessions.begin(name, user.serial)
    lasts = int(until - service.now_s())
    _set(response, service, SECURE_COOKIE if service.secure else COOKIE, session, lasts)
    known = service.browsers.name(name, browser or secrets.token_urlsafe(12))
    _set(response, service, DEVICE_COOKIE, known, YEAR)
    return user, session, until


def end_session(service: WebService, response: Response, session: str) -> None:
    """End a session, by its cookie."""
    service.sessions.end(session)
    response.delete_cookie(SECURE_COOKIE if service.secure else COOKIE, path="/", secure=service.secure)


@routes.get("/session", tags=["people"], responses=described(401, 403, 429, 503))
async def who_am_i(service: Service, caller: Reader) -> SessionAnswer:
    """Who is signed in, with the token for changes."""
    csrf = csrf_token(caller.session) if caller.session else ""
    found = service.sessions.find(caller.session, users_of(service)) if caller.session else None
    return SessionAnswer(
        user=caller.name, role=caller.role.name.lower(), person=caller.person, csrf=csrf,
        until=iso(round(found.until) * 10**9, service.zone) if found else None,
    )  # fmt: skip


@routes.delete("/session", tags=["people"], status_code=204, responses=described(401, 403, 429, 503))
async def sign_out(service: Service, caller: Reader, response: Response) -> None:
    """Sign out: the session ends, and its cookie with it."""
    end_session(service, response, caller.session)


def throttled(service: WebService, wait: float) -> None:
    """Raise HttpProblem where one has to wait, or too many wait already."""
    if wait or service.passwords.full:
        seconds = max(1, round(wait))
        raise HttpProblem(
            429, Wording("web.locked", seconds=seconds), headers={"Retry-After": str(seconds)}
        )  # fmt: skip


def _browser(request: Request, user: str, service: WebService) -> str:
    """Return the name of a browser in which this user has signed in before; "" for a stranger's."""
    return service.browsers.read(user, request.cookies.get(DEVICE_COOKIE, "")[:200])


def _set(response: Response, service: WebService, name: str, value: str, lasts: int) -> None:
    response.set_cookie(
        name, value, max_age=lasts, path="/", secure=service.secure, httponly=True, samesite="strict"
    )
