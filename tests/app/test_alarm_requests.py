"""Every move of the alarm table that is a person's has a request, and the daemon carries it out."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.commands import result

from facilityd.app.commands import HANDLERS
from facilityd.config.load import load
from facilityd.model.alarm import AlarmState, AlarmStateName, ChangeKind
from facilityd.model.command import AcknowledgeAlarm, Command, RealarmAlarm, ResetAlarm
from facilityd.scenario.load import square
from facilityd.scenario.subset import subset
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.store.reader import JournalReader
from facilityd.supervise.inbox import Inbox

NIGHT = 1_781_100_000 * 10**9


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[VirtualRuntime]:
    with VirtualRuntime(subset(load(square()), ("gate-base",)), tmp_path, start=NIGHT) as opened:
        opened.advance(300)
        yield opened


def ask(runtime: VirtualRuntime, request: Command) -> str:
    inbox = Inbox(runtime.journal)
    name = inbox.drop(request.model_copy(update={"id": uuid.uuid4().hex}))  # each time one of its own
    runtime.advance(120)
    assert not inbox.waiting(name)
    return result(runtime.journal, name)


def state(runtime: VirtualRuntime) -> AlarmState:
    with JournalReader.open(runtime.journal) as reader:
        return next(s for s in reader.alarms() if (s.device, s.rule) == ("gate-base", "pole-live"))


def test_a_latched_alarm_is_reset_after_an_inspection_and_not_before(runtime: VirtualRuntime) -> None:
    runtime.fault("gate-base", "L18", duration=900)
    runtime.advance(900)
    reset = ResetAlarm(device="gate-base", rule="pole-live", person="li", comment="insulation renewed")
    assert "its condition still holds" in ask(runtime, reset)
    runtime.advance(1800)
    assert state(runtime).state_name is AlarmStateName.LATCHED_UNACKNOWLEDGED
    assert "acknowledge it before the reset" in ask(runtime, reset)
    assert ask(runtime, AcknowledgeAlarm(device="gate-base", rule="pole-live", person="li")) == ""
    runtime.restart()
    runtime.advance(300)
    assert ask(runtime, reset) == ""
    assert state(runtime).state_name is AlarmStateName.NORMAL
    with JournalReader.open(runtime.journal) as reader:
        changes = [c.change for c in reader.changes() if c.change.rule == "pole-live"]
    assert [c.kind for c in changes if c.person] == [ChangeKind.ACKNOWLEDGE, ChangeKind.RESET]
    assert changes[-1].comment == "insulation renewed"


def test_an_acknowledgement_can_be_taken_back(runtime: VirtualRuntime) -> None:
    runtime.fault("gate-base", "L18")
    runtime.advance(900)
    again = RealarmAlarm(device="gate-base", rule="pole-live", person="wang")
    assert "not acknowledged yet" in ask(runtime, again)
    assert ask(runtime, AcknowledgeAlarm(device="gate-base", rule="pole-live", person="li")) == ""
    assert ask(runtime, again) == ""
    assert state(runtime).state_name is AlarmStateName.UNACKNOWLEDGED


def test_a_request_that_fails_unforeseen_is_refused_alone(
    runtime: VirtualRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> str:
        raise ZeroDivisionError

    monkeypatch.setitem(HANDLERS, ResetAlarm, broken)
    assert "unexpected ZeroDivisionError" in ask(
        runtime, ResetAlarm(device="gate-base", rule="pole-live", person="li")
    )
    assert "no alarm to acknowledge" in ask(
        runtime, AcknowledgeAlarm(device="gate-base", rule="pole-live", person="li")
    )
