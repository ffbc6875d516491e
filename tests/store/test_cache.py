"""What SQLite holds of a journal does not grow with it."""

from __future__ import annotations

from pathlib import Path

import apsw
from support.journals import T0, open_journal, sample, stream

from facilityd.model.sample import NS
from facilityd.store.samples import SampleWrite

MIB = 2**20


def test_a_growing_journal_takes_no_more_memory(tmp_path: Path) -> None:
    streams = [stream(f"device-{n}", count=20) for n in range(50)]
    with open_journal(tmp_path) as journal:
        before = apsw.memory_used()
        for tick in range(1000):
            if tick % 20 == 0:
                batch = [sample(one, T0 + at * NS) for at in range(tick, tick + 20) for one in streams]
                journal.commit([SampleWrite(batch)])
        assert journal.path.stat().st_size > 8 * MIB
        assert apsw.memory_used() - before < 4 * MIB
