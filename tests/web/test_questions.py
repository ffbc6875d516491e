"""The operator's five questions in the documentation: each command and each call, with what they say."""

from __future__ import annotations

import os
import re
import shlex
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.query_sites import StoredSite
from support.web import WebPeer

from facilityd.cli.main import facilityd

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {"en": DOCS / "questions.md", "zh": DOCS / "questions.zh.md"}
CONFIG = Path(__file__).parents[2] / "config" / "square"
WRITE = bool(os.environ.get("FACILITYD_WRITE"))
SHELL = re.compile(r"```console\n\$ (facilityd [^\n]+)\n(.*?)```", re.DOTALL)
CALL = re.compile(r"```http\nGET (/api/v1/[^\n]+)\n```")
LONGEST = 12
"""Lines of an answer that are shown."""


@pytest.fixture
def square(morning: StoredSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The demo's files on the stored morning, in a folder where it is 04:47."""
    folder = tmp_path / "my-square"
    folder.mkdir()
    for path in CONFIG.rglob("*"):
        if path.is_file():
            copy = folder / path.relative_to(CONFIG)
            copy.parent.mkdir(exist_ok=True)
            text = path.read_text(encoding="utf-8")
            if path.name == "site.yaml":
                text = re.sub(r"(?m)^store:.*$", f"store: {{path: {morning.site.store.path}}}", text)
            copy.write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(time, "time_ns", lambda: morning.now)
    return folder


def answer(command: str, language: str) -> str:
    """Return what a command says, its first lines."""
    words = shlex.split(command)[1:]
    done = CliRunner().invoke(facilityd, [*words, "--lang", language], env={"COLUMNS": "100"})
    assert done.exit_code in (0, 1), done.output
    assert not isinstance(done.exception, Exception), done.exception
    rows = [line.rstrip() for line in done.stdout.splitlines()]
    shown = rows[:LONGEST] + (["…"] if len(rows) > LONGEST else [])
    return "".join(f"{line}\n" for line in shown)


@pytest.mark.parametrize("language", PAGES)
def test_each_question_is_answered_by_a_command_as_the_page_says(square: Path, language: str) -> None:
    text = PAGES[language].read_text(encoding="utf-8")
    commands = SHELL.findall(text)
    assert len(commands) == 5
    said = {command: answer(command, language) for command, _ in commands}
    assert (square.parent / "week.xlsx").stat().st_size > 1000
    if WRITE:
        shown = SHELL.sub(lambda found: f"```console\n$ {found[1]}\n{said[found[1]]}```", text)
        PAGES[language].write_text(shown, encoding="utf-8")
        return
    for command, shown in commands:
        assert said[command] == shown, f"{command}: FACILITYD_WRITE=1 writes the page anew"


def test_each_question_is_answered_by_one_call(open_web: WebPeer) -> None:
    calls, same = (CALL.findall(page.read_text(encoding="utf-8")) for page in PAGES.values())
    assert len(calls) == 5
    assert calls == same
    bodies = {}
    for call in calls:
        got = open_web.get(call)
        assert got.status == 200, (call, got.body[:300])
        bodies[call.partition("?")[0].rpartition("/")[2]] = got.body.decode()
    assert '"device":"bridges"' in bodies["occurrences"].replace(" ", "")
    assert '"ready":' in bodies["readiness"].replace(" ", "")
    assert bodies["history"].startswith("time,")
