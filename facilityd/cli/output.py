"""What all commands share: the SITE argument, --json, tables that also work without a terminal."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.text import Text

from facilityd.cli.language import named
from facilityd.cli.text_table import Column, TextTable
from facilityd.cli.wrapping import wrapped
from facilityd.errors import UsageError, system_reason
from facilityd.model.measure import duration
from facilityd.model.message import Wording
from facilityd.model.plain import plain
from facilityd.model.text import Language
from facilityd.model.whole_file import write_whole
from facilityd.query.json_data import to_plain

Command = TypeVar("Command", bound=Callable[..., Any])
PLAIN_WIDTH, LEAST_WIDTH = 200, 20
STYLES = {"critical": "bold white on red", "high": "bold red", "medium": "yellow", "low": "cyan"}

site_argument = click.argument(
    "site", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path), metavar="SITE..."
)


def _span(_: click.Context, parameter: click.Parameter, text: str) -> int:
    try:
        return duration(text) if text else 0
    except ValueError as error:
        raise click.BadParameter(named(error), param=parameter) from error


at_most_option = click.option(
    "--at-most", metavar="TIME", default="", callback=_span,
    help="Read every unit at least so often, e.g. 5s: for demonstrations and commissioning.",
)  # fmt: skip
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


def console() -> Console:
    """Return a console; without a terminal it neither colours nor cuts lines."""
    if not sys.stdout.isatty():
        return Console(width=PLAIN_WIDTH, color_system=None)
    out = Console(_environ=_sane(os.environ))
    return out if out.width >= LEAST_WIDTH else Console(width=LEAST_WIDTH, _environ=_sane(os.environ))


def _sane(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without a size of the window that cannot be meant."""
    sizes = {name: environment.get(name, "") for name in ("COLUMNS", "LINES")}
    odd = {name for name, text in sizes.items() if not re.fullmatch(r"[1-9][0-9]{0,3}", text, re.ASCII)}
    return {name: text for name, text in environment.items() if name not in odd}


def say(text: str, *, err: bool = False, red: bool = False) -> None:
    """Print a line; in a terminal it is broken between words, never inside an id or a path."""
    stream = sys.stderr if err else sys.stdout
    if stream.isatty():
        first, *rest = wrapped(text, console().width, split=False)
        more = wrapped(" ".join(rest), console().width - 2, split=False) if rest else []
        text = "\n".join([first, *(f"  {line}" for line in more)])
    click.secho(text, err=err, fg="red" if red else None, bold=red or None)


MODE = 0o600
"""Of files that commands write: what a site says is for who asked."""
REPLACED = (".csv", ".html", ".htm", ".json", ".md", ".png", ".svg", ".txt", ".xlsx", ".xml")
"""Endings of files that commands write, and write again."""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Tell that a file cannot be written where a person wants it. Raises UsageError.

    What is there is replaced only where its name is one of a report: a slip must cost no journal and no site.
    """
    if path.is_file() and path.suffix.lower() not in REPLACED:
        raise UsageError(Wording("ask.not-replaced", endings=" ".join(REPLACED)), where=str(path))
    try:
        yield
    except OSError as error:
        where = str(error.filename or path)
        raise UsageError(Wording("ask.cannot-written", error=system_reason(error)), where=where) from error


def write_file(path: Path, content: bytes) -> None:
    """Write what a person asked for: whole, or what was there stays. Raises UsageError as ``writing``."""
    with writing(path):
        if path.exists() and not path.is_file():  # a pipe, a terminal
            path.write_bytes(content)
            return
        mode = path.stat().st_mode & 0o777 if path.exists() else MODE
        try:
            write_whole(path.resolve(), content, mode)
        except OSError as error:
            error.filename = str(path)  # not of the file that it was written to beside
            raise


def print_json(data: object) -> None:
    """Print JSON that a person can read too; Chinese stays Chinese."""
    click.echo(json.dumps(data, ensure_ascii=False, indent=2, default=to_plain))


def print_json_line(data: object) -> None:
    """Print one JSON object on one line, for streams."""
    click.echo(json.dumps(data, ensure_ascii=False, default=to_plain))


def table(
    title: str,
    columns: Sequence[Column | str],
    rows: Iterable[Sequence[object]],
    *,
    language: Language = "en",
    lines: int = 0,
) -> TextTable:
    """Build a table for whatever window it is printed to; a plain name is a column of text.

    ``lines`` (a live view): the most that it may take; how many rows are not shown is told.
    """
    known = [column if isinstance(column, Column) else Column(column) for column in columns]
    return TextTable(title, known, rows, language=language, lines=lines)


def loud(text: str) -> Text:
    """Return what must be seen first, in lines as wide as the window; nothing for nothing."""
    return Text("\n".join(wrapped(text, console().width)), style=STYLES["critical"])


def warn(text: str, *, red: bool = False) -> None:
    """Say on standard error what a reader of JSON must know; nothing if there is nothing."""
    if text:
        say(f"facilityd: {plain(text)}", err=True, red=red)


def styled(text: str, priority: str = "", *, calm: bool = False) -> Text:
    """Return a text in the colour of its urgency."""
    return Text(text, style=STYLES.get(priority, "green" if calm else ""))
