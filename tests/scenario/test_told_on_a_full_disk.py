"""A disk without any room loses history, never an alarm: people hear of it while it is full, and once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from facilityd.config.load import load
from facilityd.model.alarm import ChangeKind
from facilityd.model.notice import Purpose
from facilityd.model.sample import NS
from facilityd.scenario.load import square
from facilityd.scenario.subset import subset
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.store.batch import Delivery
from facilityd.store.reader import JournalReader

START = 1_781_056_800 * NS


def _told(runtime: VirtualRuntime) -> list[tuple[str, str, str, str]]:
    return [(n.device, n.rule, n.purpose.value, n.recipient) for n in runtime.mailbox.taken]


def _fire_on_a_full_disk(runtime: VirtualRuntime, *more: str, burns: float | None = None) -> None:
    """Let the disk be full, and more go wrong with the daemon's computer, then a fire begin."""
    runtime.advance(100)
    for hazard in ("disk-full", *more):
        runtime.hazard("facilityd", hazard)
    runtime.fault("fire-gate", "active", duration=burns)
    runtime.advance(120)


@pytest.fixture
def runtime(tmp_path: Path) -> VirtualRuntime:
    return VirtualRuntime(subset(load(square()), ("fire-gate",)), tmp_path, start=START)


def test_a_fire_on_a_full_disk_is_told_at_once_and_only_once(runtime: VirtualRuntime) -> None:
    with runtime:
        runtime.advance(100)
        runtime.hazard("facilityd", "disk-full")
        runtime.fault("fire-gate", "active")
        runtime.advance(300)
        early = _told(runtime)
        assert ("fire-gate", "active", "raised", "crew") in early
        assert ("facilityd", "disk-full", "raised", "crew") in early
        runtime.hazard("facilityd", "none")
        runtime.advance(600)
        with JournalReader.open(runtime.journal) as reader:
            states = {entry.notice.key: entry.state for entry in reader.outbox()}
    assert max(Counter(_told(runtime)).values()) == 1
    keys = {notice.key for notice in runtime.mailbox.taken}
    assert keys == set(states), "what was told is on record"
    assert set(states.values()) == {Delivery.ACCEPTED}
    assert ("facilityd", "disk-full", "cleared", "crew") in _told(runtime)


def test_a_channel_that_refuses_on_a_full_disk_is_tried_again(runtime: VirtualRuntime) -> None:
    with runtime:
        _fire_on_a_full_disk(runtime, "channel-down")
        assert not _told(runtime)
        runtime.host.troubles.discard("channel-down")
        runtime.advance(900)
        assert ("fire-gate", "active", "raised", "crew") in _told(runtime)
        runtime.hazard("facilityd", "none")
        runtime.advance(600)
    assert max(Counter(_told(runtime)).values()) == 1


def test_whoever_heard_on_a_full_disk_hears_the_end_after_a_restart(runtime: VirtualRuntime) -> None:
    with runtime:
        _fire_on_a_full_disk(runtime, burns=600)
        assert ("fire-gate", "active", "raised", "crew") in _told(runtime)
        runtime.hazard("facilityd", "none")
        runtime.advance(60)
        runtime.restart(10)
        runtime.advance(900)
    assert ("fire-gate", "active", "cleared", "crew") in _told(runtime)
    assert max(Counter(_told(runtime)).values()) == 1


def test_not_ready_on_a_full_disk_is_told_in_time_and_once(tmp_path: Path) -> None:
    early = 1_775_162_700 * NS  # 2026-04-03 04:45 on the square; the sun rises at 05:56
    with VirtualRuntime(subset(load(square()), ("hoist-1",)), tmp_path, start=early) as runtime:
        runtime.advance(300)
        runtime.hazard("facilityd", "disk-full")
        runtime.advance(900)  # an hour before is within
        told = [n for n in runtime.mailbox.taken if n.purpose is Purpose.NOT_READY]
        assert [(n.recipient, n.at < early + 900 * NS) for n in told] == [("crew", True), ("engineer", True)]
        runtime.hazard("facilityd", "none")
        runtime.advance(3600)
        with JournalReader.open(runtime.journal) as reader:
            checks = [one.before // (60 * NS) for one in reader.checks()]
            states = {entry.notice.key: entry.state for entry in reader.outbox()}
    assert checks == [60, 30, 10], "what was told is on record"
    told = [n.key for n in runtime.mailbox.taken if n.purpose is Purpose.NOT_READY]
    assert len(told) == len(set(told)) == 6
    assert {states[key] for key in told} == {Delivery.ACCEPTED}


@pytest.mark.parametrize("room_first", [False, True], ids=["still full", "room again"])
def test_whoever_heard_on_a_full_disk_hears_the_end_after_a_crash_and_nothing_twice(
    runtime: VirtualRuntime, room_first: bool
) -> None:
    with runtime:
        _fire_on_a_full_disk(runtime, burns=600)
        assert ("fire-gate", "active", "raised", "crew") in _told(runtime)
        if room_first:
            runtime.host.troubles.clear()
        runtime.crash(10)
        runtime.advance(900)
        assert _told(runtime).count(("fire-gate", "active", "cleared", "crew")) == 1
        runtime.host.troubles.clear()
        runtime.advance(120)
        with JournalReader.open(runtime.journal) as reader:
            kept = {entry.notice.key: entry.state for entry in reader.outbox()}
            mine = [one.change for one in reader.changes() if one.change.device == "fire-gate"]
            kinds = [change.kind for change in mine]
    assert max(Counter(_told(runtime)).values()) == 1
    assert {notice.key for notice in runtime.mailbox.taken} <= set(kept), "what was told is on record"
    assert kinds.count(ChangeKind.RAISE) == kinds.count(ChangeKind.CLEAR) == 1


def test_what_became_of_it_on_a_full_disk_outlives_a_crash(runtime: VirtualRuntime) -> None:
    with runtime:
        _fire_on_a_full_disk(runtime, "channel-down")
        runtime.crash(10)
        runtime.host.troubles.discard("channel-down")
        runtime.advance(900)
        assert ("fire-gate", "active", "raised", "crew") in _told(runtime)
        runtime.crash(10)
        runtime.advance(120)
        runtime.host.troubles.clear()
        runtime.advance(120)
        runtime.crash(10)
        runtime.advance(120)
    fire = [one for one in _told(runtime) if one[0] == "fire-gate"]
    assert sorted(fire) == [("fire-gate", "active", "raised", who) for who in ("crew", "engineer")]
    assert max(Counter(notice.key for notice in runtime.mailbox.taken).values()) == 1
