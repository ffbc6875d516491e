"""Whoever was told that an alarm was raised is told how it ended, whatever lies between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from facilityd.app.outlets import LOST
from facilityd.config.load import load
from facilityd.model.sample import NS
from facilityd.scenario.load import square
from facilityd.scenario.stage import Stage
from facilityd.scenario.subset import subset
from facilityd.store.reader import Reader

START = 1_781_056_800 * NS
CHANNEL = "channel-crew-1-webhook"
Told = tuple[str, str, str]


def _crew(stage: Stage, device: str = "fire-gate") -> list[Told]:
    heard = [n for n in stage.mailbox.taken if n.recipient == "crew" and n.device == device]
    return [(n.device, n.rule, n.purpose.value) for n in heard]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(subset(load(square()), ("fire-gate", "fire-museum")), tmp_path, start=START) as stage:
        stage.advance(100)
        yield stage


def _ends_unheard(stage: Stage) -> None:
    """Let a fire be told and be over while the crew's channel refuses everything."""
    stage.fault("fire-gate", "active", None, None, 300)
    stage.advance(200)
    stage.hazard(CHANNEL, "channel-refuses")
    stage.advance(400)
    assert _crew(stage) == [("fire-gate", "active", "raised")]


def test_an_end_that_was_refused_arrives_when_the_channel_takes_notices_again(stage: Stage) -> None:
    _ends_unheard(stage)
    stage.restart(10)
    stage.advance(3600)
    stage.hazard(CHANNEL, "none")
    stage.advance(1200)
    assert _crew(stage) == [("fire-gate", "active", "raised"), ("fire-gate", "active", "cleared")]


def test_an_end_that_is_refused_for_days_is_given_up_and_counted(stage: Stage) -> None:
    _ends_unheard(stage)
    stage.jump_clock(8 * 86400)
    stage.advance(1200)
    with Reader.open(stage.journal) as reader:
        lost = Counter(reader.counters())
        waiting = [e.notice for e in reader.due(1 << 62) if e.notice.device == "fire-gate"]
    assert lost[f"{LOST}crew-1-webhook"] >= 1
    assert not waiting


def test_an_end_is_not_held_for_whom_the_raise_never_reached(stage: Stage) -> None:
    stage.hazard(CHANNEL, "channel-refuses")
    stage.fault("fire-gate", "active", None, None, 60)
    stage.advance(1800)
    stage.hazard(CHANNEL, "none")
    stage.advance(1200)
    assert _crew(stage) == []
