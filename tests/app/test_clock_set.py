"""Somebody sets the clock by an hour: whatever waits for a time lasts as long as was asked, also over a restart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from facilityd.alarm import AlarmManager
from facilityd.config.load import load
from facilityd.model.alarm import AlarmState, AlarmStateName
from facilityd.model.command import AcknowledgeAlarm, ShelveAlarm, StartMaintenance, TakeOutOfService
from facilityd.model.notice import Notice, Purpose
from facilityd.model.people import EscalationPolicy
from facilityd.model.rule import Priority
from facilityd.model.sample import NS
from facilityd.query.event_log import EventFilter
from facilityd.query.site import SiteQuery
from facilityd.scenario.load import square
from facilityd.scenario.subset import subset
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.store.reader import JournalReader

START, HOUR = 1_781_056_800 * NS, 3600
FIRE = {"device": "fire-gate", "rule": "active", "person": "li"}
SITE = subset(load(square()), ("fire-gate", "gate-base"))
EXPIRES = replace(
    SITE,
    duty=replace(SITE.duty, escalation=EscalationPolicy(Priority.LOW, (), {Priority.CRITICAL: 3000 * NS})),
)
STEPS = pytest.mark.parametrize("step", [HOUR, -HOUR, 45, -45])
RESTARTS = pytest.mark.parametrize("restarts", [False, True], ids=["goes on", "killed"])


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[VirtualRuntime]:
    with VirtualRuntime(EXPIRES, tmp_path, start=START) as opened:
        opened.advance(100)
        yield opened


def _state(runtime: VirtualRuntime, device: str = "fire-gate", rule: str = "active") -> AlarmState:
    with JournalReader.open(runtime.journal) as reader:
        return next(one for one in reader.alarms() if (one.device, one.rule) == (device, rule))


def _told(runtime: VirtualRuntime) -> list[Notice]:
    mine = [one for one in runtime.mailbox.taken if one.device == "fire-gate"]
    return [one for one in mine if one.recipient == mine[0].recipient]


def _set_clock(runtime: VirtualRuntime, step: int, *, restarts: bool) -> None:
    runtime.jump_clock(step)
    runtime.advance(60)
    if restarts:
        runtime.crash()
        runtime.advance(60)


@STEPS
@RESTARTS
def test_a_shelf_lasts_as_long_as_was_asked(runtime: VirtualRuntime, step: int, *, restarts: bool) -> None:
    runtime.fault("fire-gate", "active")
    runtime.advance(100)
    begun = runtime.physics
    runtime.ask(ShelveAlarm, **FIRE, comment="welding", until=runtime.now + 3000 * NS)
    runtime.advance(100)
    _set_clock(runtime, step, restarts=restarts)
    while (runtime.physics - begun) // NS < 2900:
        assert _state(runtime).state_name is AlarmStateName.SHELVED, (runtime.physics - begun) / NS
        runtime.advance(100)
    runtime.advance(160)
    assert _state(runtime).state_name is AlarmStateName.UNACKNOWLEDGED
    assert [one.purpose for one in _told(runtime)] == [
        Purpose.RAISED, Purpose.SUPPRESSED, Purpose.REALARMED,
    ]  # fmt: skip


@STEPS
@RESTARTS
def test_an_acknowledgement_is_asked_about_after_as_long_as_was_said(
    runtime: VirtualRuntime, step: int, *, restarts: bool
) -> None:
    runtime.fault("fire-gate", "active")
    runtime.advance(100)
    begun = runtime.physics
    runtime.ask(AcknowledgeAlarm, **FIRE)
    runtime.advance(100)
    _set_clock(runtime, step, restarts=restarts)
    while (runtime.physics - begun) // NS < 2900:
        assert _state(runtime).state_name is AlarmStateName.ACKNOWLEDGED, (runtime.physics - begun) / NS
        runtime.advance(100)
    runtime.advance(160)
    assert _state(runtime).state_name is AlarmStateName.UNACKNOWLEDGED


@STEPS
@RESTARTS
def test_a_maintenance_lasts_as_long_as_was_asked(
    runtime: VirtualRuntime, step: int, *, restarts: bool
) -> None:
    begun = runtime.physics
    until = runtime.now + 3000 * NS
    runtime.ask(StartMaintenance, device="gate-base", person="li", reason="lamps", until=until)
    runtime.advance(100)
    _set_clock(runtime, step, restarts=restarts)
    while (runtime.physics - begun) // NS < 2900:
        assert _state(runtime, "gate-base", "dark").state_name is AlarmStateName.BY_DESIGN
        runtime.advance(100)
    runtime.advance(160)
    assert _state(runtime, "gate-base", "dark").state_name is AlarmStateName.NORMAL


@STEPS
def test_a_review_stays_on_its_day(runtime: VirtualRuntime, step: int) -> None:
    until = runtime.now + 86_400 * NS
    runtime.ask(TakeOutOfService, **FIRE, ticket="T-7", comment="panel is exchanged", until=until)
    runtime.advance(100)
    _set_clock(runtime, step, restarts=True)
    assert _state(runtime).suppressors[0].until == until


@STEPS
@RESTARTS
def test_what_is_told_at_the_end_is_how_long_it_stood(
    runtime: VirtualRuntime, step: int, *, restarts: bool
) -> None:
    runtime.fault("fire-gate", "active", None, None, 1100)
    runtime.advance(300)
    _set_clock(runtime, step, restarts=restarts)
    runtime.advance(1200)
    raised, cleared = _told(runtime)
    assert (raised.purpose, cleared.purpose) == (Purpose.RAISED, Purpose.CLEARED)
    assert "持续 18 分" in cleared.body, cleared.body


@STEPS
def test_the_journal_replays_to_the_same_states(runtime: VirtualRuntime, step: int) -> None:
    runtime.fault("fire-gate", "active")
    runtime.advance(100)
    runtime.ask(ShelveAlarm, **FIRE, comment="welding", until=runtime.now + 3000 * NS)
    runtime.advance(100)
    _set_clock(runtime, step, restarts=True)
    replayed = AlarmManager()
    with JournalReader.open(runtime.journal) as reader:
        for row in reader.changes():
            replayed.replay(row.change)
        for state in reader.alarms():
            if state.occurrence:
                assert replayed.state(state.device, state.rule).to_json() == state.to_json()
    assert _state(runtime).clock_set == step * NS
    with SiteQuery(runtime.site, clock=lambda: runtime.now) as query:
        every, moved = (query.events(EventFilter(0, 2**62, kind=kind), 200) for kind in ("", "clock-set"))
    assert "clock-set" not in {row.kind for row in every}
    assert [(row.device, row.rule) for row in moved] == [("fire-gate", "active")]


def test_a_step_that_nobody_notices_moves_nothing(runtime: VirtualRuntime) -> None:
    runtime.fault("fire-gate", "active")
    runtime.advance(100)
    before = _state(runtime)
    _set_clock(runtime, 5, restarts=False)
    assert _state(runtime) == before


def test_what_is_told_at_the_end_of_a_shelf_is_what_is_true_then(tmp_path: Path) -> None:
    site = subset(load(square()), ("fountain-1",))
    with VirtualRuntime(site, tmp_path, start=START) as runtime:
        runtime.advance(600)
        runtime.fault("fountain-1", "leakage", 0.01, 0.0)
        runtime.advance(600)
        key = {"device": "fountain-1", "rule": "leakage-raised", "person": "li"}
        runtime.ask(ShelveAlarm, **key, comment="wet", until=runtime.now + 1800 * NS)
        runtime.advance(300)
        runtime.fault("fountain-1", "leakage", 0.013, 0.0)
        runtime.advance(1800)
        mine = [
            one for one in runtime.mailbox.taken if one.rule == "leakage-raised" and one.recipient == "crew"
        ]
        raised, over = mine[0], mine[-1]
        assert over.purpose is Purpose.REALARMED
        first, now = raised.body.splitlines()[0], over.body.splitlines()[0]
        assert first.startswith("剩余电流 11."), first
        assert now.startswith("剩余电流 14."), now
