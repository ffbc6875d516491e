"""How a signal's chart is asked for and what stands beside it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from facilityd.model.alarm import ChangeKind
from facilityd.model.sample import SignalType
from facilityd.query.alarm_story import AlarmStory
from facilityd.query.changes import ChangeRow
from facilityd.query.devices import show_value
from facilityd.query.history import HistoryAnswer
from facilityd.web.page.chart import ChartBand, ChartFlag, SignalChart
from facilityd.web.page.render import PageRenderer
from facilityd.web.page.shades import shades_of

if TYPE_CHECKING:
    from devices.family import Signal


def show_mark(signal: Signal, renderer: PageRenderer, value: float) -> str:
    """Return a value on the axis: of a switch its two states and nothing between them."""
    if signal.type is SignalType.BOOL:
        return show_value(signal, bool(value), renderer.language) if value in (0.0, 1.0) else ""
    return show_value(signal, float(value), renderer.language)


def chart_of(
    answer: HistoryAnswer,
    renderer: PageRenderer,
    flags: Iterable[ChartFlag] = (),
    band: ChartBand | None = None,
    before: HistoryAnswer | None = None,
) -> SignalChart:
    """Return a signal's chart in the reader's language; ``before`` is laid under it."""
    query = answer.query
    name, device = answer.signal.name.in_(renderer.language), renderer.device(query.device)
    span = f"{renderer.when(query.since)} – {renderer.when(query.until)}"
    label = renderer.t("chart.label", device=device, signal=name, span=span)
    show = partial(show_mark, answer.signal, renderer)
    shades = shades_of(renderer.service.site, query.since, query.until, renderer)
    return SignalChart(answer, label, show, tuple(flags), band, shades, before)


def flags_of(changes: Iterable[ChangeRow], renderer: PageRenderer) -> list[ChartFlag]:
    """Return a flag for each alarm that was raised."""
    return [
        ChartFlag(row.stored.change.at, row.stored.priority or "low",
                  f"{renderer.when(row.stored.change.at)} {row.what.in_(renderer.language)}")
        for row in changes if row.stored.change.kind is ChangeKind.RAISE
    ]  # fmt: skip


def story_chart(story: AlarmStory, renderer: PageRenderer) -> SignalChart | None:
    """Return the chart of an alarm: its signal with what the rule expects, and when it was raised."""
    if story.plot is None or story.record.row is None or story.record.state is None:
        return None
    row, show = story.record.row, partial(show_mark, story.plot.signal, renderer)
    text = f"{renderer.when(row.since)} {row.what.in_(renderer.language)}"
    flags = [ChartFlag(story.record.state.raised_at or 0, row.priority, text)]
    band = None
    if story.low is not None or story.high is not None:
        edges = [show(edge) for edge in (story.low, story.high) if edge is not None]
        band = ChartBand(story.low, story.high, renderer.t("chart.expected", edges=" – ".join(edges)))
    return chart_of(story.plot, renderer, flags, band)
