"""What somebody leaves in the inbox is carried out or refused with a reason; the daemon goes on."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fuzz import fuzzed

from facilityd.supervise.inbox import MOST, AckRequest, Inbox

GOOD = AckRequest("hoist-1", "estop", "li")
NESTED = b"[" * 60_000
HOSTILE = {
    "nested": NESTED,
    "list for text": json.dumps({"ask": "ack", "device": [], "rule": "r", "person": "p"}).encode(),
    "text for number": json.dumps(
        {"ask": "ack", "device": "d", "rule": "r", "person": "p", "occurrence": "1"}
    ).encode(),
    "lone surrogate": b'{"ask": "ack", "device": "d", "rule": "r", "person": "p", "comment": "\\ud800"}',
    "a list": b"[]",
    "ask is a list": b'{"ask": []}',
    "not UTF-8": b"\xff\xfe\x00",
    "too long": b" " * 70_000 + b"{}",
}


def _inbox(tmp_path: Path) -> Inbox:
    inbox = Inbox(tmp_path / "journal.db")
    inbox.drop(GOOD)
    return inbox


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_and_the_good_one_taken(tmp_path: Path, name: str) -> None:
    inbox = _inbox(tmp_path)
    (inbox.folder / "bad.json").write_bytes(HOSTILE[name])
    assert [request for _, request in inbox.take()] == [GOOD]
    assert inbox.refusal("bad").startswith("not a request")
    assert not (inbox.folder / "bad.json").exists()


def test_a_pipe_a_folder_and_links_hold_nothing_up(tmp_path: Path) -> None:
    inbox = _inbox(tmp_path)
    os.mkfifo(inbox.folder / "pipe.json")
    (inbox.folder / "folder.json").mkdir()
    (inbox.folder / "dangling.json").symlink_to(tmp_path / "nowhere")
    secret = tmp_path / "secret.json"
    secret.write_text("{}", encoding="utf-8")
    (inbox.folder / "link.json").symlink_to(secret)
    assert [request for _, request in inbox.take()] == [GOOD]
    assert [
        file.name
        for file in inbox.folder.glob("*.json")
        if file.stem in {"pipe", "folder", "dangling", "link"}
    ] == []
    assert secret.read_text(encoding="utf-8") == "{}"


@given(
    content=st.binary(max_size=300)
    | st.recursive(
        st.none() | st.text() | st.integers(),
        lambda x: (
            st.lists(x) | st.dictionaries(st.sampled_from(["ask", "device", "rule", "person", "comment"]), x)
        ),
    ).map(lambda v: json.dumps(v).encode())
)
@fuzzed
def test_any_file_ends_in_a_request_or_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    inbox = _inbox(tmp_path_factory.mktemp("inbox"))
    (inbox.folder / "any.json").write_bytes(content)
    taken = dict(inbox.take())
    assert GOOD in taken.values()
    assert ("any" in taken) != bool(inbox.refusal("any"))


def test_a_comment_is_text_and_nothing_else(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "journal.db")
    inbox.drop(AckRequest("hoist-1", "estop", "li\x1b[2J", "seen\x1b]0;all is well\x07\n\u202egate"))
    (_, request), *rest = inbox.take()
    assert not rest
    assert request == AckRequest("hoist-1", "estop", "li", "seen gate")


def test_a_refusal_is_not_written_through_a_link(tmp_path: Path) -> None:
    inbox = _inbox(tmp_path)
    victim = tmp_path / "victim"
    victim.write_text("mine", encoding="utf-8")
    (inbox.folder / "bad.json").write_bytes(b"[]")
    (inbox.folder / "bad.refused").symlink_to(victim)
    inbox.take()
    assert victim.read_text(encoding="utf-8") == "mine"
    assert inbox.refusal("bad").startswith("not a request")


def test_an_answer_is_read_within_limits(tmp_path: Path) -> None:
    inbox = _inbox(tmp_path)
    (inbox.folder / "long.refused").write_bytes(b"x" * 1_000_000)
    (inbox.folder / "rude.refused").write_bytes(b"no\x1b[2J\xff")
    os.mkfifo(inbox.folder / "pipe.refused")
    assert len(inbox.refusal("long")) < 600
    assert inbox.refusal("rude") == "no\ufffd"
    assert "regular file" in inbox.refusal("pipe")
    assert inbox.refusal("none") == ""


def test_a_flood_is_taken_in_portions_and_nothing_is_lost(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "journal.db")
    names = {inbox.drop(GOOD) for _ in range(3 * MOST)}
    for _ in range(3):
        taken = inbox.take()
        assert len(taken) == MOST
        for name, _request in taken:
            names.remove(name)
            inbox.done(name)
    assert not names


def test_what_cannot_be_removed_is_taken_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder may be on a disk that became read-only: a mark would be made again every second."""
    inbox = _inbox(tmp_path)
    ((name, _),) = inbox.take()
    with monkeypatch.context() as read_only:
        read_only.setattr(Path, "unlink", _refused)
        read_only.setattr(Path, "rename", _refused)
        inbox.done(name)
    assert inbox.waiting(name)
    assert inbox.take() == []


def _refused(*_: object, **__: object) -> None:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"person": "x" * 201}, "person has more than 200 characters"),
        ({"comment": "x" * 4001}, "comment has more than 4000 characters"),
        ({"occurrence": 10**30}, "occurrence is beyond what the journal can hold"),
    ],
)
def test_texts_and_numbers_have_limits(tmp_path: Path, more: dict[str, str | int], said: str) -> None:
    inbox = _inbox(tmp_path)
    asked = {"device": "d", "rule": "r", "person": "p", **more}
    (inbox.folder / "bad.json").write_text(json.dumps(asked), encoding="utf-8")
    assert [request for _, request in inbox.take()] == [GOOD]
    assert said in inbox.refusal("bad")
