"""Days that are over are sealed, a beat's share at a time; a full disk puts it off."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast

from support.journals import DAY, T0, CommitDoor, open_journal, sample, stream

from facilityd.app.sealing_scheduler import ROUND, SealingScheduler
from facilityd.model.sample import NS
from facilityd.pipeline.flow import Flow
from facilityd.store.reader import JournalReader
from facilityd.store.rollups import RollupWrite
from facilityd.store.samples import SampleWrite

START = T0 // DAY * DAY


def test_a_day_is_sealed_once_it_is_over_for_so_long_and_there_is_room(tmp_path: Path) -> None:
    with open_journal(tmp_path) as journal, JournalReader.open(journal.path) as reader:
        journal.commit([SampleWrite([sample(stream(), START + n * 30 * NS) for n in range(100)])])
        journal.commit([RollupWrite(START + DAY, 0, 9)])
        door = CommitDoor(journal)
        scheduler = SealingScheduler(cast("Flow", door), DAY)

        def sealed(at: int) -> int:
            for _ in range(3):
                asyncio.run(scheduler.beat(reader, at))
            return reader.counters().get("sealed", 0)

        assert sealed(START + 2 * DAY - 1) == 0, "not yet"
        door.full = True
        assert sealed(START + 2 * DAY - 1 + ROUND) == 0
        door.full = False
        assert sealed(START + 2 * DAY + ROUND) == 0, "looked for again after a while"
        assert sealed(START + 2 * DAY - 1 + 2 * ROUND) == 100
        assert len(reader.samples_after(0, 1000)) == 100
        journal.commit([SampleWrite([sample(stream(), START)]), RollupWrite(START + DAY, 0, 9)])
        assert sealed(START) == 100, "a clock that went far back asks too early"
        assert sealed(START + 9 * DAY) == 101
