"""Signals, acts and alarms of a story on one time axis, as SVG."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from facilityd.model.sample import Value

WIDTH, LEFT, HEIGHT, LANE, GAP = 1100, 150, 90, 18, 14
RIGHT = WIDTH - 20
COLUMNS = RIGHT - LEFT
Series = Sequence[tuple[int, Value | None]]


@dataclass(frozen=True, slots=True)
class Axis:
    """From ``start`` to ``end`` (ns UTC) across the plots' width."""

    start: int
    end: int

    def x(self, at: int) -> float:
        """Return the place of an instant, inside the box whatever it is."""
        share = (at - self.start) / max(1, self.end - self.start)
        return LEFT + COLUMNS * min(1.0, max(0.0, share))


@dataclass(frozen=True, slots=True)
class Bar:
    """Something that lasts, in a lane: ``hint`` appears under the pointer."""

    since: int
    until: int
    label: str
    hint: str
    kind: str


def lanes(axis: Axis, bars: Sequence[Bar]) -> str:
    """Return one lane for each bar."""
    parts = []
    for row, bar in enumerate(bars):
        y, left = row * LANE, axis.x(bar.since)
        width = max(2.0, axis.x(bar.until) - left)
        parts.append(
            f'<g><title>{escape(bar.hint)}</title><text class="label" x="{LEFT - 6}" y="{y + 12}">'
            f'{escape(bar.label)}</text><rect class="{bar.kind}" x="{left:.1f}" y="{y + 3}" '
            f'width="{width:.1f}" height="{LANE - 6}" rx="2"/></g>'
        )
    return _svg(len(bars) * LANE, "".join(parts))


def line(axis: Axis, title: str, unit: str, series: Series, marks: Iterable[int]) -> str:
    """Return the plot of one signal; a value that is not good leaves a gap."""
    numbers = [float(value) for _, value in series if value is not None and not isinstance(value, str)]
    low, high = (min(numbers), max(numbers)) if numbers else (0.0, 1.0)
    if high == low:
        low, high = low - 0.5, high + 0.5
    paths = "".join(
        f'<polyline class="signal" points="{_points(axis, run, low, high)}"/>' for run in _runs(series)
    )
    lines = "".join(
        f'<line class="mark" x1="{axis.x(at):.1f}" x2="{axis.x(at):.1f}" y1="0" y2="{HEIGHT}"/>'
        for at in marks
    )
    box = f'<rect class="box" x="{LEFT}" y="0" width="{COLUMNS}" height="{HEIGHT}"/>'
    texts = (
        f'<text class="label" x="{LEFT - 6}" y="14">{high:.4g}</text>'
        f'<text class="label" x="{LEFT - 6}" y="{HEIGHT - 4}">{low:.4g}</text>'
        f'<text class="label" x="{LEFT - 6}" y="{HEIGHT / 2 + 4:.0f}">{escape(title)}</text>'
        f'<text class="label unit" x="{LEFT - 6}" y="{HEIGHT / 2 + 18:.0f}">{escape(unit)}</text>'
    )
    return _svg(HEIGHT, box + lines + paths + texts)


def _svg(height: float, inside: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height + GAP:.0f}" '
        f'width="{WIDTH}" height="{height + GAP:.0f}" role="img">{inside}</svg>'
    )


def _runs(series: Series) -> list[list[tuple[int, float]]]:
    """Return the stretches of good values."""
    runs: list[list[tuple[int, float]]] = [[]]
    for at, value in series:
        if value is None or isinstance(value, str):  # a text has no curve
            runs.append([])
        else:
            runs[-1].append((at, float(value)))
    return [run for run in runs if run]


def _points(axis: Axis, run: list[tuple[int, float]], low: float, high: float) -> str:
    """Return a polyline's points; where many fall on one column, its lowest and highest."""
    columns: dict[int, list[float]] = {}
    for at, value in run:
        columns.setdefault(round(axis.x(at)), []).append(value)
    shown: list[tuple[float, float]] = []
    for x, values in columns.items():
        ends = [values[0], min(values), max(values), values[-1]] if len(values) > 1 else values
        shown += [(float(x), HEIGHT - 2 - (HEIGHT - 4) * (value - low) / (high - low)) for value in ends]
    if len(shown) == 1:
        shown.append((shown[0][0] + 1.0, shown[0][1]))
    return " ".join(f"{x:.0f},{y:.1f}" for x, y in shown)
