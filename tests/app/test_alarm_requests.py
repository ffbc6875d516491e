"""Every move of the alarm table that is a person's has a request, and the daemon carries it out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from facilityd.alarm.table import ROWS, Event
from facilityd.app.requests import HANDLERS
from facilityd.config.load import load
from facilityd.model.alarm import AlarmState, Kind, Life
from facilityd.scenario.load import square
from facilityd.scenario.stage import Stage
from facilityd.scenario.subset import subset
from facilityd.store.reader import Reader
from facilityd.supervise.inbox import AckRequest, Inbox, RealarmRequest, Request, ResetRequest

PEOPLES = {Event.ACKNOWLEDGE: AckRequest, Event.RESET: ResetRequest, Event.REALARM: RealarmRequest}
NIGHT = 1_781_100_000 * 10**9


def test_every_event_of_the_table_is_a_rules_or_a_starts_or_has_a_request() -> None:
    found_by_rules = {
        Event.TRUE, Event.FALSE, Event.UNKNOWN, Event.WORSE, Event.EXPLAINED, Event.UNEXPLAINED,
    }  # fmt: skip
    at_a_start = {Event.UNWATCHED}
    assert {row.event for row in ROWS} == found_by_rules | at_a_start | PEOPLES.keys()
    assert set(PEOPLES.values()) <= HANDLERS.keys()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(subset(load(square()), ("gate-base",)), tmp_path, start=NIGHT) as opened:
        opened.advance(300)
        yield opened


def ask(stage: Stage, request: Request) -> str:
    inbox = Inbox(stage.journal)
    name = inbox.drop(request)
    stage.advance(120)
    assert not inbox.waiting(name)
    return inbox.refusal(name)


def state(stage: Stage) -> AlarmState:
    with Reader.open(stage.journal) as reader:
        return next(s for s in reader.alarms() if (s.device, s.rule) == ("gate-base", "pole-live"))


def test_a_latched_alarm_is_reset_after_an_inspection_and_not_before(stage: Stage) -> None:
    stage.fault("gate-base", "L18", duration=900)
    stage.advance(900)
    reset = ResetRequest("gate-base", "pole-live", "li", "insulation renewed")
    assert "its condition still holds" in ask(stage, reset)
    stage.advance(1800)
    assert state(stage).life is Life.LATCHED_UNACKNOWLEDGED
    assert "acknowledge it before the reset" in ask(stage, reset)
    assert ask(stage, AckRequest("gate-base", "pole-live", "li")) == ""
    stage.restart()
    stage.advance(300)
    assert ask(stage, reset) == ""
    assert state(stage).life is Life.NORMAL
    with Reader.open(stage.journal) as reader:
        changes = [c.change for c in reader.changes() if c.change.rule == "pole-live"]
    assert [c.kind for c in changes if c.person] == [Kind.ACKNOWLEDGE, Kind.RESET]
    assert changes[-1].comment == "insulation renewed"


def test_an_acknowledgement_can_be_taken_back(stage: Stage) -> None:
    stage.fault("gate-base", "L18")
    stage.advance(900)
    again = RealarmRequest("gate-base", "pole-live", "wang")
    assert "not acknowledged yet" in ask(stage, again)
    assert ask(stage, AckRequest("gate-base", "pole-live", "li")) == ""
    assert ask(stage, again) == ""
    assert state(stage).life is Life.UNACKNOWLEDGED


def test_a_request_that_fails_unforeseen_is_refused_alone(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> str:
        raise ZeroDivisionError

    monkeypatch.setitem(HANDLERS, ResetRequest, broken)
    assert "unexpected ZeroDivisionError" in ask(stage, ResetRequest("gate-base", "pole-live", "li"))
    assert "no alarm to acknowledge" in ask(stage, AckRequest("gate-base", "pole-live", "li"))
