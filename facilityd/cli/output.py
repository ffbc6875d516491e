"""What all commands share: the SITE argument, --json, tables that also work without a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from facilityd.model.measure import duration
from facilityd.model.plain import plain

Command = TypeVar("Command", bound=Callable[..., Any])
PLAIN_WIDTH = 200
STYLES = {"critical": "bold white on red", "high": "bold red", "medium": "yellow", "low": "cyan"}

site_argument = click.argument(
    "site", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path), metavar="SITE..."
)


def _span(_: click.Context, parameter: click.Parameter, text: str) -> int:
    try:
        return duration(text) if text else 0
    except ValueError as error:
        raise click.BadParameter(str(error), param=parameter) from error


at_most_option = click.option(
    "--at-most", metavar="TIME", default="", callback=_span,
    help="Read every unit at least so often, e.g. 5s: for demonstrations and commissioning.",
)  # fmt: skip
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


def console() -> Console:
    """Return a console; without a terminal it neither colours nor cuts lines."""
    return Console() if sys.stdout.isatty() else Console(width=PLAIN_WIDTH, color_system=None)


def print_json(data: object) -> None:
    """Print JSON that a person can read too; Chinese stays Chinese."""
    click.echo(json.dumps(data, ensure_ascii=False, indent=2, default=str))


def print_json_line(data: object) -> None:
    """Print one JSON object on one line, for streams."""
    click.echo(json.dumps(data, ensure_ascii=False, default=str))


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, width: int = 0) -> Table:
    """Build a table. With ``width`` (a live view) each row is one line: the widest column gives way."""
    out = Table(title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
    cells = [[cell if isinstance(cell, Text) else Text(plain(str(cell))) for cell in row] for row in rows]
    widths = [max([len(name), *(row[n].cell_len for row in cells)]) for n, name in enumerate(columns)]
    widest = widths.index(max(widths))
    room = max(10, width - sum(widths) + widths[widest] - 2 * (len(widths) - 1))
    for number, column in enumerate(columns):
        limit = room if width and number == widest else None
        out.add_column(column, overflow="ellipsis" if width else "fold", no_wrap=bool(width), max_width=limit)
    for row in cells:
        out.add_row(*row)
    return out


def warn(text: str) -> None:
    """Say on standard error what a reader of JSON must know; nothing if there is nothing."""
    if text:
        click.echo(f"facilityd: {plain(text)}", err=True)


def said(text: str, priority: str = "", *, calm: bool = False) -> Text:
    """Return a text in the colour of its urgency."""
    return Text(text, style=STYLES.get(priority, "green" if calm else ""))
