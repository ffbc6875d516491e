"""The application: its routes, its layers, and what it is made of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI
from starlette.types import ASGIApp

from facilityd.config.hosts import is_this_machine
from facilityd.config.site import Site
from facilityd.supervise.inbox import Inbox
from facilityd.supervise.photos import PhotoFolder
from facilityd.supervise.site_key import site_key
from facilityd.web import (
    command_routes,
    data_routes,
    event_routes,
    history_routes,
    link_routes,
    log_routes,
    read_routes,
    session_routes,
    system_routes,
    times_routes,
)
from facilityd.web.border import Border, RateLimiter
from facilityd.web.browsers import KnownBrowsers
from facilityd.web.events import EVERY, EventHub
from facilityd.web.page import routers as page
from facilityd.web.page.ceremony_routes import RunsSource
from facilityd.web.page.photos import forget_old_photos
from facilityd.web.page.snapshot import SnapshotSource
from facilityd.web.page.warm import warm
from facilityd.web.parameters import refuse_unknown
from facilityd.web.pool import QueryPool
from facilityd.web.problems import ProblemDetails, install
from facilityd.web.service import WebService, described, tell_liveness
from facilityd.web.sessions import SessionStore
from facilityd.web.setup_code import setup_code
from facilityd.web.users import UserFile

PREFIX = "/api/v1"
_ABOUT = """Reads what facilityd recorded, and asks it things about alarms and tasks. No device can be
commanded.

Instants are ISO 8601 with their offset, on the site's clock; ages and spans are in seconds; texts for people
are in Chinese and English. Problems are RFC 9457, in the language of Accept-Language. Every answer says in
`Facilityd-Daemon` whether the daemon watches."""


@dataclass(frozen=True, slots=True)
class WebOptions:
    """``public_url``: under which people reach it, "" where only this machine does; ``secure``: over TLS.

    ``every``: how often, in s, the journal is looked at for who listens to events.
    """

    public_url: str = ""
    host: str = "127.0.0.1"
    secure: bool = False
    clock: Callable[[], int] | None = None
    limiter: RateLimiter | None = None
    every: float = EVERY


def make_service(site: Site, options: WebOptions) -> WebService:
    """Return what the routes stand on. Raises UsageError where the key or the users cannot be read."""
    journal = Path(site.store.path)
    users, key = UserFile(journal), site_key(journal)
    secure = options.secure or options.public_url.startswith("https:")
    had_users = bool(users.read().users) or _is_public(options.public_url)
    service = WebService(
        QueryPool(site, options.clock), Inbox(journal), users, SessionStore(journal),
        KnownBrowsers(key), key, secure, had_users,
    )  # fmt: skip
    service.setup_code = "" if had_users else setup_code()
    service.photos = PhotoFolder(journal)
    service.events = EventHub(service, options.every)
    return service


def _is_public(url: str) -> bool:
    """Return whether others reach the page under a URL: a request from this machine may be theirs then."""
    host = urlsplit(url).hostname or ""
    return host != "" and not is_this_machine(host)


def make_app(service: WebService, options: WebOptions) -> ASGIApp:
    """Return the application with its border."""
    snapshots = SnapshotSource(service)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        beside = [asyncio.create_task(one) for one in (warm(snapshots), forget_old_photos(service))]
        yield
        for task in beside:
            task.cancel()
        await service.events.close()
        service.close()

    app = describe(lifespan)
    app.state.service = service
    app.state.snapshots, app.state.runs = snapshots, RunsSource(service)
    install(app, service.site.language or "en")
    public = urlsplit(options.public_url).hostname
    hosts = [host for host in (public, options.host) if host]
    language, limiter = service.site.language or "en", options.limiter or RateLimiter()
    return Border(app, hosts, secure=service.secure, language=language, limiter=limiter)


def describe(lifespan: Callable[[FastAPI], object] | None = None) -> FastAPI:
    """Return the bare application: its routes and their description."""
    app = FastAPI(
        title="facilityd", version="1", description=_ABOUT, openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None, redoc_url=None, redirect_slashes=False, lifespan=lifespan,  # type: ignore[arg-type]
    )  # fmt: skip
    asked = [Depends(refuse_unknown)]
    for module in (read_routes, history_routes, times_routes, log_routes, command_routes):
        app.include_router(module.routes, prefix=PREFIX, dependencies=[*asked, Depends(tell_liveness)])
    for module in (data_routes, event_routes, session_routes):
        app.include_router(module.routes, prefix=PREFIX, dependencies=asked)
    app.include_router(
        system_routes.routes, prefix=PREFIX
    )  # what probes add to /health to pass caches is ignored
    app.include_router(system_routes.plain_routes)
    app.include_router(link_routes.routes)
    for routes in page.ROUTES:
        app.include_router(routes)
    _describe_problems(app)
    return app


def _describe_problems(app: FastAPI) -> None:
    """Add the shape of problems to the description, and take out FastAPI's own that we never answer."""
    make = app.openapi

    def openapi() -> dict[str, object]:
        found = make()
        schemas = found["components"]["schemas"]
        schemas["ProblemDetails"] = ProblemDetails.model_json_schema()
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        for methods in found["paths"].values():
            for method, about in methods.items():
                about["responses"] |= described(400, 414, *((408, 413) if method == "post" else ()))
        return found

    app.openapi = openapi  # type: ignore[method-assign]
