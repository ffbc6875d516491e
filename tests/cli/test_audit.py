"""facilityd audit: who asked what, from where, and what came of it; and a command waits for its result."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.site import make_square

from facilityd.cli import command as waiting
from facilityd.cli.main import facilityd
from facilityd.config.load import load
from facilityd.errors import FacilitydError, UsageError
from facilityd.model.command import AcknowledgeAlarm
from facilityd.model.command_record import UNREADABLE, CommandRecord
from facilityd.model.sample import NS
from facilityd.store.commands import CommandWrite
from facilityd.store.journal import Journal
from facilityd.supervise.inbox import Inbox

TRIP = {"device": "hoist-1", "rule": "trip", "person": "li"}
LONG_AGO, LATELY = 1_781_100_000 * NS, 1_781_200_000 * NS
ASKED = AcknowledgeAlarm(
    id="one", at=LONG_AGO, origin="desk-1", device="hoist-1", rule="trip", person="王工", comment="on my way"
)
DONE = CommandRecord.of(ASKED, "wang", LONG_AGO + NS)
TOOK = CommandRecord("four", "done", "Li", LATELY, "", "li", {"task": 1}, LATELY, "")
REFUSED = CommandRecord("two", "reset", "Li", LATELY, "", "li", {"device": "hoist-1"}, LATELY, "no / 没有")
RUBBISH = CommandRecord("three", UNREADABLE, "", LATELY, "", "li", "{rub", LATELY, "not a command: x")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = make_square(tmp_path / "square")
    made.journal.parent.mkdir(parents=True, exist_ok=True)
    with Journal.open(made.journal, max_bytes=2**26, max_age=10**18, site=made.site.id) as journal:
        journal.commit([CommandWrite([DONE, REFUSED, RUBBISH])])
    return made.folder


def _audit(folder: Path, *options: str) -> str:
    done = CliRunner().invoke(facilityd, ["audit", str(folder), *options])
    assert done.exception is None, done.exception
    return done.stdout


def test_everything_is_listed_with_its_result(folder: Path) -> None:
    shown = _audit(folder, "--since", "2026-06-01T00:00", "--lang", "en")
    assert "wang@desk-1" in shown
    assert "on my way" in shown
    assert "refused: not a command: x" in shown
    assert len(shown.splitlines()) == 4
    chinese = _audit(folder, "--since", "2026-06-01T00:00", "--lang", "zh")
    assert "确认报警" in chinese
    assert "被拒绝：没有" in chinese


def test_what_is_asked_for_by_a_number_says_of_what(tmp_path: Path) -> None:
    made = make_square(tmp_path / "square")
    made.journal.parent.mkdir(parents=True, exist_ok=True)
    with Journal.open(made.journal, max_bytes=2**26, max_age=10**18, site=made.site.id) as journal:
        journal.commit([CommandWrite([TOOK])])
    assert "task 1" in _audit(made.folder, "--since", "2026-06-01T00:00", "--lang", "en")
    assert "任务 1" in _audit(made.folder, "--since", "2026-06-01T00:00", "--lang", "zh")


def test_json_has_the_record_whole(folder: Path) -> None:
    records: list[dict[str, Any]] = json.loads(_audit(folder, "--since", "2026-06-01T00:00", "--json"))
    assert [one["id"] for one in records] == ["one", "two", "three"]
    assert records[0] == {
        "id": "one", "command": "ack", "by": "王工", "asked_at": LONG_AGO, "from": "desk-1", "account": "wang",
        "payload": ASKED.payload, "done_at": LONG_AGO + NS, "refused": "",
    }  # fmt: skip
    only = json.loads(_audit(folder, "--since", "2026-06-01T00:00", "--json", "--refused"))
    assert [one["id"] for one in only] == ["two", "three"]


def test_since_leaves_out_what_is_older(folder: Path) -> None:
    assert "nobody asked anything" in _audit(folder, "--since", "1min", "--lang", "en")
    assert json.loads(_audit(folder, "--since", "2026-06-11T12:00", "--json")) != []


def test_a_command_returns_once_its_result_is_durable_and_says_a_refusal(folder: Path) -> None:
    site = load(folder, secrets=False)
    inbox = Inbox(Path(site.store.path))

    def answer(refusal: str) -> None:
        while not (files := inbox.take()):
            pass
        command = files[0].command
        assert command is not None
        record = CommandRecord(command.id, "ack", "li", 1, "", "", {}, 2, refusal)
        with Journal.open(Path(site.store.path), max_bytes=2**26, max_age=10**18, site=site.id) as journal:
            journal.commit([CommandWrite([record])])
        inbox.remove(files[0])

    for refusal in ("", "there is no alarm"):
        daemon = threading.Thread(target=answer, args=(refusal,))
        daemon.start()
        if refusal:
            with pytest.raises(FacilitydError, match=refusal):
                waiting.send(site, AcknowledgeAlarm, **TRIP)
        else:
            waiting.send(site, AcknowledgeAlarm, **TRIP)
        daemon.join()


def test_what_was_taken_and_left_no_result_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = load(folder, secrets=False)
    monkeypatch.setattr(waiting, "WAIT_S", 0.0)
    with pytest.raises(FacilitydError, match="has not taken the request yet"):
        waiting.send(site, AcknowledgeAlarm, **TRIP)
    monkeypatch.setattr(Inbox, "waiting", lambda *_: False)
    with pytest.raises(FacilitydError, match="has no result of it"):
        waiting.send(site, AcknowledgeAlarm, **TRIP)


def test_a_text_that_is_too_long_is_a_slip_and_not_a_bug(folder: Path) -> None:
    site = load(folder, secrets=False)
    with pytest.raises(UsageError, match=r"comment: at most 4000 characters are allowed"):
        waiting.send(site, AcknowledgeAlarm, **TRIP, comment="x" * 4001)
    assert Inbox(Path(site.store.path)).take() == []
