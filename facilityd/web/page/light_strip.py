"""A night of a circuit as a strip: cells in steps of brightness, each state with a shape of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from markupsafe import Markup

from facilityd.model.text import Language
from facilityd.query.instants import show_second
from facilityd.query.light_night import CircuitNight, LightCell, LightNight
from facilityd.web.page.chart_axes import time_marks

MARKS = {"wide": 9, "small": 5}
"""About so many times stand above the strips, by window."""


def joined(cells: Sequence[LightCell]) -> list[LightCell]:
    """Return cells with neighbours that are alike put together."""
    found: list[LightCell] = []
    for one in cells:
        if found and (found[-1].state, found[-1].level) == (one.state, one.level):
            found[-1] = replace(found[-1], until=one.until)
        else:
            found.append(one)
    return found


def share(night: LightNight, at: int) -> str:
    """Return where in a night an instant is, in percent of its width."""
    return f"{100 * (at - night.since) / (night.until - night.since):.2f}%"


def strip(night: LightNight, circuit: CircuitNight, words: str, language: Language) -> Markup:
    """Return the drawing of one circuit; ``words`` say the same."""
    parts = [*_cells(night, circuit), *_lamps(night, circuit, language), *_now(night)]
    return Markup('<svg class="strip" role="img" aria-label="{}">{}</svg>').format(
        words, Markup("").join(parts)
    )


def _cells(night: LightNight, circuit: CircuitNight) -> Iterator[Markup]:
    for one in joined(circuit.cells):
        name = f"{one.state.value} level-{one.level}" if one.level else one.state.value
        yield Markup('<rect class="{}" x="{}" y="0" width="{}" height="100%"/>').format(
            name, share(night, one.since), share(night, night.since + one.until - one.since)
        )


def _lamps(night: LightNight, circuit: CircuitNight, language: Language) -> Iterator[Markup]:
    """Yield a mark for each lamp that failed; one from before stands at the edge."""
    for row in circuit.lamps:
        at = max(night.since, row.since)
        text = f"{show_second(row.since, night.zone)[5:16]} {row.what.in_(language)}"
        yield Markup(
            '<svg class="lamp-out {}" x="{}" overflow="visible"><path d="M-7 0h14L0 13z"/>'
            "<title>{}</title></svg>"
        ).format(row.priority, share(night, at), text)


def _now(night: LightNight) -> Iterator[Markup]:
    if night.since < night.now < night.until:
        yield Markup('<rect class="now" x="{}" y="0" width="2" height="100%"/>').format(
            share(night, night.now)
        )


def axis(night: LightNight, window: str) -> Markup:
    """Return the times above the strips, for a wide window or a small one."""
    marks = time_marks(night.since, night.until, ZoneInfo(night.zone), MARKS[window])
    parts = [
        Markup('<text class="axis" x="{}" y="1em" text-anchor="{}">{}</text>').format(
            share(night, at), _anchor(night, at), text
        )
        for at, text in marks
    ]
    return Markup('<svg class="strip-axis {}" aria-hidden="true">{}</svg>').format(
        window, Markup("").join(parts)
    )


def _anchor(night: LightNight, at: int) -> str:
    return "start" if at == night.since else "end" if at == night.until else "middle"
