"""Who looks at a page, in which language and colours."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Annotated, Literal, get_args
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response

from facilityd.model.message import Wording
from facilityd.model.text import LANGUAGES, Language
from facilityd.query.site import SiteQuery
from facilityd.web.access import Caller, guard_origin, identify
from facilityd.web.forms import read_sent
from facilityd.web.multipart import SentForm
from facilityd.web.problems import HttpProblem, language_of
from facilityd.web.service import Service, WebService
from facilityd.web.sessions import csrf_token
from facilityd.web.users import UserRole

Theme = Literal["auto", "light", "dark", "contrast"]
THEMES: tuple[Theme, ...] = get_args(Theme)
COOKIE = "facilityd-view"
"""Language and colours of a browser, as ``zh.dark``; it proves nothing."""
TOUR_STEPS = "123"
YEAR = 365 * 86_400
TOKEN = 16
"""Bytes of what each form repeats."""


@dataclass(frozen=True, slots=True)
class PageViewer:
    """Who looks. ``caller`` is None before they have signed in; ``kiosk``: on a wall, with nobody near.

    ``change``: the id of the last change of an alarm when they asked: all until then is on the page.
    ``sent``: what is shown answers a form, with what was wrong in it; asked for again it would be without.
    ``tour``: the step of the guided tour that they are at, 0: none; ``newcomer``: they have not been here.
    """

    caller: Caller | None
    language: Language
    theme: Theme
    kiosk: bool
    path: str
    change: int = 0
    tour: int = 0
    newcomer: bool = False
    sent: bool = False

    @property
    def csrf(self) -> str:
        """The CSRF token that each form repeats; "" without a session. It is masked anew each time."""
        return masked(csrf_token(self.caller.session)) if self.caller and self.caller.session else ""

    @property
    def may_act(self) -> bool:
        """Whether they may acknowledge, shelve and take."""
        return self.has(UserRole.CREW) and bool(self.csrf)

    def has(self, role: UserRole) -> bool:
        """Return whether they have a role, or more."""
        return self.caller is not None and self.caller.role >= role


def view_of(request: Request, service: WebService, caller: Caller | None) -> PageViewer:
    """Return how a page is shown: as this browser chose, else as the person reads, else as it asks for."""
    language, _, theme = request.cookies.get(COOKIE, "")[:20].partition(".")
    if language not in LANGUAGES:
        language = _language(request, service, caller)
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    shown: Theme = theme if theme in THEMES else "auto"
    step, kiosk = request.query_params.get("tour", ""), "kiosk" in request.query_params
    tour = TOUR_STEPS.find(step) + 1 if len(step) == 1 else 0
    newcomer, sent = COOKIE not in request.cookies, request.method == "POST"
    return PageViewer(caller, language, shown, kiosk, path, tour=tour, newcomer=newcomer, sent=sent)


def _language(request: Request, service: WebService, caller: Caller | None) -> Language:
    person = service.site.recipients.get(caller.person) if caller else None
    if person:
        return person.language
    return language_of(request.headers.get("accept-language", ""), service.site.language or "zh")


async def anybody(request: Request, service: Service) -> PageViewer:
    """Return who looks, signed in or not."""
    return view_of(request, service, identify(request, service))


async def reader(request: Request, service: Service) -> PageViewer:
    """Return who looks, whatever becomes of the journal. Raises HttpProblem where they have to sign in."""
    viewer = await anybody(request, service)
    if viewer.caller is None or "read" not in viewer.caller.scopes:
        raise HttpProblem(401, Wording("web.sign-in"))
    return viewer


Reading = Annotated[PageViewer, Depends(reader)]


async def onlooker(service: Service, viewer: Reading) -> PageViewer:
    """Return who looks at what the journal says. Raises HttpProblem where it cannot be read."""
    _, change = await service.pool.ask_quickly(SiteQuery.position)
    return replace(viewer, change=change)


def require_role(viewer: PageViewer, role: UserRole) -> None:
    """Raise HttpProblem where whoever looks has not that role."""
    if viewer.caller is None:
        raise HttpProblem(401, Wording("web.sign-in"))
    if not viewer.has(role):
        own, needs = viewer.caller.role.name.lower(), role.name.lower()
        raise HttpProblem(403, Wording("web.role-too-low", role=own, needs=needs))


async def form_of(request: Request, viewer: PageViewer, role: UserRole) -> dict[str, str]:
    """Return a form that somebody sent who may. Raises HttpProblem."""
    return (await sent_form(request, viewer, role)).fields


async def sent_form(request: Request, viewer: PageViewer, role: UserRole) -> SentForm:
    """Return a form, with the file that is in it, that somebody sent who may. Raises HttpProblem."""
    guard_origin(request)
    require_role(viewer, role)
    sent = await read_sent(request)
    fields = sent.fields
    if not viewer.csrf or not secrets.compare_digest(unmasked(fields.get("csrf", "")), unmasked(viewer.csrf)):
        raise HttpProblem(403, Wording("web.page-outdated"))
    return sent


def masked(token: str) -> str:
    """Return a token of hexadecimal digits in a form that is another one each time.

    Pages are packed: a secret that stood there as it is could be guessed from their length.
    """
    plain = bytes.fromhex(token)
    pad = secrets.token_bytes(len(plain))
    return (pad + bytes(a ^ b for a, b in zip(pad, plain, strict=True))).hex()


def unmasked(text: str) -> bytes:
    """Return what was masked; nothing for what never was."""
    try:
        both = bytes.fromhex(text[:200])
    except ValueError:
        return b""
    if len(both) != 2 * TOKEN:
        return both  # as the API tells it
    return bytes(a ^ b for a, b in zip(both[:TOKEN], both[TOKEN:], strict=True))


def set_view(response: Response, service: WebService, language: str, theme: str) -> None:
    """Note in a browser how it wants to see pages."""
    value = f"{language if language in LANGUAGES else ''}.{theme if theme in THEMES else 'auto'}"
    response.set_cookie(
        COOKIE, value, max_age=YEAR, path="/", secure=service.secure, httponly=True, samesite="strict"
    )


def own_path(text: str) -> str:
    """Return a path of ours to go back to; "/" for whatever would lead elsewhere."""
    parts = urlsplit(text[:2000])
    fine = text.startswith("/") and not text.startswith(("//", "/\\")) and not parts.netloc
    return text[:2000] if fine and text.isprintable() else "/"


Anybody = Annotated[PageViewer, Depends(anybody)]
SignedIn = Annotated[PageViewer, Depends(onlooker)]
