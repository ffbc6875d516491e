"""Plots in a terminal, drawn with dots: a line, its band, times without data, marks below the axis."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rich.cells import cell_len

from facilityd.query.plot_legend import BAND, GAP, MARK
from facilityd.query.plot_series import PlotPanel

BASE = 0x2800
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Of a braille character, by row and column of its dots."""
HEIGHT, LEAST_WIDTH = 12, 20


class _Canvas:
    """``width`` x ``height`` cells of 2 x 4 dots each; (0, 0) is the left upper corner."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.dots = [[0] * width for _ in range(height)]
        self.under = [[""] * width for _ in range(height)]

    def dot(self, x: int, y: int) -> None:
        """Set a dot where it lies within."""
        column, row = x // 2, y // 4
        if 0 <= column < self.width and 0 <= row < self.height:
            self.dots[row][column] |= DOTS[y % 4][x % 2]

    def line(self, a: tuple[int, int], b: tuple[int, int]) -> None:
        """Set the dots between two."""
        steps = max(abs(b[0] - a[0]), abs(b[1] - a[1]), 1)
        for n in range(steps + 1):
            self.dot(round(a[0] + (b[0] - a[0]) * n / steps), round(a[1] + (b[1] - a[1]) * n / steps))

    def rows(self) -> Iterator[str]:
        """Yield the lines."""
        for dots, under in zip(self.dots, self.under, strict=True):
            cells = (chr(BASE + d) if d else u or " " for d, u in zip(dots, under, strict=True))
            yield "".join(cells).rstrip()


def text_plot(panel: PlotPanel, width: int, nothing: str, height: int = HEIGHT) -> list[str]:
    """Return the lines of a plot as wide as a window; of one without a value that is said instead."""
    unit = f" ({panel.unit})" if panel.unit else ""
    if panel.empty:
        return [f"{panel.title}{unit}", f"  {nothing}"]
    low, high = panel.limits()
    labels = _labels(low, high, height)
    left = max(cell_len(label) for label in labels)
    canvas = _Canvas(max(LEAST_WIDTH, width - left - 2), height)
    _fill(canvas, panel, low, high)
    lines = [f"{panel.title}{unit}"]
    for label, row in zip(labels, canvas.rows(), strict=True):
        lines.append(f"{' ' * (left - cell_len(label))}{label} │{row}")
    lines.append(f"{' ' * left} └{_axis(panel, canvas.width)}")
    lines += [f"{' ' * (left + 2)}{row}" for row in _below(panel, canvas.width)]
    return lines


def _labels(low: float, high: float, height: int) -> list[str]:
    """Return what stands left of each row: the greatest, the middle and the least."""
    digits = max(0, min(6, 2 - _magnitude(high - low)))
    shown = {0: high, height // 2: (low + high) / 2, height - 1: low}
    return [f"{shown[n]:.{digits}f}" if n in shown else "" for n in range(height)]


def _magnitude(span: float) -> int:
    """Return the power of ten of a span."""
    return int(f"{span:e}".partition("e")[2])


def _fill(canvas: _Canvas, panel: PlotPanel, low: float, high: float) -> None:
    wide, tall = canvas.width * 2 - 1, canvas.height * 4 - 1

    def place(x: float, y: float) -> tuple[int, int]:
        return round(x / (panel.end or 1.0) * wide), round((high - y) / (high - low) * tall)

    _under(canvas, panel, place)
    for segment in panel.segments():
        spots = [place(point.x, point.y or 0.0) for point in segment]
        for a, b in zip(spots, spots[1:] or spots, strict=False):
            canvas.line(a, b)
    for x, y in panel.second:
        if y is not None:
            canvas.dot(*place(x, y))


def _under(canvas: _Canvas, panel: PlotPanel, place: Callable[[float, float], tuple[int, int]]) -> None:
    """Shade the band."""
    for point in panel.points:
        if point.low is not None and point.high is not None and point.y is not None:
            x, top = place(point.x, point.high)
            for row in range(top // 4, place(point.x, point.low)[1] // 4 + 1):
                canvas.under[row][min(x // 2, canvas.width - 1)] = BAND


def _axis(panel: PlotPanel, width: int) -> str:
    axis = ["─"] * width
    for since, until, _ in panel.gaps:
        for column in range(_column(since, panel, width), _column(until, panel, width) + 1):
            axis[column] = GAP
    for mark in panel.marks:
        axis[_column(mark.x, panel, width)] = MARK
    return "".join(axis)


def _column(x: float, panel: PlotPanel, width: int) -> int:
    return max(0, min(width - 1, round(x / (panel.end or 1.0) * (width - 1))))


def _below(panel: PlotPanel, width: int) -> Iterator[str]:
    """Yield the ticks, as many as have room."""
    row: list[str] = [" "] * width
    last = -1
    for x, text in panel.ticks:
        begin = min(max(0, _column(x, panel, width) - cell_len(text) // 2), width - cell_len(text))
        if begin > last:
            row[begin : begin + len(text)] = text
            last = begin + cell_len(text)
    yield "".join(row).rstrip()
