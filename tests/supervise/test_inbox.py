"""Commands are files: whole or not at all, there until their result is on record, refused with a reason."""

from __future__ import annotations

import getpass
import json
from pathlib import Path

import pytest

from facilityd.errors import FacilitydError
from facilityd.model.command import AcknowledgeAlarm
from facilityd.supervise.inbox import KEPT, Inbox

COMMAND = AcknowledgeAlarm(device="hoist-1", rule="trip", person="王工", comment="on it")


def test_a_command_arrives_whole_with_the_account_that_left_it(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "journal.db")
    assert inbox.drop(COMMAND) == COMMAND.id
    assert inbox.waiting(COMMAND.id)
    (file,) = inbox.take()
    assert (file.command, file.id, file.account) == (COMMAND, COMMAND.id, getpass.getuser())
    assert inbox.take() == [file], "it stays until its result is on record"
    inbox.remove(file)
    assert inbox.take() == []
    assert not inbox.waiting(COMMAND.id)


@pytest.mark.parametrize(
    "text", ["", "{", '{"device": "x"}', "[1]", '{"command": "start"}', "\x00" * 100, '{"command": "ack"}']
)
def test_rubbish_is_refused_with_a_reason_and_set_aside(tmp_path: Path, text: str) -> None:
    inbox = Inbox(tmp_path / "journal.db")
    inbox.folder.mkdir()
    (inbox.folder / "bad.json").write_text(text, encoding="utf-8")
    inbox.drop(COMMAND)
    bad = next(file for file in inbox.take() if file.path.stem == "bad")
    assert bad.command is None
    assert bad.fault.startswith("not a command: ")
    inbox.remove(bad)
    assert [file.command for file in inbox.take()] == [COMMAND]
    (kept,) = inbox.folder.glob("*.rejected")
    assert kept.read_text(encoding="utf-8") == text


def test_a_few_that_were_refused_are_kept_and_no_more(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "journal.db")
    inbox.folder.mkdir()
    for number in range(KEPT + 5):
        (inbox.folder / f"bad-{number}.json").write_text("{", encoding="utf-8")
    for file in inbox.take():
        inbox.remove(file)
    assert len(list(inbox.folder.iterdir())) == KEPT


def test_a_file_written_by_hand_has_an_id_of_its_own_each_time(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "journal.db")
    inbox.folder.mkdir()
    asked = {"command": "ack", "device": "hoist-1", "rule": "trip", "person": "li"}
    ids = set()
    for _ in range(2):
        (inbox.folder / "ack now.json").write_text(json.dumps(asked), encoding="utf-8")
        (file,) = inbox.take()
        assert isinstance(file.command, AcknowledgeAlarm)
        assert inbox.take()[0].id == file.id == file.command.id
        ids.add(file.id)
        inbox.remove(file)
    assert len(ids) == 2


def test_what_an_older_command_line_left_is_understood(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "journal.db")
    inbox.folder.mkdir()
    old = (
        '{"ask": "ack", "device": "hoist-1", "rule": "trip", "person": "li", "comment": "", "occurrence": 0}'
    )
    (inbox.folder / f"{'0' * 32}.json").write_text(old, encoding="utf-8")
    (file,) = inbox.take()
    assert isinstance(file.command, AcknowledgeAlarm)
    assert (file.id, file.command.device, file.command.at) == ("0" * 32, "hoist-1", file.at)


def test_half_written_commands_are_not_seen(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "journal.db")
    inbox.folder.mkdir()
    (inbox.folder / ".half").write_text("{", encoding="utf-8")
    assert inbox.take() == []


def test_a_closed_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "journal.db.inbox").write_text("a file where the folder should be")
    with pytest.raises(FacilitydError, match="cannot write"):
        Inbox(tmp_path / "journal.db").drop(COMMAND)
