"""*Ceremony*: what has to be so before the flag moves, who answers for what is not, the last runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.responses import RedirectResponse

from facilityd.config.site import Site
from facilityd.model.text import Text
from facilityd.query.plot_series import run_panel
from facilityd.query.readiness import RecordedCheck
from facilityd.query.report_ceremonies import hoists
from facilityd.query.runs import LEAST, RunsAnswer, RunsQuery
from facilityd.query.site import SiteQuery
from facilityd.web.forms import text_of
from facilityd.web.page.actions import act, new_key, number_of, result_of
from facilityd.web.page.now_routes import Snapshots
from facilityd.web.page.render import PageRenderer, page_response
from facilityd.web.page.route import PageRoute
from facilityd.web.page.run_chart import RunChart
from facilityd.web.page.viewer import SignedIn, form_of
from facilityd.web.service import Service, WebService
from facilityd.web.users import UserRole

WEEK = 7 * 86_400 * 10**9
MOST = 40
RUNS = 60
KEPT = 120.0
"""For so many s runs are not read again: there are two a day, and a hundred pages that show them."""
ORDER = ("fail", "unknown", "waived", "advised", "pass", "absent")
SIGNS = {"fail": "high", "unknown": "unknown", "waived": "medium", "advised": "low",
         "pass": "good", "absent": "none"}  # fmt: skip
WAIVERS = ("2h", "8h", "1d", "3d")
"""For how long an item may be answered for on the page."""
OVERLAID = ("position", "tension", "torque", "output_frequency")
"""Signals of a run, the one that is drawn where nobody chose first."""
routes = APIRouter(include_in_schema=False, route_class=PageRoute)


@dataclass(slots=True)
class RunsSource:
    """Holds the runs of each hoist, kind and signal for a while."""

    service: WebService
    _kept: dict[str, tuple[float, Sequence[RunsAnswer]]] = field(default_factory=dict)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def of(self, signal: str) -> Sequence[RunsAnswer]:
        """Return the last runs of every hoist, by kind; of a signal, "" of the first that is bound."""
        async with self._turn:
            at, found = self._kept.get(signal, (-KEPT, ()))
            if time.monotonic() - at > KEPT:
                now = self.service.pool.now()
                found = await self.service.pool.ask(lambda query: read_overlays(query, signal, now))
                self._kept[signal] = time.monotonic(), found
            return found


def offered(site: Site) -> list[str]:
    """Return the signals of which runs can be laid over each other."""
    bound = {name for one in hoists(site) for name in one.bound}
    return [name for name in OVERLAID if name in bound]


def read_overlays(query: SiteQuery, signal: str, now: int) -> list[RunsAnswer]:
    """Return the last runs of every hoist that has the signal, kind by kind. Raises UsageError."""
    found = []
    for hoist in hoists(query.site):
        names = [name for name in (signal,) if name] or [name for name in OVERLAID if name in hoist.bound]
        if not names or names[0] not in hoist.bound:
            continue
        mode = next(iter(hoist.family.states))
        for kind in hoist.family.states[mode].kinds:
            asked = RunsQuery(hoist.id, now, mode=mode, kind=kind, last=RUNS, signals=(names[0],))
            found.append(query.runs(asked))
    return found


def runs_source(request: Request) -> RunsSource:
    """Return where the page has runs from."""
    found: RunsSource = request.app.state.runs
    return found


@dataclass(frozen=True, slots=True)
class DrawnRuns:
    """Runs of one kind as they are shown to one reader."""

    answer: RunsAnswer
    renderer: PageRenderer

    @property
    def title(self) -> str:
        """Which runs these are."""
        return self.answer.name.in_(self.renderer.language)

    def about(self, signal: str) -> Text:
        """Return what a signal of the hoist is called."""
        return self.renderer.service.site.devices[self.answer.device].family.signals[signal].name

    @property
    def chart(self) -> RunChart | None:
        """Return the drawing."""
        if not self.answer.runs:
            return None
        (envelope,) = self.answer.envelopes
        panel = run_panel(self.answer, envelope, self.renderer.language)
        return RunChart(panel, f"{panel.title}{self.renderer.t('now.sep')}{self.title}, {self.words}")

    @property
    def words(self) -> str:
        """How many there are, how long they took, and how the last one did."""
        lengths = self.answer.lengths
        if not lengths:
            return self.renderer.t("ready.no-run")
        newest = self.answer.runs[-1]
        fields = {"n": len(lengths), "usual": f"{median(lengths):.1f}", "last": f"{lengths[-1]:.1f}"}
        return self.renderer.t("ready.runs-took", at=self.renderer.when(newest.since), **fields)

    @property
    def few(self) -> bool:
        """Whether there are too few for a band."""
        return len(self.answer.runs) < LEAST


@routes.get("/hoist")
async def ceremony(
    service: Service,
    request: Request,
    viewer: SignedIn,
    source: Snapshots,
    runs: Annotated[RunsSource, Depends(runs_source)],
    signal: Annotated[str, Query(max_length=200)] = "",
    command: Annotated[str, Query(max_length=80)] = "",
) -> Response:
    """Show the next ceremony, its checklist, how the last runs went and what was recorded before them."""
    found = await source.now()
    items = sorted(
        found.readiness.items if found.readiness else (),
        key=lambda one: ORDER.index(one.checked.outcome.value),
    )
    recorded: list[RecordedCheck] = []
    overlaid: list[DrawnRuns] = []
    signals = offered(service.site)
    if found.readiness:
        recorded = await service.pool.ask(lambda query: query.recorded_checks(found.at - WEEK))
        answers = await runs.of(signal if signal in signals else "")
        renderer = PageRenderer(service, viewer, found.at)
        overlaid = [DrawnRuns(one, renderer) for one in answers]
    return await page_response(
        request, service, viewer, "ceremony.html", now=found.at, ready=found.readiness, items=items,
        recorded=recorded[-MOST:], signs=SIGNS, overlaid=overlaid, signals=signals, waivers=WAIVERS,
        key=new_key(), came=await result_of(service, command),
    )  # fmt: skip


@routes.post("/hoist")
async def answer_for(service: Service, request: Request, viewer: SignedIn, source: Snapshots) -> Response:
    """Let somebody answer for an item by name, or take that back; the daemon decides."""
    fields = await form_of(request, viewer, UserRole.CREW)
    command = text_of(fields, "command")
    if command == "unwaive":
        asked: dict[str, Any] = {"waiver": number_of(fields, "waiver")}
    else:
        command = "waive"
        until = text_of(fields, "until")
        asked = {
            "device": text_of(fields, "device"), "item": text_of(fields, "item"),
            "reason": text_of(fields, "reason"), "until": until if until in WAIVERS else WAIVERS[0],
        }  # fmt: skip
    number = await act(service, viewer, command, asked, text_of(fields, "key"))
    source.forget()
    return RedirectResponse(f"/hoist?{urlencode({'command': number})}", 303)
