"""Which language a command speaks: ``--lang``, else the site's own ``language``, else the terminal's."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from facilityd.model.text import LANGUAGES, Language

if TYPE_CHECKING:
    from facilityd.config.site import Site

VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""Where POSIX says what language messages are in: the first that is set counts."""

lang_option = click.option(
    "--lang",
    type=click.Choice(LANGUAGES),
    default=None,
    help="Chinese or English.  [default: the site's 'language', else the terminal's]",
)


def chosen(lang: str | None, site: Site | None = None) -> Language:
    """Return the language that a person reads; ``lang`` is what was asked for, if anything was."""
    asked = next((language for language in LANGUAGES if language == lang), None)
    return asked or (site.language if site else None) or of_terminal(os.environ)


def of_terminal(environment: Mapping[str, str]) -> Language:
    """Return the language of a terminal: Chinese where its locale is (zh_CN.UTF-8), else English."""
    locale = next((environment[name] for name in VARIABLES if environment.get(name)), "")
    return "zh" if locale.lower().startswith("zh") else "en"
