"""A command is done once, and its result is on record: over a crash at any point, and on a full disk."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.commands import result

from facilityd.app import core
from facilityd.config.load import load
from facilityd.config.site import Site
from facilityd.model.alarm import ChangeKind
from facilityd.model.command import AcknowledgeAlarm, AddMark, AlarmCommand, ShelveAlarm
from facilityd.model.command_record import UNREADABLE
from facilityd.model.notice import Purpose
from facilityd.model.refusal import read
from facilityd.model.sample import NS
from facilityd.scenario.load import square
from facilityd.scenario.subset import subset
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.store.commands import CommandWrite
from facilityd.store.journal import Journal
from facilityd.store.reader import JournalReader
from facilityd.supervise.inbox import Inbox

NIGHT = 1_781_100_000 * NS
COMMAND = AcknowledgeAlarm(device="gate-base", rule="pole-live", person="li", comment="on my way")
SITE = subset(load(square()), ("gate-base",))


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[VirtualRuntime]:
    with _begun(SITE, tmp_path, NIGHT) as opened:
        yield opened


def _begun(site: Site, folder: Path, start: int) -> VirtualRuntime:
    return VirtualRuntime(site, folder, start=start)


def _killed_at(folder: Path, moment: Callable[[], None], command: AlarmCommand) -> int:
    """Let the daemon be killed (-9) in another process, where ``moment`` puts it; return when, in ns UTC."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            with _begun(SITE, folder, NIGHT) as runtime:
                runtime.fault("gate-base", "L18")
                runtime.advance(900)
                os.write(writing, str(runtime.now + 300 * NS).encode())
                os.close(writing)
                moment()
                Inbox(runtime.journal).drop(command)
                runtime.advance(120)
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        then = int(pipe.read())
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "it was killed"
    return then


def _kill(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _between_doing_and_removing() -> None:
    Inbox.remove = _kill  # type: ignore[method-assign]


def _before_it_is_durable() -> None:
    commit = Journal.commit

    def killed(self: Journal, batch):
        asked = any(isinstance(write, CommandWrite) and write.records for write in batch)
        return _kill() if asked else commit(self, batch)

    Journal.commit = killed  # type: ignore[method-assign]


SHELF = ShelveAlarm(device="gate-base", rule="pole-live", person="li", comment="on my way", once=True)


@pytest.mark.parametrize("command", [COMMAND, SHELF], ids=["ack", "shelve"])
@pytest.mark.parametrize("moment", [_between_doing_and_removing, _before_it_is_durable])
def test_over_a_kill_a_command_is_done_once_and_its_result_is_found(
    tmp_path: Path, moment: Callable[[], None], command: AlarmCommand
) -> None:
    then = _killed_at(tmp_path, moment, command)
    inbox = Inbox(tmp_path / "journal.db")
    assert inbox.waiting(command.id), "the file outlived the daemon"
    with _begun(SITE, tmp_path, then) as again:
        again.fault("gate-base", "L18")
        again.advance(120)
    assert not inbox.waiting(command.id)
    assert result(tmp_path / "journal.db", command.id) == ""
    with JournalReader.open(tmp_path / "journal.db") as reader:
        kinds = [row.change.kind for row in reader.changes() if row.change.rule == "pole-live"]
        (record,) = reader.commands()
    done = {COMMAND: ChangeKind.ACKNOWLEDGE, SHELF: ChangeKind.SHELVE}[command]
    assert kinds.count(done) == 1
    assert (record.kind, record.person) == (command.model_dump()["command"], "li")
    assert record.payload["comment"] == "on my way"


def test_what_was_refused_and_what_was_no_command_is_on_record_too(runtime: VirtualRuntime) -> None:
    runtime.advance(60)
    inbox = Inbox(runtime.journal)
    inbox.drop(COMMAND)
    (inbox.folder / "rubbish.json").write_text('{"command": "start", "device": "hoist-1"}', encoding="utf-8")
    runtime.advance(120)
    with JournalReader.open(runtime.journal) as reader:
        records = {record.kind: record for record in reader.commands()}
    assert "there is no alarm to acknowledge" in records["ack"].refusal
    rubbish = records[UNREADABLE]
    assert read(rubbish.refusal).en.startswith("not a command")
    assert json.loads(rubbish.payload) == {"command": "start", "device": "hoist-1"}
    assert [file.suffix for file in inbox.folder.iterdir()] == [".rejected"]


def test_the_same_command_again_is_answered_and_not_done(runtime: VirtualRuntime) -> None:
    runtime.advance(600)
    inbox = Inbox(runtime.journal)
    seen = {"device": "gate-base", "kind": "incident", "since": NIGHT, "until": NIGHT + 60 * NS}
    command = AddMark(person="li", **seen)
    for _ in range(2):
        inbox.drop(command)
        runtime.advance(120)
        assert not inbox.waiting(command.id)
    with JournalReader.open(runtime.journal) as reader:
        assert len(reader.marks()) == len(reader.commands()) == 1


def test_on_a_full_disk_a_command_waits_or_is_done_in_memory_and_is_done_once(
    runtime: VirtualRuntime,
) -> None:
    runtime.fault("gate-base", "L18")
    runtime.advance(900)
    inbox, until = Inbox(runtime.journal), runtime.now
    mark = AddMark(device="gate-base", kind="incident", since=until - 60 * NS, until=until, person="li")
    runtime.hazard("facilityd", "disk-full")
    inbox.drop(mark)
    inbox.drop(COMMAND)
    runtime.advance(300)
    assert inbox.waiting(mark.id)
    assert inbox.waiting(COMMAND.id)
    runtime.crash()
    runtime.advance(300)
    runtime.hazard("facilityd", "none")
    runtime.advance(300)
    assert [result(runtime.journal, command) for command in (mark.id, COMMAND.id)] == ["", ""]
    with JournalReader.open(runtime.journal) as reader:
        kinds = [row.change.kind for row in reader.changes() if row.change.rule == "pole-live"]
        assert len(reader.marks()) == 1
    assert kinds.count(ChangeKind.ACKNOWLEDGE) == 1


def test_the_daemon_lets_an_acknowledgement_expire_and_the_journal_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here one rule has an expiry, and the daemon's own beat brings it about."""
    key, hour = ("gate-base", "pole-live"), 3600 * NS
    monkeypatch.setattr(core, "_expiry", lambda *_: {key: hour})
    with _begun(SITE, tmp_path, NIGHT) as runtime:
        runtime.fault("gate-base", "L18")
        runtime.advance(900)
        Inbox(runtime.journal).drop(COMMAND)
        runtime.advance(600)
        runtime.restart()
        runtime.advance(3600)
    with JournalReader.open(tmp_path / "journal.db") as reader:
        changes = [row.change for row in reader.changes() if row.change.rule == "pole-live"]
        purposes = {entry.notice.purpose for entry in reader.outbox()}
    acknowledged, expired = changes[-2:]
    assert (acknowledged.kind, acknowledged.details) == (ChangeKind.ACKNOWLEDGE, {"command": COMMAND.id})
    assert (expired.kind, expired.person) == (ChangeKind.REALARM, "")
    assert expired.details["acknowledged_at"] == acknowledged.at
    assert 0 <= expired.at - acknowledged.at - hour <= 2 * NS
    assert Purpose.REALARMED in purposes
