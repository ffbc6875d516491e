"""The demo lives in a folder that it made itself, and removes nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from facilityd.cli import demo
from facilityd.config.load import load

SQUARE = Path("config/square").resolve()


def _user_folder(tmp_path: Path) -> dict[Path, bytes]:
    """A checkout in which a person has run the square: a journal, and files of their own beside it."""
    shutil.copytree(SQUARE, tmp_path / "config/square")
    mine = {tmp_path / ".facilityd/journal.db": b"months", tmp_path / ".facilityd/notes/own.txt": b"mine"}
    for path, content in mine.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return mine


def test_a_demo_leaves_a_persons_journal_and_files_alone(tmp_path: Path) -> None:
    mine = _user_folder(tmp_path)
    words = [sys.executable, "-m", "facilityd", "simulate", "demo", "--plain", "--seconds", "2"]
    done = subprocess.run(words, cwd=tmp_path, check=False, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {path: path.read_bytes() for path in mine} == mine
    (journal,) = (tmp_path / ".facilityd").glob("demo-*/square/.facilityd/square/journal.db")
    assert journal.stat().st_size > 0


def test_each_demo_has_a_folder_and_a_journal_of_its_own(tmp_path: Path, monkeypatch) -> None:
    _user_folder(tmp_path)
    monkeypatch.chdir(tmp_path)
    first, second = demo.fresh_folder(), demo.fresh_folder()
    assert first != second
    for folder in (first, second):
        copy = demo.copy_site(folder)
        assert load(copy).store.path == f"{copy}/.facilityd/square/journal.db"
        assert f"serial_port: {folder}/tty/" in (copy / "links.yaml").read_text(encoding="utf-8")


def test_the_command_for_another_terminal_is_one_that_its_shell_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / ".venv" / "bin" / "facilityd"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", [str(program), "simulate", "demo"])
    monkeypatch.setenv("PATH", "/nonexistent")
    assert demo.called() == ".venv/bin/facilityd"
    monkeypatch.setenv("PATH", str(program.parent))
    assert demo.called() == "facilityd"


def test_its_notices_lead_to_its_page(tmp_path: Path) -> None:
    copy = demo.copy_site(tmp_path)
    demo.lead_to_page(copy, "http://127.0.0.1:8780/")
    assert load(copy, secrets=False).web.public_url == "http://127.0.0.1:8780"
