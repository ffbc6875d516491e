"""Requests are files: whole or not at all, taken once, refused with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from facilityd.errors import FacilitydError
from facilityd.supervise.inbox import AckRequest, Inbox

REQUEST = AckRequest("hoist-1", "trip", "王工", "on it")


def test_a_request_arrives_whole_and_once(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "journal.db")
    name = inbox.drop(REQUEST)
    assert inbox.waiting(name)
    assert inbox.take() == [(name, REQUEST)]
    inbox.done(name)
    assert inbox.take() == []
    assert not inbox.waiting(name)
    assert inbox.refusal(name) == ""


@pytest.mark.parametrize("text", ["", "{", '{"device": "x"}', "[1]", '{"command": "start"}', "\x00" * 100])
def test_rubbish_is_refused_with_a_reason(tmp_path: Path, text: str) -> None:
    inbox = Inbox(tmp_path / "journal.db")
    inbox.folder.mkdir()
    (inbox.folder / "bad.json").write_text(text, encoding="utf-8")
    name = inbox.drop(REQUEST)
    assert inbox.take() == [(name, REQUEST)]
    assert inbox.refusal("bad").startswith("not a request")
    assert not inbox.waiting("bad")


def test_half_written_requests_are_not_seen(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "journal.db")
    inbox.folder.mkdir()
    (inbox.folder / ".half").write_text("{", encoding="utf-8")
    assert inbox.take() == []


def test_a_closed_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "journal.db.inbox").write_text("a file where the folder should be")
    with pytest.raises(FacilitydError, match="cannot write"):
        Inbox(tmp_path / "journal.db").drop(REQUEST)
