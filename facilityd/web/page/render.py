"""Templates made into pages: whatever stands in one is text, unless a template of ours says it is markup."""

from __future__ import annotations

import functools
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from facilityd.errors import FacilitydError
from facilityd.model.message import spoken
from facilityd.model.sample import NS
from facilityd.model.text import Language, Text
from facilityd.query.hazards import HazardRow
from facilityd.query.instants import iso_instant, show_second
from facilityd.query.liveness import Liveness
from facilityd.query.words import priority_text, span_text
from facilityd.web.page.assets import packed_page, page_style, static_files, version_of_files
from facilityd.web.page.viewer import PageViewer
from facilityd.web.page.words import word
from facilityd.web.problems import HttpProblem
from facilityd.web.service import WebService

PART = "X-Facilityd-Part"
"""With this header a script asks for the main part alone: what is around it has its style."""
UNAVAILABLE = 503
"""A page that tells of it asks again by itself: before a wall nobody stands."""
LARGE_PHOTO = 600_000
"""Bytes beyond which a photo is a link, and not shown at once: a slow network takes long for it."""
LEVELS = ("", "low", "medium", "high", "critical", "critical")
"""The urgency of a hazard by its level."""
NAV = (
    ("/", "now"), ("/square", "square"), ("/hoist", "hoist"), ("/lighting", "lighting"),
    ("/history", "history"), ("/tasks", "tasks"), ("/system", "system"),
)  # fmt: skip
"""Address and name of each page of the navigation."""
TOUR = ("/", "/square", "/history")
"""The pages of the guided tour, in order."""
LIVE_WORDS = (
    "offline", "kept", "sent-nothing", "unit-s", "unit-min", "unit-h", "unit-d", "starting", "running",
    "hung", "stopped", "full", "ago", "in", "left",
)  # fmt: skip
"""What the scripts say; they hold no text of their own."""


@functools.cache
def environment() -> Environment:
    """Return the environment of all templates."""
    loader = PackageLoader("facilityd.web.page")
    found = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        auto_reload=False,
    )  # fmt: skip
    found.globals["nav"], found.globals["tour"] = NAV, TOUR
    found.globals["large_photo"] = LARGE_PHOTO
    found.globals["version"] = version_of_files
    found.globals["asset"] = lambda name: static_files()[name].address
    found.filters["level"] = lambda level: LEVELS[min(max(int(level), 0), len(LEVELS) - 1)]
    return found


class PageRenderer:
    """What templates ask of one page: its words, and instants and spans as its reader knows them."""

    def __init__(self, service: WebService, viewer: PageViewer, now: int) -> None:
        self.service, self.viewer, self.now = service, viewer, now
        self.zone = service.site.timezone

    @property
    def language(self) -> Language:
        """The reader's language."""
        return self.viewer.language

    def t(self, name: str, /, **fields: object) -> str:
        """Return a text of the page."""
        return word(name, self.language, **fields)

    def say(self, text: Text | None) -> str:
        """Return the wording for this reader."""
        return text.in_(self.language) if text else ""

    def priority(self, name: str) -> str:
        """Return an urgency in words."""
        return priority_text(name, self.language)

    def span(self, ns: int) -> str:
        """Return a span as people say it."""
        return span_text(ns, self.language)

    def when(self, at: int) -> str:
        """Return an instant (ns UTC) on the site's clock: of today the time, of another day the day too."""
        text, today = show_second(at, self.zone), show_second(self.now, self.zone)
        return text[11:16] if text[:10] == today[:10] else text[5:16] if text[:4] == today[:4] else text[:16]

    def second(self, at: int) -> str:
        """Return an instant (ns UTC) on the site's clock, whole."""
        return show_second(at, self.zone)

    def age(self, at: int) -> Markup:
        """Return how long ago an instant was, which a script keeps true."""
        text = self.t("frame.ago", span=self.span(self.now - at))
        return Markup('<time datetime="{}" data-age="{}" title="{}">{}</time>').format(
            iso_instant(at, self.zone), at // 1_000_000, show_second(at, self.zone), text
        )

    def spoken(self, text: str) -> str:
        """Return a problem's text in the reader's language."""
        return spoken(text, self.language)

    @staticmethod
    def alarm_link(device: str, rule: str) -> str:
        """Return the page of an alarm."""
        return f"/alarm/{quote(device, safe='')}/{quote(rule, safe='')}"

    @staticmethod
    def device_link(device: str) -> str:
        """Return the page of a device."""
        return f"/device/{quote(device, safe='')}"

    def hazard_link(self, row: HazardRow) -> str:
        """Return the page that a hazard is dealt with on; "" where there is none."""
        if row.kind in ("alarm", "unseen", "suppressed") and row.ref:
            return self.alarm_link(row.device, row.ref)
        return self.device_link(row.device) if row.device else ""

    def photo_size(self, name: str) -> int | None:
        """Return the bytes of a photo; None where there is none (any more)."""
        return self.service.photos.size(name)

    def person(self, name: str) -> str:
        """Return who somebody is, by the id that the journal has."""
        known = self.service.site.recipients.get(name)
        return known.name.in_(self.language) if known else name

    def device(self, name: str) -> str:
        """Return what a device is called; its id where it left the site."""
        known = self.service.site.devices.get(name)
        return known.name.in_(self.language) if known else name


async def _liveness(service: WebService) -> Liveness:
    """Return whether the daemon watches; of a journal that cannot be read, that it does not."""
    try:
        return await service.liveness()
    except (HttpProblem, FacilitydError):
        return Liveness("stopped", 0, service.pool.now())


async def page_response(
    request: Request, service: WebService, viewer: PageViewer, template: str, /, *, status: int = 200,
    styles: tuple[str, ...] = (), **context: Any,
) -> Response:  # fmt: skip
    """Return a page made of a template; ``styles``: files of its own style. Raises HttpProblem."""
    style = page_style(*styles)
    found = await _liveness(service)
    renderer = PageRenderer(service, viewer, context.pop("now", 0) or service.pool.now())
    live = {name: renderer.t(f"frame.{name}") for name in LIVE_WORDS}
    text = environment().get_template(template).render(
        r=renderer, t=renderer.t, say=renderer.say, viewer=viewer, site=service.site, live_words=live,
        liveness=found, beat=renderer.t(f"frame.{found.state}"), seconds=NS,
        warning=found.warning(renderer.zone, viewer.language), here=request.url.path,
        no_users=not service.had_users, style="" if PART in request.headers else style.text,
        retry=status == UNAVAILABLE and request.method == "GET",
        **context,
    )  # fmt: skip
    headers = {
        "Content-Language": viewer.language,
        "Referrer-Policy": "same-origin",  # with none a browser hides from where a form comes
    }
    return packed_page(request, text, status, headers, style)
