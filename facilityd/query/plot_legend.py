"""What the signs of a plot mean, in words, wherever it is drawn."""

from __future__ import annotations

from collections.abc import Sequence

from facilityd.model.text import Language
from facilityd.query.plot_series import PlotPanel
from facilityd.query.words import query_words

BAND, GAP, MARK = "░", "▒", "▲"


def legend(panels: Sequence[PlotPanel], language: Language) -> str:
    """Return what the signs mean, of those that are there."""
    words, found = query_words().plot, []
    if any(point.low is not None for panel in panels for point in panel.points):
        found.append(f"{BAND} {words['band'].in_(language)}")
    if any(panel.gaps for panel in panels):
        found.append(f"{GAP} {words['gap'].in_(language)}")
    if any(panel.marks for panel in panels):
        found.append(f"{MARK} {words['mark'].in_(language)}")
    if any(panel.second for panel in panels):
        found.append(words["second"].in_(language))
    return "  ".join(found)


def nothing(language: Language) -> str:
    """Return what stands in a plot without a value."""
    return query_words().plot["nothing"].in_(language)
