"""docs/troubleshooting.md: its commands are there with their options, and every reason has a line in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import click

from facilityd.cli.main import COMMANDS, facilityd
from facilityd.model.quality import Reason

PAGE = (Path(__file__).parents[2] / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and "reason |" not in line][1:]


def _commands() -> list[list[str]]:
    return [found.split() for found in re.findall(r"`facilityd ([^`]+)`", PAGE)]


def test_every_command_on_the_page_is_there_with_its_options() -> None:
    assert len(_commands()) > 10
    for name, *words in _commands():
        assert name in COMMANDS, name
        command = facilityd.get_command(click.Context(facilityd), name)
        if isinstance(command, click.Group):
            command = command.commands[words.pop(0)]
        assert command is not None
        known = {opt for parameter in command.params for opt in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, (name, words)


def test_every_reason_has_a_line() -> None:
    assert {reason.value for reason in Reason} <= set(re.findall(r"`([\w-]+)`", PAGE))


def test_every_line_is_in_both_languages() -> None:
    assert len(ROWS) > 25
    for row in ROWS:
        assert re.search(r"[\u4e00-\u9fff]", row), row
        assert re.search(r"[a-z]{3} [a-z]{2}", row), row
