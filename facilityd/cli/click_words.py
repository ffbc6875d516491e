"""What click says, in Chinese where Chinese is read.

Click asks gettext, which goes by the environment alone and wants compiled catalogues; ``--lang`` and a
site's language decide here. So the name that click's modules call gettext by leads to our own table.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import click
import click.core
import click.decorators
import click.exceptions
import click.formatting
import click.parser
import click.types

from facilityd.cli.language import current
from facilityd.model.shipped_data import shipped_data

MODULES = (
    click.core,
    click.decorators,
    click.exceptions,
    click.formatting,
    click.parser,
    click.termui,
    click.types,
)


PLAINER = {"{value!r} is not a valid {number_type}.": "{value!r} is not a number."}
"""English of click that no person says ("not a valid integer range")."""


@cache
def table() -> dict[str, str]:
    """Return the Chinese text by click's English one."""
    return dict(shipped_data("facilityd.cli", "click_words.yaml"))


def translated(text: str) -> str:
    """Return what click says in the language of this call; its own text where the table has none."""
    return table().get(text, text) if current() == "zh" else PLAINER.get(text, text)


def translated_number(one: str, several: str, number: int) -> str:
    """Return what click says of a number of things."""
    return translated(one if number == 1 else several)


def install() -> None:
    """Let click speak by the table."""
    for module in MODULES:
        for name, speaker in (("_", translated), ("ngettext", translated_number)):
            if hasattr(module, name):
                setattr(module, name, speaker)
    click.MissingParameter.format_message = _ended(click.MissingParameter.format_message)  # type: ignore[method-assign]
    click.HelpFormatter.write_usage = _unspaced(click.HelpFormatter.write_usage)  # type: ignore[method-assign]


def _ended(own: Callable[..., str]) -> Callable[..., str]:
    """Return click's message that something is missing, with the full stop of the language."""

    def format_message(error: click.MissingParameter) -> str:
        said = own(error)
        return f"{said[:-1]}。" if current() == "zh" and said.endswith(".") else said

    return format_message


def _unspaced(own: Callable[..., None]) -> Callable[..., None]:
    """Return click's line of usage, without the blank that it sets behind a full-width colon."""

    def write_usage(page: click.HelpFormatter, prog: str, args: str = "", prefix: str | None = None) -> None:
        usage = translated("Usage:")
        own(page, prog, args, usage if prefix is None and usage.endswith("：") else prefix)

    return write_usage
