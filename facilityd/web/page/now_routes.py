"""*Now*: what needs a hand, in order; else that all is well, and how old that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from facilityd.query.hazards import HazardRow
from facilityd.query.readiness import ItemRow
from facilityd.web.page.render import page_response
from facilityd.web.page.route import PageRoute
from facilityd.web.page.snapshot import SiteSnapshot, SnapshotSource
from facilityd.web.page.viewer import SignedIn
from facilityd.web.service import Service

URGENT = 3
"""From this level on, high, a hazard is counted in the title."""
HELD = ("suppressed", "waiver", "unjudged")
"""Kinds of hazards that somebody has answered for, or that only limit what is known."""
routes = APIRouter(include_in_schema=False, route_class=PageRoute)


def snapshots(request: Request) -> SnapshotSource:
    """Return where pages have the present from."""
    found: SnapshotSource = request.app.state.snapshots
    return found


Snapshots = Annotated[SnapshotSource, Depends(snapshots)]


@dataclass(frozen=True, slots=True)
class NowBoard:
    """What stands on *Now*. ``wanted``: what nobody has yet; ``known``: what somebody has, or answered for.

    ``against``: what of the checklist does not pass.
    """

    snapshot: SiteSnapshot
    wanted: tuple[HazardRow, ...]
    known: tuple[HazardRow, ...]
    against: tuple[ItemRow, ...]

    @property
    def urgent(self) -> int:
        """How many that nobody has are high or critical."""
        return sum(row.level >= URGENT for row in self.wanted)


def now_board(found: SiteSnapshot) -> NowBoard:
    """Return what stands on the page."""
    known = tuple(row for row in found.hazards if row.kind in HELD or row.who or row.cause)
    wanted = tuple(row for row in found.hazards if row not in known)
    items = found.readiness.items if found.readiness else ()
    against = tuple(row for row in items if row.checked.outcome.value in ("fail", "unknown"))
    return NowBoard(found, wanted, known, against)


@routes.get("/")
async def now(service: Service, request: Request, viewer: SignedIn, source: Snapshots) -> Response:
    """Show what needs a hand."""
    found = await source.now()
    return await page_response(request, service, viewer, "now.html", now=found.at, board=now_board(found))
