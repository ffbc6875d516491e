"""Hours are rolled up a while after they ended, a beat's share at a time; a full disk puts it off."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast

from support.journals import DAY, T0, CommitDoor, open_journal, sample, stream

from facilityd.app.rollup_scheduler import GRACE, RollupScheduler
from facilityd.model.sample import NS
from facilityd.pipeline.flow import Flow
from facilityd.store.reader import JournalReader
from facilityd.store.rollup import HOUR
from facilityd.store.rollup_blocks import HOURS
from facilityd.store.samples import SampleWrite

START = T0 // HOUR * HOUR


def test_an_hour_is_rolled_up_once_it_is_over_and_there_is_room(tmp_path: Path) -> None:
    with open_journal(tmp_path) as journal, JournalReader.open(journal.path) as reader:
        journal.commit([SampleWrite([sample(stream(), START + n * 30 * NS) for n in range(100)])])
        door = CommitDoor(journal)
        scheduler = RollupScheduler(cast("Flow", door), DAY)

        def beat(at: int) -> int:
            asyncio.run(scheduler.beat(reader, at))
            return reader.counters().get("rolled_hours", 0)

        assert beat(START + HOUR + GRACE - 1) == 0, "not yet"
        door.full = True
        assert beat(START + HOUR + GRACE) == 0
        assert reader.rollup_due(START + HOUR), "it stays due"
        door.full = False
        assert beat(START + HOUR + GRACE) == 1
        assert not reader.rollup_due(START + HOUR)
        (hour,) = reader.rollups("hoist-1", "s0", START, START + HOUR, HOURS)
        assert (hour.count, hour.covered) == (100, 99 * 30 * NS + 90 * NS)
