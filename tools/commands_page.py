"""Every command with its help, in both languages: docs/commands.md and docs/commands.zh.md.

    python tools/commands_page.py [--check]

``--check`` writes nothing, and ends with 1 where a page is not what the commands say.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click
from click.testing import CliRunner

from facilityd.cli.help import help_table
from facilityd.cli.main import facilityd
from facilityd.model.language import LANGUAGES, Language

DOCS = Path(__file__).parents[1] / "docs"
FILES: dict[Language, Path] = {"en": DOCS / "commands.md", "zh": DOCS / "commands.zh.md"}
TITLE: dict[Language, str] = {"en": "Every command", "zh": "全部命令"}
INTRO: dict[Language, str] = {
    "en": "What `--help` says of each. `facilityd docs commands WORDS` finds one in the terminal.",
    "zh": "以下是每个命令的 `--help` 内容。在终端中用 `facilityd docs commands 词` 查找。",
}
WIDTH = "88"


def page(language: Language) -> str:
    """Return the page as Markdown."""
    parts = [f"# {TITLE[language]}", INTRO[language]]
    for group in help_table().groups:
        parts.append(f"## {group.title[language]}")
        for name in group.commands:
            for words in _inner(name):
                parts += [f"### {' '.join(words)}", f"```text\n{_help(words, language)}\n```"]
    return "\n\n".join(parts) + "\n"


def _inner(name: str) -> Iterator[list[str]]:
    """Iterate over a command and what stands below it, as it is typed."""
    root = facilityd.get_command(click.Context(facilityd), name)

    def walk(command: click.Command, words: list[str]) -> Iterator[list[str]]:
        yield words
        if isinstance(command, click.Group):
            for key, below in command.commands.items():
                if not below.hidden:
                    yield from walk(below, [*words, key])

    assert root is not None
    yield from walk(root, [name])


def _help(words: list[str], language: Language) -> str:
    call = [*words, "--help"]
    done = CliRunner().invoke(
        facilityd, ["--lang", language, *call], prog_name="facilityd",
        env={"COLUMNS": WIDTH, "LC_ALL": "C.UTF-8"}, terminal_width=int(WIDTH),
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    return done.output.rstrip()


def main() -> int:
    """Write the pages, or compare them. Returns the exit status."""
    stale = 0
    for language in LANGUAGES:
        made = page(language)
        if "--check" in sys.argv[1:]:
            stale += FILES[language].read_text(encoding="utf-8") != made
        else:
            FILES[language].write_text(made, encoding="utf-8")
    return int(stale > 0)


if __name__ == "__main__":
    sys.exit(main())
