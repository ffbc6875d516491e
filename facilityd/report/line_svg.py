"""Plots as one SVG file that needs nothing else: lines with their bands, gaps shaded, alarms as marks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from facilityd.model.plain import plain
from facilityd.query.plot_series import PlotPanel

WIDTH, LEFT, RIGHT, HEIGHT, TOP, BELOW = 1000.0, 80.0, 20.0, 180.0, 34.0, 30.0
"""Of a panel, in the units of the view box."""
_LONGEST = 200
_STYLE = (
    "text{font:13px system-ui,'Noto Sans CJK SC','Microsoft YaHei',sans-serif;fill:#1b2430}"
    ".soft{fill:#5a6675;font-size:12px}.band{fill:#8fb7d9;opacity:.45}.line{fill:none;stroke:#1f5fa8;"
    "stroke-width:1.6}.second{fill:none;stroke:#d9692f;stroke-width:1.4}.gap{fill:#c3cbd5;opacity:.55}"
    ".box{fill:#fff;stroke:#dfe4ea}.critical{fill:#a3161a}.high{fill:#d9692f}.medium{fill:#e2b04a}"
    ".low{fill:#8fb7d9}.dot{fill:#1f5fa8}"
)


def panels_svg(title: str, panels: Sequence[PlotPanel], nothing: str, words: str = "") -> str:
    """Return the file; a panel without a value says ``nothing``, ``words`` stand at the foot."""
    step = TOP + HEIGHT + BELOW
    height = 40 + step * len(panels) + (24 if words else 0)
    body = "".join(_panel(panel, 40 + n * step, nothing) for n, panel in enumerate(panels))
    foot = _text(LEFT, height - 10, words, "soft") if words else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0f} {height:.0f}" '
        f'width="{WIDTH:.0f}" height="{height:.0f}" role="img" aria-label="{_said(title)}">'
        f"<style>{_STYLE}</style><rect width='100%' height='100%' fill='#fff'/>"
        f"{_text(LEFT, 24, title)}{body}{foot}</svg>\n"
    )


def _said(text: str) -> str:
    return escape(plain(text, _LONGEST))


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{_said(text)}</text>'


def _panel(panel: PlotPanel, y: float, nothing: str) -> str:
    unit = f" ({panel.unit})" if panel.unit else ""
    top = y + TOP
    parts = [
        _text(LEFT, y + TOP - 8, f"{panel.title}{unit}"),
        f'<rect class="box" x="{LEFT}" y="{top}" width="{WIDTH - LEFT - RIGHT}" height="{HEIGHT}"/>',
    ]
    if panel.empty:
        return "".join([*parts, _text(WIDTH / 2, top + HEIGHT / 2, nothing, "soft", "middle")])
    return "".join([*parts, *_drawn(panel, top)])


def _drawn(panel: PlotPanel, top: float) -> Iterable[str]:
    low, high = panel.limits()

    def x(at: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * min(1.0, max(0.0, at / (panel.end or 1.0)))

    def y(value: float) -> float:
        return top + 4 + (HEIGHT - 8) * (high - value) / (high - low)

    for since, until, why in panel.gaps:
        width = max(1.0, x(until) - x(since))
        yield (
            f'<rect class="gap" x="{x(since):.1f}" y="{top}" width="{width:.1f}" height="{HEIGHT}">'
            f"<title>{_said(why)}</title></rect>"
        )
    for segment in panel.segments():
        yield _band(
            [(x(p.x), y(p.low), y(p.high)) for p in segment if p.low is not None and p.high is not None]
        )
        yield _line([(x(p.x), y(p.y)) for p in segment if p.y is not None], "line")
    for stretch in _stretches(panel.second):
        yield _line([(x(at), y(value)) for at, value in stretch], "second")
    for mark in panel.marks:
        kind = mark.priority if mark.priority in ("critical", "high", "medium") else "low"
        place, foot = x(mark.x), top + HEIGHT
        shape = f"M{place:.1f},{foot - 9:.1f}l6,9h-12z"
        yield f'<path class="{kind}" d="{shape}"><title>{_said(mark.text)}</title></path>'
    yield _text(LEFT - 8, top + 12, f"{high:.4g}", "soft", "end")
    yield _text(LEFT - 8, top + HEIGHT, f"{low:.4g}", "soft", "end")
    for n, (at, text) in enumerate(panel.ticks):
        anchor = "start" if not n else "end" if n == len(panel.ticks) - 1 else "middle"
        yield _text(x(at), top + HEIGHT + 18, text, "soft", anchor)


def _line(spots: Sequence[tuple[float, float]], kind: str) -> str:
    if len(spots) == 1:
        return f'<circle class="dot" cx="{spots[0][0]:.1f}" cy="{spots[0][1]:.1f}" r="2"/>'
    return f'<polyline class="{kind}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in spots)}"/>'


def _band(edges: Sequence[tuple[float, float, float]]) -> str:
    if len(edges) < 2:  # noqa: PLR2004 - a point has no area
        return ""
    around = [*((x, high) for x, _, high in edges), *((x, low) for x, low, _ in reversed(edges))]
    return f'<polygon class="band" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in around)}"/>'


def _stretches(points: Iterable[tuple[float, float | None]]) -> list[list[tuple[float, float]]]:
    found: list[list[tuple[float, float]]] = [[]]
    for x, value in points:
        if value is None:
            found.append([])
        else:
            found[-1].append((x, value))
    return [stretch for stretch in found if stretch]
