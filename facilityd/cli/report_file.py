"""What a report is asked for as, and where it goes: the terminal, standard output or a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from facilityd.cli.output import say, write_file
from facilityd.cli.words import sentence
from facilityd.errors import UsageError
from facilityd.model.message import Wording

if TYPE_CHECKING:
    from facilityd.model.text import Language


def asked_format(
    kinds: tuple[str, ...], output: Path | None, suffixes: Mapping[str, str], hints: tuple[str, str], *,
    as_json: bool,
) -> str:  # fmt: skip
    """Return the format that is asked for, by an option or a file's ending; "" for the terminal.

    ``hints``: slugs of what to do where a file's ending names no format, and where a workbook has no file.
    Raises UsageError.
    """
    named = output and suffixes.get(output.suffix.lower())
    asked = [*dict.fromkeys(kinds), *(["json"] if as_json else [])]
    if len(asked) > 1:
        raise UsageError(Wording("ask.one-format"), hint=Wording("ask.give-one-them"))
    if output and not asked and not named:
        raise UsageError(Wording("ask.no-format", file=output.name), hint=Wording(hints[0]))
    if asked == ["xlsx"] and output is None:
        raise UsageError(Wording("ask.workbook-needs-file"), hint=Wording(hints[1]))
    return asked[0] if asked else named or ""


def write_report(
    kind: str, output: Path | None, language: Language, workbook: Callable[[], bytes], text: Callable[[], str]
) -> None:
    """Write a workbook or a text to its file and say so; a text without a file goes to standard output."""
    if kind == "xlsx" and output:
        write_file(output, workbook())
    else:
        made = text()
        if output is None:
            click.echo(made, nl=False)
            return
        write_file(output, made.encode())
    say(sentence("report-written", language, file=output))
