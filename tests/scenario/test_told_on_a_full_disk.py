"""A disk without any room loses history, never an alarm: people hear of it while it is full, and once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from facilityd.config.load import load
from facilityd.model.alarm import Kind
from facilityd.model.notice import Purpose
from facilityd.model.sample import NS
from facilityd.scenario.load import square
from facilityd.scenario.stage import Stage
from facilityd.scenario.subset import subset
from facilityd.store.batch import Delivery
from facilityd.store.reader import Reader

START = 1_781_056_800 * NS


def _told(stage: Stage) -> list[tuple[str, str, str, str]]:
    return [(n.device, n.rule, n.purpose.value, n.recipient) for n in stage.mailbox.taken]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(subset(load(square()), ("fire-gate",)), tmp_path, start=START)


def test_a_fire_on_a_full_disk_is_told_at_once_and_only_once(stage: Stage) -> None:
    with stage:
        stage.advance(100)
        stage.hazard("facilityd", "disk-full")
        stage.fault("fire-gate", "active")
        stage.advance(300)
        early = _told(stage)
        assert ("fire-gate", "active", "raised", "crew") in early
        assert ("facilityd", "disk-full", "raised", "crew") in early
        stage.hazard("facilityd", "none")
        stage.advance(600)
        with Reader.open(stage.journal) as reader:
            states = {entry.notice.key: entry.state for entry in reader.outbox()}
    assert max(Counter(_told(stage)).values()) == 1
    keys = {notice.key for notice in stage.mailbox.taken}
    assert keys == set(states), "what was told is on record"
    assert set(states.values()) == {Delivery.ACCEPTED}
    assert ("facilityd", "disk-full", "cleared", "crew") in _told(stage)


def test_a_channel_that_refuses_on_a_full_disk_is_tried_again(stage: Stage) -> None:
    with stage:
        stage.advance(100)
        stage.hazard("facilityd", "disk-full")
        stage.hazard("facilityd", "channel-down")
        stage.fault("fire-gate", "active")
        stage.advance(120)
        assert not _told(stage)
        stage.computer.troubles.discard("channel-down")
        stage.advance(900)
        assert ("fire-gate", "active", "raised", "crew") in _told(stage)
        stage.hazard("facilityd", "none")
        stage.advance(600)
    assert max(Counter(_told(stage)).values()) == 1


def test_whoever_heard_on_a_full_disk_hears_the_end_after_a_restart(stage: Stage) -> None:
    with stage:
        stage.advance(100)
        stage.hazard("facilityd", "disk-full")
        stage.fault("fire-gate", "active", None, None, 600)
        stage.advance(120)
        assert ("fire-gate", "active", "raised", "crew") in _told(stage)
        stage.hazard("facilityd", "none")
        stage.advance(60)
        stage.restart(10)
        stage.advance(900)
    assert ("fire-gate", "active", "cleared", "crew") in _told(stage)
    assert max(Counter(_told(stage)).values()) == 1


def test_not_ready_on_a_full_disk_is_told_in_time_and_once(tmp_path: Path) -> None:
    early = 1_775_162_700 * NS  # 2026-04-03 04:45 on the square; the sun rises at 05:56
    with Stage(subset(load(square()), ("hoist-1",)), tmp_path, start=early) as stage:
        stage.advance(300)
        stage.hazard("facilityd", "disk-full")
        stage.advance(900)  # an hour before is within
        told = [n for n in stage.mailbox.taken if n.purpose is Purpose.NOT_READY]
        assert [(n.recipient, n.at < early + 900 * NS) for n in told] == [("crew", True), ("engineer", True)]
        stage.hazard("facilityd", "none")
        stage.advance(3600)
        with Reader.open(stage.journal) as reader:
            checks = [one.before // (60 * NS) for one in reader.checks()]
            states = {entry.notice.key: entry.state for entry in reader.outbox()}
    assert checks == [60, 30, 10], "what was told is on record"
    told = [n.key for n in stage.mailbox.taken if n.purpose is Purpose.NOT_READY]
    assert len(told) == len(set(told)) == 6
    assert {states[key] for key in told} == {Delivery.ACCEPTED}


@pytest.mark.parametrize("room_first", [False, True], ids=["still full", "room again"])
def test_whoever_heard_on_a_full_disk_hears_the_end_after_a_crash_and_nothing_twice(
    stage: Stage, room_first: bool
) -> None:
    with stage:
        stage.advance(100)
        stage.hazard("facilityd", "disk-full")
        stage.fault("fire-gate", "active", None, None, 600)
        stage.advance(120)
        assert ("fire-gate", "active", "raised", "crew") in _told(stage)
        if room_first:
            stage.computer.troubles.clear()
        stage.crash(10)
        stage.advance(900)
        assert _told(stage).count(("fire-gate", "active", "cleared", "crew")) == 1
        stage.computer.troubles.clear()
        stage.advance(120)
        with Reader.open(stage.journal) as reader:
            kept = {entry.notice.key: entry.state for entry in reader.outbox()}
            mine = [one.change for one in reader.changes() if one.change.device == "fire-gate"]
            kinds = [change.kind for change in mine]
    assert max(Counter(_told(stage)).values()) == 1
    assert {notice.key for notice in stage.mailbox.taken} <= set(kept), "what was told is on record"
    assert kinds.count(Kind.RAISE) == kinds.count(Kind.CLEAR) == 1


def test_what_became_of_it_on_a_full_disk_outlives_a_crash(stage: Stage) -> None:
    with stage:
        stage.advance(100)
        stage.hazard("facilityd", "disk-full")
        stage.hazard("facilityd", "channel-down")
        stage.fault("fire-gate", "active")
        stage.advance(120)
        stage.crash(10)
        stage.computer.troubles.discard("channel-down")
        stage.advance(900)
        assert ("fire-gate", "active", "raised", "crew") in _told(stage)
        stage.crash(10)
        stage.advance(120)
        stage.computer.troubles.clear()
        stage.advance(120)
        stage.crash(10)
        stage.advance(120)
    fire = [one for one in _told(stage) if one[0] == "fire-gate"]
    assert sorted(fire) == [("fire-gate", "active", "raised", who) for who in ("crew", "engineer")]
    assert max(Counter(notice.key for notice in stage.mailbox.taken).values()) == 1
