"""Small plots of a report as inline SVG without text: they stretch with the page, their words are HTML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 1000.0, 160.0
PRIORITIES = ("low", "medium", "high", "critical")
"""From the foot of a bar to its top."""


def _svg(height: float, label: str, inside: str, kind: str) -> str:
    return (
        f'<svg class="{kind}" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0f} {height:.0f}" '
        f'preserveAspectRatio="none" role="img" aria-label="{escape(label)}">{inside}</svg>'
    )


def _rect(place: tuple[float, float, float, float], kind: str, hint: str = "") -> str:
    x, y, width, height = place
    title = f"<title>{escape(hint)}</title>" if hint else ""
    return (
        f'<rect class="{escape(kind)}" x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}">'
        f"{title}</rect>"
    )


def day_bars(days: Sequence[tuple[str, Mapping[str, int], bool]], label: str) -> str:
    """Return one bar for each (day, counts by priority, watched); a day that nobody watched is shaded."""
    most = max((sum(counts.values()) for _, counts, _ in days), default=0)
    step, parts = WIDTH / max(1, len(days)), list[str]()
    for n, (day, counts, watched) in enumerate(days):
        if not watched:
            parts.append(_rect((n * step, 0, step, HEIGHT), "dark", day))
        y = HEIGHT
        for name in (*PRIORITIES, *sorted(counts.keys() - set(PRIORITIES))):
            height = HEIGHT * counts.get(name, 0) / most if most else 0.0
            y -= height
            if height:
                kind = name if name in PRIORITIES else "low"
                parts.append(
                    _rect((n * step + step * 0.12, y, step * 0.76, height), kind, f"{day}: {counts[name]}")
                )
    return _svg(HEIGHT, label, "".join(parts), "days")


def share_bar(parts: Iterable[tuple[str, float]], label: str) -> str:
    """Return one bar divided by the shares (of 1) of its kinds; a kind with any share is seen."""
    x, drawn = 0.0, list[str]()
    for kind, share in parts:
        width = max(4.0, WIDTH * share) if share > 0 else 0.0
        if width:
            drawn.append(_rect((min(x, WIDTH - width), 0, width, 10), kind))
        x += WIDTH * share
    return _svg(10, label, "".join(drawn), "share")


def strip(cells: Sequence[tuple[str, str]], label: str) -> str:
    """Return one cell for each (kind, hint), side by side."""
    step = WIDTH / max(1, len(cells))
    drawn = [
        _rect((n * step + step * 0.06, 0, step * 0.88, 10), kind, hint)
        for n, (kind, hint) in enumerate(cells)
    ]
    return _svg(10, label, "".join(drawn), "strip")


def time_bar(spans: Iterable[tuple[str, float, float]], label: str) -> str:
    """Return one bar with (kind, from, to) as shares of its length; the shortest is seen."""
    drawn = [
        _rect((min(WIDTH * since, WIDTH - 4.0), 0, max(4.0, WIDTH * (until - since)), 10), kind)
        for kind, since, until in spans
    ]
    return _svg(10, label, "".join(drawn), "share time")
