"""Which language a command speaks: ``--lang``, else the site's own ``language``, else the terminal's."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING

import click

from facilityd.model.language import LANGUAGES, Language
from facilityd.model.message import spoken

if TYPE_CHECKING:
    from facilityd.config.site import Site
    from facilityd.errors import ConfigError

VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""Where POSIX says what language messages are in: the first that is set counts."""
_ASKED: ContextVar[Language | None] = ContextVar("asked", default=None)
"""What ``--lang`` says, wherever it stands: help and mistakes of usage come before options are read."""
_SITES: ContextVar[Language | None] = ContextVar("sites", default=None)

_HELP = "Chinese or English.  [default: the site's 'language', else the terminal's]"
lang_option = click.option("--lang", type=click.Choice(LANGUAGES), default=None, help=_HELP)
spoken_lang_option = click.option(
    "--lang", type=click.Choice(LANGUAGES), default=None, expose_value=False, help=_HELP
)
"""The same for a command that asks ``current`` where it says something."""


def listen(arguments: Sequence[str]) -> None:
    """Note which language the arguments of a call ask for, before any of them is judged."""
    asked = None
    for number, word in enumerate(arguments):
        if word == "--":
            break
        name, _, value = word.partition("=")
        if name == "--lang":
            asked = value or next(iter(arguments[number + 1 : number + 2]), "")
    _ASKED.set(next((one for one in LANGUAGES if one == asked), None))
    _SITES.set(None)


def forget() -> None:
    """Forget what a call asked for, once nothing more is said in it."""
    _ASKED.set(None)
    _SITES.set(None)


def chosen(lang: str | None, site: Site | None = None) -> Language:
    """Return the language that a person reads; ``lang`` is what was asked for, if anything was."""
    if site is not None:
        _SITES.set(site.language)
    asked = next((language for language in LANGUAGES if language == lang), None)
    return asked or current()


def current() -> Language:
    """Return the language of this call as far as it is known: of help, and of what is refused."""
    return _ASKED.get() or _SITES.get() or of_terminal(os.environ)


def named(error: Exception) -> str:
    """Return what an error says, in the language of this call."""
    return spoken(error, current())


def in_words(text: str) -> str:
    """Return a message in the language of this call."""
    return spoken(text, current())


def problem_lines(error: ConfigError) -> list[str]:
    """Return each problem of a configuration; a site that says its language is told of them in it."""
    _SITES.set(next((one for one in LANGUAGES if one == error.language), _SITES.get()))
    return [spoken(problem, current()) for problem in error.problems]


def of_terminal(environment: Mapping[str, str]) -> Language:
    """Return the language of a terminal: Chinese where its locale is (zh_CN.UTF-8), else English."""
    locale = next((environment[name] for name in VARIABLES if environment.get(name)), "")
    return "zh" if locale.lower().startswith("zh") else "en"
