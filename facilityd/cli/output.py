"""What all commands share: the SITE argument, --json, tables that also work without a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table

Command = TypeVar("Command", bound=Callable[..., Any])
PLAIN_WIDTH = 200

site_argument = click.argument(
    "site", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path), metavar="SITE..."
)
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


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """Build a table of plain cells."""
    out = Table(title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        out.add_column(column, overflow="fold")
    for row in rows:
        out.add_row(*(str(cell) for cell in row))
    return out


def pick(data: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """Return some keys of a mapping, in that order."""
    return {key: data[key] for key in keys if key in data}
