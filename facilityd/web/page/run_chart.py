"""Runs laid over each other as SVG: the band in which most of them lie, their median, and the newest one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from facilityd.query.plot_series import PlotPanel, PlotPoint
from facilityd.web.page.chart_axes import SIZES, ChartAxes, ChartSize


@dataclass(frozen=True, slots=True)
class RunChart:
    """``panel``: by seconds since the start of a run what the runs had; ``label`` says it in words."""

    panel: PlotPanel
    label: str

    def svg(self) -> Markup:
        """Return the drawing, once for wide windows and once for phones."""
        return Markup("").join(self._drawn(size) for size in SIZES)

    def _drawn(self, size: ChartSize) -> Markup:
        low, high = self.panel.limits()
        air = (high - low) * 0.08
        show = lambda value: f"{value:g} {self.panel.unit}"  # noqa: E731
        place = ChartAxes(0.0, self.panel.end, low - air, high + air, size).with_room(show)
        marks = self.panel.ticks if size.marks >= len(self.panel.ticks) else self.panel.ticks[::2]
        parts = [
            *place.values(show), *_band(self.panel.segments(), place),
            *_newest(self.panel.second, place), *place.below(marks),
        ]  # fmt: skip
        return Markup('<svg class="chart {}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
            size.name, int(size.width), int(size.height), self.label, Markup("").join(parts)
        )


def _band(segments: Sequence[Sequence[PlotPoint]], place: ChartAxes) -> Iterator[Markup]:
    for run in segments:
        known = [one for one in run if one.low is not None and one.high is not None]
        upper = [f"{place.x(one.x):.1f} {place.y(one.high or 0.0):.1f}" for one in known]
        lower = [f"{place.x(one.x):.1f} {place.y(one.low or 0.0):.1f}" for one in reversed(known)]
        if known:
            yield Markup('<path class="band" d="M{}Z"/>').format("L".join(upper + lower))
        middle = [f"{place.x(one.x):.1f} {place.y(one.y or 0.0):.1f}" for one in run]
        yield Markup('<path class="mean" d="M{}"/>').format("L".join(middle))


def _newest(line: Sequence[tuple[float, float | None]], place: ChartAxes) -> Iterator[Markup]:
    points: list[str] = []
    for x, y in [*line, (0.0, None)]:
        if y is not None:
            points.append(f"{place.x(x):.1f} {place.y(y):.1f}")
        elif points:
            yield Markup('<path class="newest" d="M{}"/>').format("L".join(points))
            points = []
