"""What somebody leaves in the inbox is a command or refused with a reason; the daemon goes on."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fuzz import fuzzed

from facilityd.model.command import AcknowledgeAlarm, ApproveBaseline
from facilityd.model.command_record import CommandRecord
from facilityd.supervise.inbox import EXCERPT, MOST, Inbox, InboxFile

GOOD = AcknowledgeAlarm(device="hoist-1", rule="estop", person="li")
ACK = {"command": "ack", "device": "d", "rule": "r", "person": "p"}
BASELINE = {"command": "baseline", "device": "d", "rule": "r", "person": "p", "since": 1, "until": 2}
HOSTILE = {
    "nested": b"[" * 60_000,
    "nested data": b'{"command": "baseline", "data": {"a": ' + b"[" * 900 + b"]" * 900 + b"}}",
    "list for text": json.dumps(ACK | {"device": []}).encode(),
    "text for number": json.dumps(ACK | {"occurrence": "1"}).encode(),
    "a number that no table holds": json.dumps(BASELINE | {"until": 2**63, "data": {}}).encode(),
    "before 1970": json.dumps(ACK | {"at": -1}).encode(),
    "no number in the data": json.dumps(BASELINE | {"data": {"a": float("nan")}}).encode(),
    "a name too long": json.dumps(ACK | {"person": "x" * 201}).encode(),
    "a text too long": json.dumps(ACK | {"comment": "x" * 4001}).encode(),
    "a number beyond the journal's": json.dumps(ACK | {"occurrence": 10**30}).encode(),
    "a field too many": json.dumps(ACK | {"sudo": True}).encode(),
    "an id that is a path": json.dumps(ACK | {"id": "../../etc/passwd"}).encode(),
    "lone surrogate": b'{"command": "ack", "device": "d", "rule": "r", "person": "p", "comment": "\\ud800"}',
    "a list": b"[]",
    "command is a list": b'{"command": []}',
    "not UTF-8": b"\xff\xfe\x00",
    "too long": b" " * 70_000 + b"{}",
}


def _inbox(tmp_path: Path) -> Inbox:
    inbox = Inbox(tmp_path / "journal.db")
    inbox.drop(GOOD)
    return inbox


def _file(inbox: Inbox, name: str) -> InboxFile:
    return next(file for file in inbox.take() if file.path.stem == name)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_and_the_good_one_taken(tmp_path: Path, name: str) -> None:
    inbox = _inbox(tmp_path)
    (inbox.folder / "bad.json").write_bytes(HOSTILE[name])
    bad = _file(inbox, "bad")
    assert bad.command is None
    assert bad.fault.startswith("not a command")
    assert len(bad.excerpt) <= EXCERPT
    inbox.remove(bad)
    assert [file.command for file in inbox.take()] == [GOOD]


def test_a_pipe_a_folder_and_links_hold_nothing_up(tmp_path: Path) -> None:
    inbox = _inbox(tmp_path)
    os.mkfifo(inbox.folder / "pipe.json")
    (inbox.folder / "folder.json").mkdir()
    (inbox.folder / "folder.json" / "full").touch()
    (inbox.folder / "dangling.json").symlink_to(tmp_path / "nowhere")
    (inbox.folder / f"{'long' * 62}.json").write_text("{", encoding="utf-8")
    (inbox.folder / os.fsdecode(b"half \xff.json")).write_text("{", encoding="utf-8")
    secret = tmp_path / "secret.json"
    secret.write_text("{}", encoding="utf-8")
    (inbox.folder / "link.json").symlink_to(secret)
    for file in inbox.take():
        if file.command is None:
            inbox.remove(file)
    assert [file.command for file in inbox.take()] == [GOOD]
    assert secret.read_text(encoding="utf-8") == "{}"


@given(
    content=st.binary(max_size=300)
    | st.recursive(
        st.none() | st.text() | st.integers() | st.floats(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(
                st.sampled_from(
                    ["command", "ask", "id", "at", "device", "rule", "person", "comment", "data"]
                ),
                x,
            )
        ),
    ).map(lambda v: json.dumps(v).encode())
)
@fuzzed
def test_any_file_ends_in_a_command_or_a_refusal_that_can_be_stored(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    inbox = _inbox(tmp_path_factory.mktemp("inbox"))
    (inbox.folder / "any.json").write_bytes(content)
    file = _file(inbox, "any")
    assert (file.command is None) == bool(file.fault)
    f"{file.fault}{file.excerpt}{file.id}".encode()
    if file.command:
        CommandRecord.of(file.command, file.account, 1).to_json().encode()
    inbox.remove(file)
    assert [file.command for file in inbox.take()] == [GOOD]


def test_a_comment_is_text_and_nothing_else(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "journal.db")
    (inbox.folder).mkdir()
    asked = ACK | {"person": "li\x1b[2J", "comment": "seen\x1b]0;all is well\x07\n\u202egate"}
    (inbox.folder / "any.json").write_text(json.dumps(asked), encoding="utf-8")
    ((command,),) = [[file.command for file in inbox.take()]]
    assert isinstance(command, AcknowledgeAlarm)
    assert (command.person, command.comment) == ("li", "seen gate")


def test_a_record_outlives_its_way_through_a_file() -> None:
    command = ApproveBaseline(
        device="d", rule="r", person="李", since=1, until=2, data={"sigma": 0.1, "rows": [1, None]}
    )
    record = CommandRecord.of(command, "li", 3)
    assert record.payload == {
        "device": "d", "rule": "r", "since": 1, "until": 2, "data": {"sigma": 0.1, "rows": [1, None]}, "comment": "",
    }  # fmt: skip
    assert CommandRecord.from_json(record.to_json()) == record


def test_a_flood_is_taken_in_portions_and_nothing_is_lost(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "journal.db")
    ids = {inbox.drop(GOOD.model_copy(update={"id": f"n-{number}"})) for number in range(3 * MOST)}
    for _ in range(3):
        taken = inbox.take()
        assert len(taken) == MOST
        for file in taken:
            ids.remove(file.id)
            inbox.remove(file)
    assert not ids


def test_what_cannot_be_removed_is_taken_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder may be on a disk that became read-only."""
    inbox = _inbox(tmp_path)
    (file,) = inbox.take()
    with monkeypatch.context() as read_only:
        read_only.setattr(Path, "unlink", _refused)
        inbox.remove(file)
    assert inbox.waiting(file.id)
    assert inbox.take() == []


def _refused(*_: object, **__: object) -> None:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))
