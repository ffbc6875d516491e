"""The cookbook: every recipe followed word by word, in the order of the page, and the two languages alike."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.query_sites import StoredSite

from facilityd.cli.main import facilityd
from facilityd.errors import FacilitydError

DOCS = Path(__file__).parents[2] / "docs"
PAGE, CHINESE = DOCS / "cookbook.md", DOCS / "cookbook.zh.md"
CONFIG = Path(__file__).parents[2] / "config" / "square"
WRITE = bool(os.environ.get("FACILITYD_WRITE"))
BLOCK = re.compile(r"```(console|\w+ [\w/.-]+)\n(.*?)```", re.DOTALL)
VARIES = re.compile(r"[\d.]+ s, [\d,]+ times life|[\d.]+ [KMGT]iB(?= are free)")
"""What another machine says otherwise."""
LONGEST = 10
"""Lines of an answer that are shown."""
ALLOWED = {"facilityd profile check our_pump.yaml": 1}
"""What ends with another status than 0, and why the page wants it to: there is still something to fill in."""


def answer(command: str, folder: Path) -> str:
    """Return what a command says, its first lines."""
    done = CliRunner().invoke(facilityd, [*shlex.split(command)[1:], "--lang", "en"], env={"COLUMNS": "100"})
    assert done.exit_code == ALLOWED.get(command, 0), (command, done.output, done.exception)
    said = done.output + (f"{done.exception}\n" if isinstance(done.exception, FacilitydError) else "")
    text = VARIES.sub("…", said.replace(f"{folder}/", ""))
    rows = [line.rstrip() for line in text.splitlines()]
    return "".join(f"{line}\n" for line in rows[:LONGEST] + (["…"] if len(rows) > LONGEST else []))


def commands(block: str) -> list[str]:
    """Return the commands of a block as they are typed."""
    return [line[2:] for line in block.splitlines() if line.startswith("$ ")]


@pytest.fixture
def kitchen(morning: StoredSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the demo's site on the stored morning, where it is 04:47."""
    shutil.copytree(CONFIG, tmp_path / "my-square", ignore=shutil.ignore_patterns(".facilityd"))
    shutil.copy(morning.site.store.path, tmp_path / "journal.db")
    site = tmp_path / "my-square" / "site.yaml"
    text = re.sub(r"(?m)^store:.*$", "store: {path: ../journal.db}", site.read_text(encoding="utf-8"))
    site.write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(time, "time_ns", lambda: morning.now)
    return tmp_path


def test_every_recipe_does_what_it_says(kitchen: Path) -> None:
    text, wrong = PAGE.read_text(encoding="utf-8"), list[str]()

    def follow(block: re.Match[str]) -> str:
        kind, body = block[1], block[2]
        if kind != "console":
            file = kitchen / kind.split()[1]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(body, encoding="utf-8")
            return block[0]
        said = "".join(f"$ {command}\n{answer(command, kitchen)}" for command in commands(body))
        if said != body:
            wrong.append(f"{body}\n--- says ---\n{said}")
        return f"```console\n{said}```"

    written = BLOCK.sub(follow, text)
    if WRITE:
        PAGE.write_text(written, encoding="utf-8")
        return
    assert wrong == [], "FACILITYD_WRITE=1 writes the page anew"
    assert len([one for one in BLOCK.finditer(text) if one[1] == "console"]) == 11


def test_both_languages_have_the_same_commands_and_files() -> None:
    def parts(page: Path) -> list[object]:
        found = BLOCK.findall(page.read_text(encoding="utf-8"))
        return [(kind, commands(body) if kind == "console" else body) for kind, body in found]

    assert parts(PAGE) == parts(CHINESE)
    assert len(re.findall(r"(?m)^## \d+\. ", PAGE.read_text(encoding="utf-8"))) == 10
