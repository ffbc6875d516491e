"""Who asks, and whether they may: a session's cookie, a token, or nobody."""

from __future__ import annotations

import hmac
import ipaddress
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param

from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.web.problems import HttpProblem
from facilityd.web.service import WebService, service_of
from facilityd.web.sessions import csrf_token
from facilityd.web.users import Scope, UserRole, UserTable, token_of

COOKIE, SECURE_COOKIE = "facilityd-session", "__Host-facilityd-session"
DEVICE_COOKIE = "facilityd-browser"
CSRF = "X-CSRF-Token"
_SAFE = ("GET", "HEAD", "OPTIONS")
_cookie = APIKeyCookie(name=COOKIE, auto_error=False, description="from POST /api/v1/session")
_bearer = HTTPBearer(auto_error=False, description="from `facilityd user token`")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. ``person`` is who they are in the audit; ``origin`` from where; ``session`` its cookie."""

    name: str
    role: UserRole
    scopes: frozenset[Scope]
    person: str
    origin: str
    session: str = ""


NOBODY = Caller("", UserRole.VIEWER, frozenset({"read", "metrics"}), "", "")
"""A client on this machine itself, as long as there are no users at all."""


def address_of(request: Request) -> str:
    """Return from where a request comes."""
    return request.client.host if request.client else "?"


def identify(request: Request, service: WebService) -> Caller | None:
    """Return who asks; None where they have not signed in. Raises HttpProblem for a token that is none."""
    table = users_of(service)
    scheme, token = get_authorization_scheme_param(request.headers.get("authorization"))
    if scheme:
        return _by_token(request, table, token if scheme.lower() == "bearer" else "")
    name = request.cookies.get(SECURE_COOKIE) or request.cookies.get(COOKIE) or ""
    found = service.sessions.find(name, table) if name else None
    if found:
        user = table.users[found.user]
        origin = f"web {address_of(request)}"
        scopes: frozenset[Scope] = frozenset(("read", "command", "metrics"))
        return Caller(found.user, user.rank, scopes, user.person or found.user, origin, name)
    if not table.users and not service.had_users and _is_local(address_of(request)):
        return NOBODY
    return None


def users_of(service: WebService) -> UserTable:
    """Return the users. Raises HttpProblem where their file cannot be trusted: then nobody gets in."""
    try:
        table = service.users.read()
    except UsageError as error:
        raise HttpProblem(503, Wording("web.no-users-readable"), hint=Wording("web.look-at-log")) from error
    service.had_users = service.had_users or bool(table.users)
    return table


def _by_token(request: Request, table: UserTable, token: str) -> Caller:
    entry = token_of(table, token, time.time())
    user = table.users.get(entry.user) if entry else None
    if entry is None or user is None:
        raise HttpProblem(401, Wording("web.token-unknown"), headers={"WWW-Authenticate": "Bearer"})
    origin = f"token {address_of(request)}"
    return Caller(entry.user, user.rank, frozenset(entry.scopes), user.person or entry.user, origin)


def _is_local(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def require(role: UserRole, scope: Scope) -> Callable[..., Awaitable[Caller]]:
    """Return a dependency that lets in who has a role, and a scope where they come with a token."""

    async def dependency(
        request: Request,
        service: Annotated[WebService, Depends(service_of)],
        _: Annotated[str | None, Depends(_cookie)],
        __: Annotated[object, Depends(_bearer)],
    ) -> Caller:
        caller = identify(request, service)
        if caller is None:
            hint = Wording("web.sign-in-hint")
            raise HttpProblem(401, Wording("web.sign-in"), hint=hint, headers={"WWW-Authenticate": "Bearer"})
        if request.method not in _SAFE:
            guard_origin(request)
            if caller.session:
                _check_csrf(request, caller.session)
        if caller.role < role:
            needs = role.name.lower()
            raise HttpProblem(403, Wording("web.role-too-low", role=caller.role.name.lower(), needs=needs))
        if scope not in caller.scopes:
            raise HttpProblem(403, Wording("web.scope-missing", scope=scope))
        return caller

    return dependency


def guard_origin(request: Request) -> None:
    """Refuse what a page of another site had a browser send. Raises HttpProblem."""
    origin = request.headers.get("origin", "")
    site = request.headers.get("sec-fetch-site", "same-origin")
    foreign = bool(origin) and urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower()
    if foreign or site not in ("same-origin", "none"):
        raise HttpProblem(403, Wording("web.foreign-page"))


def _check_csrf(request: Request, session: str) -> None:
    given = request.headers.get(CSRF, "")
    if not hmac.compare_digest(given.encode(), csrf_token(session).encode()):
        raise HttpProblem(403, Wording("web.csrf"), hint=Wording("web.csrf-hint", header=CSRF))


READ = Depends(require(UserRole.VIEWER, "read"))
METRICS = Depends(require(UserRole.VIEWER, "metrics"))
CREW = Depends(require(UserRole.CREW, "read"))
ENGINEER = Depends(require(UserRole.ENGINEER, "read"))
Commander = Annotated[Caller, Depends(require(UserRole.CREW, "command"))]
Reader = Annotated[Caller, Depends(require(UserRole.VIEWER, "read"))]
