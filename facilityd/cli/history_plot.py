"""Plots of history: in the terminal, or as a file; gaps are gaps, alarms are marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from facilityd.cli.output import console, say, write_file
from facilityd.cli.text_plot import text_plot
from facilityd.cli.words import sentence
from facilityd.model.plain import plain
from facilityd.query.plot_legend import legend, nothing
from facilityd.query.plot_series import PlotPanel

if TYPE_CHECKING:
    from facilityd.model.text import Language

MOST_MARKS, MOST_GAPS = 6, 6
"""Alarms and gaps of a panel that are told in words below it."""


def print_panels(panels: Sequence[PlotPanel], language: Language) -> None:
    """Draw panels one below the other; below each its alarms and gaps in words."""
    empty = nothing(language)
    for panel in panels:
        for line in text_plot(panel, console().width, empty):
            click.echo(plain(line))
        for mark in panel.marks[:MOST_MARKS]:
            say(f"  ▲ {plain(mark.text)}")
        if len(panel.marks) > MOST_MARKS:
            say(sentence("plot-more-alarms", language, n=len(panel.marks) - MOST_MARKS))
        for why in list(dict.fromkeys(why for _, _, why in panel.gaps))[:MOST_GAPS]:
            say(f"  ▒ {plain(why)}")
        click.echo()
    if found := legend([one for one in panels if not one.empty], language):
        say(found)


@dataclass(frozen=True, slots=True)
class PlotFiles:
    """The files that a plot goes into, None for none. Raises ModuleNotFoundError where none can be drawn."""

    svg: Path | None
    png: Path | None

    def __post_init__(self) -> None:
        if self.png:
            import_module("resvg_py")  # where it is not installed that is said before anything is read

    def __bool__(self) -> bool:
        return bool(self.svg or self.png)

    def write(self, title: str, panels: Sequence[PlotPanel], language: Language, foot: str = "") -> None:
        """Write panels into each of the files. Raises UsageError where it cannot be written."""
        from facilityd.report.line_svg import panels_svg

        drawing = panels_svg(title, panels, nothing(language), foot)
        if self.svg:
            _write(self.svg, drawing.encode(), language)
        if self.png:
            from facilityd.report.svg_png import svg_png

            _write(self.png, svg_png(drawing), language)


def _write(path: Path, content: bytes, language: Language) -> None:
    write_file(path, content)
    say(sentence("report-written", language, file=path))
