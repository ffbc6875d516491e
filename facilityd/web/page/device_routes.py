"""*Device*: every signal with its age and quality, every rule with what it says or why it does not apply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from facilityd.model.baseline import Baseline
from facilityd.model.sample import NS, SignalType
from facilityd.query.devices import DeviceRow
from facilityd.query.hazards import HazardRow
from facilityd.query.history import HistoryAnswer, HistoryQuery
from facilityd.query.rules import RuleRow, RuleStatus
from facilityd.query.site import SiteQuery
from facilityd.query.tasks import TaskRow
from facilityd.query.words import query_words, say_reason
from facilityd.web.page.chart_axes import bucket_of
from facilityd.web.page.plots import chart_of
from facilityd.web.page.render import PageRenderer, page_response
from facilityd.web.page.route import PageRoute
from facilityd.web.page.viewer import SignedIn
from facilityd.web.service import Service

DAY = 86_400 * NS
ORDER = (RuleStatus.WRONG, RuleStatus.UNKNOWN, RuleStatus.RIGHT, RuleStatus.UNJUDGED, RuleStatus.UNLEARNED,
         RuleStatus.REPLACED, RuleStatus.UNFITTED)  # fmt: skip
SIGNS = {
    RuleStatus.WRONG: "high", RuleStatus.RIGHT: "good", RuleStatus.UNKNOWN: "unknown",
    RuleStatus.UNJUDGED: "unknown", RuleStatus.UNLEARNED: "unknown", RuleStatus.UNFITTED: "none",
    RuleStatus.REPLACED: "none",
}  # fmt: skip
routes = APIRouter(include_in_schema=False, route_class=PageRoute)


@dataclass(frozen=True, slots=True)
class DeviceStory:
    """One device whole; ``plot`` is of one of its signals over the last day, None where none has numbers."""

    row: DeviceRow
    rules: tuple[RuleRow, ...]
    hazards: tuple[HazardRow, ...]
    plot: HistoryAnswer | None
    tasks: tuple[TaskRow, ...]
    """The open ones."""
    baselines: tuple[Baseline, ...]
    """In force: what learned rules judge by."""


def read_device(query: SiteQuery, device: str, signal: str, now: int) -> DeviceStory:
    """Return a device. Raises UsageError where there is none, or no such signal."""
    (row,) = query.devices((device,))
    rules = sorted(query.rules(device), key=lambda one: (ORDER.index(one.standing), -int(one.rule.priority)))
    plot = None
    if drawn := signal or _drawn(query, device):
        since = now - DAY
        plot = query.history(HistoryQuery(device, drawn, since, now, bucket_of(since, now)))
    known = device in query.site.devices
    tasks = tuple(one for one in query.tasks() if one.task.device == device)
    baselines = tuple(one for one in query.journal.baselines() if one.device == device)
    hazards = tuple(query.hazards(device)) if known else ()
    return DeviceStory(row, tuple(rules), hazards, plot, tasks, baselines)


def _drawn(query: SiteQuery, device: str) -> str:
    """Return the signal that is drawn where nobody chose: the first that is measured, else that counts."""
    known = query.site.devices.get(device)
    if known is None:
        return ""
    kinds = {name: about.type for name, about in known.family.signals.items() if name in known.bound}
    measured = [name for name, kind in kinds.items() if kind is SignalType.FLOAT]
    others = [name for name, kind in kinds.items() if kind is not SignalType.TEXT]
    return next(iter([*measured, *others]), "")


@routes.get("/device/{device}")
async def show(
    service: Service,
    request: Request,
    viewer: SignedIn,
    device: Annotated[str, Path(max_length=200)],
    signal: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Show one device."""
    now = service.pool.now()
    story = await service.pool.ask(lambda query: read_device(query, device, signal, now))
    renderer = PageRenderer(service, viewer, now)
    known = service.site.devices.get(device)
    texts = {SignalType.TEXT}
    drawn: Any = {name for name in (known.bound if known else ()) if known and
                  known.family.signals[name].type not in texts}  # fmt: skip
    return await page_response(
        request, service, viewer, "device.html", now=now, story=story, device=device, drawn=drawn,
        chart=chart_of(story.plot, renderer) if story.plot else None, signs=SIGNS, words=query_words(),
        rule_names={one.name: one.rule.name for one in story.rules},
        reason=lambda quality: say_reason(quality, viewer.language),
    )  # fmt: skip
