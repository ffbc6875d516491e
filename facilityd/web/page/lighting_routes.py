"""*Lighting tonight*: each circuit over the night, and the lamps that are out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from facilityd.errors import UsageError
from facilityd.model.intervals import Span
from facilityd.model.message import Wording
from facilityd.query.instants import show_second
from facilityd.query.light_night import CircuitNight, LightNight, night_of
from facilityd.query.night import read_day
from facilityd.web.page.light_strip import axis, strip
from facilityd.web.page.render import PageRenderer, page_response
from facilityd.web.page.route import PageRoute
from facilityd.web.page.viewer import SignedIn
from facilityd.web.service import Service

OLDEST = date(2000, 1, 1)
"""Before it nothing was watched."""
routes = APIRouter(include_in_schema=False, route_class=PageRoute)


@dataclass(frozen=True, slots=True)
class NightWords:
    """What a night is in words, for screen readers and for its table."""

    night: LightNight
    renderer: PageRenderer

    def spans(self, spans: tuple[Span, ...]) -> str:
        """Return spans as from – to; "—" where there is none."""
        clock = [
            (show_second(a, self.night.zone)[11:16], show_second(b, self.night.zone)[11:16]) for a, b in spans
        ]
        return self.renderer.t("lighting.and").join(f"{a}–{b}" for a, b in clock) or "—"

    def length(self, spans: tuple[Span, ...]) -> str:
        """Return how long spans are together; "—" where there is none."""
        return self.renderer.span(sum(b - a for a, b in spans)) if spans else "—"

    def circuit(self, one: CircuitNight) -> str:
        """Return a circuit's night in one sentence."""
        said = [self.renderer.t("lighting.was-lit", spans=self.spans(one.lit))]
        if one.switched:
            said.append(self.renderer.t("lighting.was-switched", spans=self.spans(one.switched)))
        if one.unknown:
            said.append(self.renderer.t("lighting.was-unknown", span=self.length(one.unknown)))
        name, t = one.name.in_(self.renderer.language), self.renderer.t
        return f"{name}{t('now.sep')}{t('lighting.then').join(said)}"

    def drawn(self, one: CircuitNight) -> str:
        """Return the strip of a circuit."""
        return strip(self.night, one, self.circuit(one), self.renderer.language)


@routes.get("/lighting")
async def show(
    service: Service,
    request: Request,
    viewer: SignedIn,
    night: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Show the night that has begun last, or the one of a day."""
    now = service.pool.now()
    newest = night_of(service.site, now)
    day = read_day(night) if night.strip() else newest
    if not OLDEST <= day <= newest:
        raise UsageError(Wording("ask.no-day", text=night[:40]))
    found = await service.pool.ask(lambda query: query.light_night(day))
    renderer = PageRenderer(service, viewer, now)
    later = day + timedelta(days=1) if day < newest else None
    return await page_response(
        request, service, viewer, "lighting.html", now=now, night=found, day=day, axis=axis,
        said=NightWords(found, renderer), earlier=day - timedelta(days=1), later=later,
    )  # fmt: skip
