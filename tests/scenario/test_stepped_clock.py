"""Somebody moves the clock while the real daemon rolls up, seals, forgets and checks: nothing is lost or wrong by it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support.journals import open_journal

from facilityd.app import sealing_scheduler
from facilityd.config.load import load
from facilityd.model.alarm import ChangeKind
from facilityd.model.notice import Purpose
from facilityd.model.readiness import Check, ItemOutcome
from facilityd.model.sample import NS, Sample, SignalType
from facilityd.scenario.load import square
from facilityd.scenario.subset import subset
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.store.reader import JournalReader
from facilityd.store.rollup import Rollup
from facilityd.store.rollup_blocks import HOURS, QUARTERS
from facilityd.store.rollups import RollupWrite
from facilityd.store.samples import SampleWrite

HOUR = 3600 * NS
DAY = 24 * HOUR
KEEP = 36 * HOUR
MIN = 60.0


@contextmanager
def watched(folder: Path, start: str, *devices: str) -> Iterator[VirtualRuntime]:
    """The real daemon in virtual time; samples are kept for a day and a half, and sealed an hour after their day."""
    site = subset(load(square()), devices)
    site = replace(site, store=replace(site.store, keep=KEEP, seal_after=HOUR))
    at = round(datetime.fromisoformat(start).replace(tzinfo=ZoneInfo("UTC")).timestamp()) * NS
    with VirtualRuntime(site, folder, start=at, seed=1, rolls_up=True) as runtime:
        yield runtime


@dataclass(frozen=True)
class Stored:
    """All that a journal holds: its samples by id, and the buckets that are stored."""

    samples: dict[int, Sample]
    rolled: dict[tuple[str, str], tuple[list[Rollup], list[Rollup]]]
    counts: dict[str, int]


def stored(path: Path) -> Stored:
    samples, last = {}, 0
    with JournalReader.open(path) as reader:
        while rows := reader.samples_after(last, 5000):
            last = rows[-1].id
            samples |= {row.id: reader.sample(row) for row in rows}
        return Stored(samples, buckets(reader), reader.counters())


def buckets(reader: JournalReader) -> dict[tuple[str, str], tuple[list[Rollup], list[Rollup]]]:
    end = 2**62 // DAY * DAY
    return {
        (stream.device, name): (
            reader.rollups(stream.device, name, 0, end, HOURS), reader.rollups(stream.device, name, 0, end, QUARTERS)
        )
        for stream in reader.streams().values()
        for name, kind in zip(stream.signals, stream.types, strict=True)
        if kind is not SignalType.TEXT
    }  # fmt: skip


def rolled_at_once(
    samples: dict[int, Sample], folder: Path
) -> dict[tuple[str, str], tuple[list[Rollup], list[Rollup]]]:
    """Return the buckets of the same samples in a journal of their own, rolled up when all were there."""
    folder.mkdir()
    with open_journal(folder) as journal:
        journal.commit([SampleWrite(list(samples.values()))])
        journal.commit([RollupWrite(2**62, 0, 10**6)])
        with JournalReader.open(journal.path) as reader:
            return buckets(reader)


PASS, FAIL = ItemOutcome.PASS, ItemOutcome.FAIL
FORWARD, BACK, FAR = 3600.0, -3600.0, 25 * 3600.0


@pytest.mark.parametrize(
    "steps", [(FORWARD,), (BACK,), (FORWARD, BACK), (BACK, FORWARD), (FAR, -FAR)], ids=str
)
def test_a_clock_that_moves_while_a_day_is_sealed_loses_and_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: tuple[float, ...]
) -> None:
    monkeypatch.setattr(
        sealing_scheduler, "BUDGET_S", 0.0
    )  # a step at a beat, so that the clock moves in between
    with watched(tmp_path, "2026-06-10T21:00", "weather", "lantern-3") as runtime:
        runtime.advance(4 * 3600.0 - 60)
        while True:
            runtime.advance(20)
            begun = stored(runtime.journal).counts.get("sealed", 0)
            if begun:
                break
        before = stored(runtime.journal)
        assert begun < len(before.samples) // 2, "in the middle of it"
        for step in steps:
            runtime.jump_clock(step)
            runtime.advance(10 * MIN)
            runtime.restart()
            runtime.advance(30 * MIN)
        runtime.advance(2 * 3600.0)
        after = stored(runtime.journal)
    assert after.counts["sealed"] > begun
    assert "purged" not in after.counts, "no day and a half has passed"
    assert {number: after.samples.get(number) for number in before.samples} == before.samples
    assert sorted(after.samples) == list(range(1, len(after.samples) + 1)), "each once, none lost"
    fresh = rolled_at_once(after.samples, tmp_path / "fresh")
    for name, found in after.rolled.items():
        assert found == fresh[name], name
    assert sum(len(one) for one, _ in fresh.values()) > 100


def emergency_stop(check: Check) -> ItemOutcome:
    (found,) = [one.outcome for one in check.items if one.item == "emergency-chain"]
    return found


@pytest.mark.parametrize("back", [True, False])
def test_a_ceremony_is_checked_at_its_time_once_a_clock_that_was_ahead_is_put_right(
    tmp_path: Path, *, back: bool
) -> None:
    """Sunset is at 11:42 UTC. What an hour's haste had checked and found in order is checked, and told, again."""
    with watched(tmp_path, "2026-06-10T09:50", "hoist-1") as runtime:
        runtime.advance(5 * MIN)
        runtime.jump_clock(FORWARD)  # its clock says 10:55, 11:15, 11:35
        runtime.advance(45 * MIN)
        early = checks(runtime)
        assert {before: emergency_stop(early[before]) for before in (30, 10)} == {30: PASS, 10: PASS}
        if back:
            runtime.jump_clock(BACK)
        runtime.restart()
        runtime.fault("hoist-1", "estop")
        since = len(runtime.mailbox.taken)
        runtime.advance(58 * MIN)
        made, taken = checks(runtime), runtime.mailbox.taken
    told = [one for one in taken if one.purpose is Purpose.NOT_READY]
    assert len({(one.key, one.recipient) for one in told}) == len(told), (
        "none is taken for one that was sent before"
    )
    if back:
        assert {before: emergency_stop(made[before]) for before in (30, 10)} == {30: FAIL, 10: FAIL}
        assert any("急停" in one.body for one in told if one in taken[since:])
    else:
        assert made == early


def checks(runtime: VirtualRuntime) -> dict[int, Check]:
    """Return what was checked, by minutes before the ceremony."""
    with JournalReader.open(runtime.journal) as reader:
        return {one.before // NS // 60: one for one in reader.checks()}


def test_the_evening_begins_by_a_clock_that_was_put_right_after_the_start(tmp_path: Path) -> None:
    """A computer whose clock is an hour ahead when it boots: lights are not missed an hour before they come on."""
    with watched(tmp_path, "2026-06-10T10:00", "gate-base") as runtime:
        runtime.jump_clock(FORWARD)
        runtime.restart()
        runtime.advance(5 * MIN)
        runtime.jump_clock(BACK)
        runtime.advance(4.5 * 3600.0)  # sunset is at 11:42 UTC, lights go out at 14:00
        with JournalReader.open(runtime.journal) as reader:
            raised = [
                (one.change.rule, one.change.at)
                for one in reader.changes()
                if one.change.kind is ChangeKind.RAISE
            ]
            power = [
                value for _, value, _ in reader.history("gate-base", "power", runtime.start, runtime.now)
            ]
    assert max(value for value in power if isinstance(value, float)) > 1000, "it was lit"
    assert {rule for rule, _ in raised} <= {"clock-jump", "clock-jump-back"}
