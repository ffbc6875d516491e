"""What all routes share, and how they get at it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

from fastapi import Depends, Request, Response

from facilityd.config.site import Site
from facilityd.query.liveness import Liveness
from facilityd.query.site import SiteQuery
from facilityd.supervise.inbox import Inbox
from facilityd.supervise.photos import PhotoFolder
from facilityd.web.browsers import KnownBrowsers
from facilityd.web.lockout import LoginThrottle
from facilityd.web.passwords import PasswordCheck
from facilityd.web.pool import QueryPool
from facilityd.web.problems import ProblemDetails
from facilityd.web.sessions import SessionStore
from facilityd.web.times import iso, with_offsets
from facilityd.web.users import UserFile

if TYPE_CHECKING:
    from facilityd.web.events import EventHub

T = TypeVar("T")
FRESH = 1.0
"""For so many s the daemon's state is not asked again."""
STATE, LAST_WORD = "Facilityd-Daemon", "Facilityd-Last-Word"
"""Headers of every answer: whether the daemon watches, and when it last said a word."""


@dataclass(slots=True)
class WebService:
    """Reads the journal through ``pool``, knows its ``users``, leaves commands in the ``inbox``.

    ``secure``: browsers reach it over TLS. ``had_users``: nobody gets in who has not signed in, also where
    the users are gone. ``setup_code``: who knows it may make the first user; "" once there is one.
    """

    pool: QueryPool
    inbox: Inbox
    users: UserFile
    sessions: SessionStore
    browsers: KnownBrowsers
    key: bytes = field(repr=False)
    secure: bool = False
    had_users: bool = False
    setup_code: str = field(default="", repr=False)
    events: EventHub = field(init=False)
    photos: PhotoFolder = field(init=False)
    passwords: PasswordCheck = field(default_factory=PasswordCheck)
    throttle: LoginThrottle = field(default_factory=LoginThrottle)
    _liveness: Liveness | None = None
    _asked: float = field(default=-FRESH)

    def now_s(self) -> float:
        """Return the present instant, s since 1970."""
        return time.time()

    def close(self) -> None:
        """Ask and check nothing any more."""
        self.pool.close()
        self.passwords.close()

    @property
    def site(self) -> Site:
        """The site as the daemon runs it."""
        return self.pool.site

    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone."""
        return ZoneInfo(self.site.timezone)

    async def plain(self, question: Callable[[SiteQuery], Any]) -> Any:
        """Return an answer of the read model as HTTP tells it. Raises HttpProblem and UsageError."""
        return with_offsets(await self.pool.ask(question), self.zone)

    async def liveness(self) -> Liveness:
        """Return whether the daemon watches, as it was at most ``FRESH`` s ago."""
        if self._liveness is None or time.monotonic() - self._asked > FRESH:
            self._liveness = await self.pool.ask_quickly(SiteQuery.liveness)
            self._asked = time.monotonic()
        return self._liveness

    async def headers(self) -> dict[str, str]:
        """Return the headers that tell of the daemon."""
        found = await self.liveness()
        word = {LAST_WORD: iso(found.since, self.zone)} if found.since else {}
        return {STATE: found.state} | word


def service_of(request: Request) -> WebService:
    """Return the service of the application that is asked."""
    service: WebService = request.app.state.service
    return service


Service = Annotated[WebService, Depends(service_of)]


async def tell_liveness(service: Service, response: Response) -> None:
    """Say in the headers of an answer whether the daemon watches."""
    response.headers.update(await service.headers())


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what the description of a route says of the problems that it may answer with."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
    return {status: {"description": _WORDS[status], "content": content} for status in statuses}


_WORDS = {
    400: "The request cannot be understood", 401: "Sign in first", 403: "Your role does not allow it",
    404: "There is no such thing", 405: "Not with this method", 408: "The request came too slowly",
    409: "The daemon refused it", 413: "Too large", 414: "Too long", 415: "JSON is expected",
    422: "A value cannot be", 429: "Too many requests",
    501: "A library is not installed", 503: "The journal cannot be asked now",
}  # fmt: skip
__all__ = ["ProblemDetails", "Service", "WebService", "described", "service_of", "tell_liveness"]
