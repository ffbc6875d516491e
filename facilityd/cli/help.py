"""What ``--help`` says, in the language of the call; the Chinese, and the groups of commands, are a table."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import click
from click.formatting import HelpFormatter
from rich.cells import cell_len

from facilityd.cli.language import current
from facilityd.cli.wrapping import padded, wrapped
from facilityd.model.language import Language
from facilityd.model.shipped_data import shipped_data

HELP_NAMES = ("-h", "--help")
OVERVIEW = 26
"""Cells that the names of options may take before their help begins on a line of its own."""


@dataclass(frozen=True, slots=True)
class CommandGroup:
    """Commands that serve one purpose, in the order in which they are listed; ``title`` by language."""

    title: Mapping[Language, str]
    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CommandHelp:
    """Help of a command: ``en`` its first sentence, ``zh`` all of it; options by their longest name."""

    en: str
    zh: str
    options: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class HelpTable:
    """What ``help.yaml`` holds. Not checked as other tables are: loading what does takes longer than help."""

    groups: tuple[CommandGroup, ...]
    metavars: Mapping[str, str]
    common: Mapping[str, str]
    commands: Mapping[str, CommandHelp]


@cache
def help_table() -> HelpTable:
    """Return the table that is shipped."""
    data = shipped_data("facilityd.cli", "help.yaml")
    groups = tuple(CommandGroup(one["title"], tuple(one["commands"])) for one in data["groups"])
    commands = {
        name: CommandHelp(one["en"], one["zh"], one.get("options", {}))
        for name, one in data["commands"].items()
    }
    return HelpTable(groups, data["metavars"], data["common"], commands)


def summary(name: str, language: Language) -> str:
    """Return a command's first sentence; ``name`` as it is typed, such as ``simulate run``."""
    about = help_table().commands.get(name)
    if about is None:
        return ""
    return about.en if language == "en" else about.zh.split("\n\n")[0].strip()


class WideFormatter(HelpFormatter):
    """Lays help out by cells: a Chinese character takes two."""

    def write_heading(self, heading: str) -> None:
        """Write a heading; the colon is that of the language."""
        self.write(f"{'':>{self.current_indent}}{heading}{'：' if current() == 'zh' else ':'}\n")

    def write_text(self, text: str) -> None:
        """Write paragraphs."""
        indent = " " * self.current_indent
        paragraphs = [
            "\n".join(indent + line for line in wrapped(" ".join(part.split()), self.width - len(indent)))
            for part in text.split("\n\n")
        ]
        self.write("\n\n".join(paragraphs) + "\n")

    def write_dl(self, rows: Any, col_max: int = OVERVIEW, col_spacing: int = 2) -> None:
        """Write names and what they mean, side by side."""
        rows, indent = list(rows), " " * self.current_indent
        first = max((cell_len(name) for name, _ in rows if cell_len(name) <= col_max), default=col_max)
        room = max(10, self.width - len(indent) - first - col_spacing)
        for name, said in rows:
            lines = wrapped(" ".join(said.split()), room)
            beside = cell_len(name) <= first
            self.write(f"{indent}{padded(name, first + col_spacing) + lines[0] if beside else name}".rstrip())
            self.write("\n")
            for line in lines[1:] if beside else lines:
                self.write(f"{indent}{' ' * (first + col_spacing)}{line}".rstrip() + "\n")


class Context(click.Context):
    """A call whose help is laid out by cells."""

    formatter_class = WideFormatter


Kind = TypeVar("Kind", bound=click.Command)


def spoken(command: Kind, name: str, language: Language) -> Kind:
    """Return a copy of a command whose help is in a language; ``name`` as it is typed."""
    made = copy.copy(command)
    made.context_class = Context
    made.params = [_parameter(parameter, name, language) for parameter in command.params]
    said = "Show this message and exit."
    if language == "zh":
        table, about = help_table(), help_table().commands.get(name)
        said, made.options_metavar = table.common["--help"], table.metavars["[OPTIONS]"]
        made.help, made.short_help = (about.zh, summary(name, language)) if about else (made.help, None)
    made.add_help_option = False
    click.help_option(*HELP_NAMES, help=said)(made)
    if isinstance(made, click.Group):
        if language == "zh":
            made.subcommand_metavar = help_table().metavars["COMMAND [ARGS]..."]
        inner = {key: spoken(one, f"{name} {key}".strip(), language) for key, one in made.commands.items()}
        made.commands = inner
    return made


def _parameter(parameter: click.Parameter, name: str, language: Language) -> click.Parameter:
    if language == "en" or not isinstance(parameter, click.Option):
        return parameter
    made = copy.copy(parameter)
    made.help = option_help(name, parameter) or parameter.help
    metavars = help_table().metavars
    if not parameter.is_flag and not isinstance(parameter.type, click.Choice):
        typed = parameter.make_metavar(click.Context(click.Command(name)))
        made.metavar = metavars.get(typed, parameter.metavar)
    return made


def option_help(name: str, option: click.Option) -> str:
    """Return what an option means in Chinese; nothing where the table has no word of it."""
    known, common = help_table().commands.get(name), help_table().common
    own = known.options if known else {}
    for opt in option.opts:
        if opt in own:
            return own[opt]
    return next((common[opt] for opt in option.opts if opt in common), "")


def first_sentence(command: click.Command) -> str:
    """Return the first paragraph of a command's own English help, as far as its first full stop."""
    text = " ".join(inspect.cleandoc(command.help or "").split("\n\n")[0].split())
    return text if ". " not in text else text[: text.index(". ") + 1]
