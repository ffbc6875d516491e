"""Every command line that a page shows exists, with the options that it is shown with; the page of commands is current."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from support.references import FENCE, files

from facilityd.cli.main import COMMANDS, RENAMED, facilityd

PAGES = [
    page for page in files(".md")
    if page.name not in {"CHANGELOG.md", "commands.md", "commands.zh.md"}
    and not page.as_posix().startswith(("docs/decisions/", "docs/reference/"))
]  # fmt: skip
"""Decisions tell of the past; a reference of other programs; the page of commands is made from them."""
WITHIN = re.compile(r"(?<!`)`facilityd ([a-z][^`\n]*)`(?!`)")
ON_A_LINE = re.compile(r"^ *(?:\$ |sudo )?facilityd ([a-z][^\n#|&>…]*)", re.MULTILINE)
EXAMPLES = {"hello config/square --json"}
"""The command that CONTRIBUTING has a reader write."""


def _lines(page: Path) -> Iterator[str]:
    text = page.read_text(encoding="utf-8")
    blocks = [found[0] for found in FENCE.finditer(text)]
    for found in [*WITHIN.finditer(FENCE.sub("", text)), *ON_A_LINE.finditer("\n".join(blocks))]:
        yield found[1].strip()


def _mistake(line: str) -> str:
    """Return what is wrong with a command line that is shown; "" for nothing."""
    try:
        words = shlex.split(line.split(" | ", maxsplit=1)[0].replace("[", " ").replace("]", " "))
    except ValueError:
        words = line.split()
    context = click.Context(facilityd)
    command: click.Command = facilityd
    while words and isinstance(command, click.Group):
        inner = command.get_command(context, words[0])
        if inner is None:
            return "" if command is not facilityd or words[0] in RENAMED else f"no command {words[0]}"
        command, words = inner, words[1:]
    known = {opt for parameter in command.params for opt in (*parameter.opts, *parameter.secondary_opts)}
    asked = {re.split(r"[=|]", word)[0] for word in words if re.match(r"--?[a-z]", word)}
    return ", ".join(sorted(asked - known - {"--help", "-h", "--version"}))


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_what_a_page_shows_can_be_typed(page: Path) -> None:
    lines = [line for line in _lines(page) if line not in EXAMPLES]
    assert [(line, wrong) for line in lines if (wrong := _mistake(line))] == []


def test_what_cannot_be_typed_is_found() -> None:
    assert _mistake("stauts my-square") == "no command stauts"
    assert _mistake("history my-square hoist-1 wind --sinse 1h") == "--sinse"
    assert _mistake("simulate run f01-leak -j 2") == ""
    assert len(COMMANDS) > 40


def test_the_page_of_commands_is_what_the_commands_say() -> None:
    done = subprocess.run([sys.executable, "tools/commands_page.py", "--check"], check=False)
    assert done.returncode == 0, "python tools/commands_page.py writes it anew"
