"""Restart at any moment: no rule with a memory raises, clears or counts anything twice for it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.journals import open_journal
from support.rule_harness import START, Kind, bad, rule, sample, stream

from facilityd.alarm.alarms import AlarmManager
from facilityd.alarm.groups import GroupedAlarms
from facilityd.app.core import Core
from facilityd.app.downtimes import Downtimes
from facilityd.detect.engine import RuleEngine
from facilityd.model.alarm import Change
from facilityd.model.alarm import ChangeKind as Life
from facilityd.model.clock import Clock
from facilityd.model.notice import Notice
from facilityd.model.sample import NS, Sample
from facilityd.pipeline.flow import Flow
from facilityd.pipeline.ingest_queue import IngestQueue
from facilityd.store.batch import RuleCheckpoint
from facilityd.store.journal import Journal
from facilityd.store.learning import CheckpointWrite
from facilityd.store.reader import JournalReader

LAMP = stream("current", period=60.0)
FAMILY = Kind(
    {
        "cycles": rule(
            {"kind": "count", "of": {"signal": "current", "above": 5}, "over": "30min", "above": 2}
        ),
        "climbs": rule({"kind": "rate", "signal": "current", "over": "10min", "above": 40, "per": "1h"}),
        "stuck": rule({"kind": "frozen", "signal": "current", "least": 0.5, "on_delay": "20min"}),
        "dull": rule({"kind": "limit", "signal": "current", "below": 5, "on_delay": "25min"}, respond="1h"),
        "restless": rule({"kind": "ripple", "signal": "current", "above": 5, "points": 18}),
        "high": rule({"kind": "limit", "signal": "current", "above": 10, "on_delay": "3min"}),
    }
)
LEVELS = {"#": 20.0, ".": 1.0, "-": 7.0}


class Inline:
    """The writer without its thread."""

    async def call(self, work: Any, *args: Any) -> Any:
        return work(*args)


async def nobody(_: Change) -> Sequence[Notice]:
    return ()


class Crew:
    """One lamp read once a minute by a daemon that may stop or be killed between any two readings."""

    def __init__(self, journal: Journal) -> None:
        self.journal, self.second = journal, 0
        self.begin()

    def begin(self) -> None:
        with JournalReader.open(self.journal.path) as reader:
            states = reader.alarms()
        self.engine, self.alarms = RuleEngine({"hoist": FAMILY}, [LAMP]), GroupedAlarms(AlarmManager(states))
        self.engine.resume(states)
        self.ingest_queue = IngestQueue(tick=0)
        self.flow = Flow(self.ingest_queue, self.journal, Inline(), self.engine, self.alarms, nobody)
        clock = Clock(lambda: START + self.second * NS, lambda: START + self.second * NS)
        self.core = SimpleNamespace(
            path=self.journal.path, engine=self.engine, flow=self.flow, _show=self._show,
            clock=clock, downtimes=Downtimes(clock), spilled=frozenset(), retire=self._retire,
        )  # fmt: skip
        asyncio.run(Core.catch_up(self.core))  # type: ignore[arg-type]

    async def _retire(self) -> None:
        """Every rule of these stories is watched."""

    def _show(self, *args: Any) -> None:
        Core._show(self.core, *args)  # type: ignore[arg-type]

    def read(self, mark: str) -> None:
        self.second += 60
        one = bad(LAMP, self.second) if mark == "?" else sample(LAMP, self.second, LEVELS[mark])
        now = START + self.second * NS
        one = Sample(one.stream, now, now, one.values, one.reasons)
        asyncio.run(self._take(one))

    async def _take(self, one: Sample) -> None:
        self.ingest_queue.offer([one])
        await self.flow.samples(self.ingest_queue.take_now())
        await self.flow.tick(one.steady, one.at)

    def remember(self) -> None:
        asyncio.run(self.flow.remember())

    def stop(self) -> None:
        self.remember()
        self.begin()

    def lives(self) -> list[tuple[str, int, str]]:
        with JournalReader.open(self.journal.path) as reader:
            changes = [stored.change for stored in reader.changes()]
        told = [c for c in changes if c.kind in (Life.RAISE, Life.CLEAR)]
        return [(c.rule, (c.at - START) // NS, str(c.kind)) for c in told]


def lived(story: str, breaks: Sequence[str]) -> list[tuple[str, int, str]]:
    """Return every raise and clear of a story (that a rule cannot tell may be told later after a restart). 'k' killed, 's' stopped, 'm' memory stored, before a reading."""
    with tempfile.TemporaryDirectory() as folder, open_journal(Path(folder)) as journal:
        crew = Crew(journal)
        for mark, happens in zip(story, breaks, strict=True):
            {"k": crew.begin, "s": crew.stop, "m": crew.remember, " ": lambda: None}[happens]()
            crew.read(mark)
            if crew.second % 600 == 0:
                crew.remember()  # as the housekeeping does
        return crew.lives()


@pytest.mark.parametrize("how", ["k", "s"])
def test_a_count_and_a_raised_alarm_outlive_a_restart(how: str) -> None:
    story = ".#.#.#.#" + "." * 40
    whole = lived(story, " " * len(story))
    assert ("cycles", 360, "raise") in whole
    broken = lived(
        story, "".join("m" if n == 3 else how if n in (5, 6, 9) else " " for n in range(len(story)))
    )
    assert broken == whole


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_restart_at_any_moment_changes_nothing(data: st.DataObject) -> None:
    story = data.draw(st.text("#.-?", min_size=5, max_size=60))
    breaks = data.draw(st.text("ksm   ", min_size=len(story), max_size=len(story)))
    assert lived(story, breaks) == lived(story, " " * len(story))


def test_memory_is_stored_with_the_sample_it_has_seen(tmp_path: Path) -> None:
    with open_journal(tmp_path) as journal:
        journal.commit([CheckpointWrite(RuleCheckpoint(7, {("hoist", "cycles"): {"seen": [1, None]}}))])
        journal.commit([CheckpointWrite(RuleCheckpoint(9, {("hoist", "climbs"): [2.5]}))])
        with JournalReader.open(journal.path) as reader:
            assert reader.checkpoint() == RuleCheckpoint(9, {("hoist", "climbs"): [2.5]})
