"""The power goes at a random write: what was acknowledged is on the medium, thanks to synchronous=FULL."""

import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.journals import T0, open_journal, rows, sample, stream
from support.memory_disk import MemoryDisk

from facilityd.errors import FacilitydError, StoreFull
from facilityd.model.sample import NS
from facilityd.store import transaction
from facilityd.store.meta import JudgedWrite
from facilityd.store.samples import SampleWrite

SIZE = 5
STREAMS = [stream(f"lamp-{n}", "relay") for n in range(SIZE)]
ROUNDS = 200


@pytest.fixture(autouse=True)
def _short_log(monkeypatch):
    """The log is written back within a run, so that the power goes there as well."""
    monkeypatch.setattr(transaction, "WRITE_BACK_AT", 40)


@dataclass
class Tally:
    acknowledged: int = 0
    lost: int = 0
    torn: int = 0
    cut_short: int = 0


def run_until_dark(folder: Path, disk: MemoryDisk, synchronous: str | None, budget: int) -> int:
    """Return how many batches were acknowledged before the power went; None: as a journal is opened."""
    acknowledged = 0
    try:
        journal = open_journal(folder, vfs=disk.name)
        if synchronous:
            journal._db.pragma("synchronous", synchronous)
        disk.budget = budget
        for number in range(200):
            samples = [sample(of, T0 + number * NS, float(number)) for of in STREAMS]
            journal.commit([SampleWrite(samples), JudgedWrite(number)])
            acknowledged = number + 1
    except FacilitydError:
        pass
    finally:
        journal.close()
    return acknowledged


def survive(folder: Path, disk: MemoryDisk, acknowledged: int, tally: Tally) -> None:
    """Reboot and count."""
    with open_journal(folder, vfs=disk.name) as journal:
        assert journal.moved_aside is None, "a cut never damages the file"
        with disk.connected(journal.path) as db:
            stored = db.execute("SELECT at FROM sample").fetchall()
        counted = Counter((at - T0) // NS for (at,) in stored)
        tally.acknowledged += acknowledged
        tally.lost += sum(counted[number] == 0 for number in range(acknowledged))
        tally.torn += sum(0 < count != SIZE for count in counted.values())
        tally.cut_short += acknowledged < 200
        journal.commit([SampleWrite([sample(STREAMS[0], T0 - NS)])])


def cut(folder: Path, synchronous: str | None) -> Tally:
    chance, tally = random.Random(7), Tally()
    for number in range(ROUNDS):
        disk = MemoryDisk(f"before-{synchronous}-{number}")
        acknowledged = run_until_dark(folder, disk, synchronous, chance.randint(5, 600))
        after = MemoryDisk(f"after-{synchronous}-{number}", disk.cut(chance))
        survive(folder, after, acknowledged, tally)
    print(synchronous, tally)
    return tally


def test_a_journal_as_it_is_opened_loses_nothing(tmp_path):
    tally = cut(tmp_path, None)
    assert tally.cut_short == ROUNDS
    assert tally.acknowledged > 10 * ROUNDS
    assert (tally.lost, tally.torn) == (0, 0)


def test_normal_would_lose_so_this_test_bites(tmp_path):
    tally = cut(tmp_path, "NORMAL")
    assert tally.lost > ROUNDS
    assert tally.torn == 0


def test_the_journal_has_a_log_of_its_own(tmp_path):
    with open_journal(tmp_path) as journal:
        assert rows(journal.path, "PRAGMA journal_mode") == [("wal",)]


@pytest.mark.parametrize("budget", range(1, 30, 4))
def test_a_cut_while_the_file_is_made_leaves_a_fresh_start(tmp_path, budget):
    disk = MemoryDisk(f"birth-{budget}")
    disk.budget = budget
    with pytest.raises(FacilitydError):
        open_journal(tmp_path, vfs=disk.name).commit([SampleWrite([sample(STREAMS[0], T0)] * 50)])
    after = MemoryDisk(f"rebirth-{budget}", disk.cut(random.Random(budget)))
    with open_journal(tmp_path, vfs=after.name) as journal:
        assert journal.commit([SampleWrite([sample(STREAMS[0], T0)])]).first == 1


def test_a_disk_that_fails_is_a_named_error_and_not_a_full_one(tmp_path):
    disk = MemoryDisk("failing")
    journal = open_journal(tmp_path, vfs=disk.name)
    disk.budget = 0
    with pytest.raises(FacilitydError, match=r"cannot be written: .*check the disk") as told:
        journal.commit([SampleWrite([sample(STREAMS[0], T0)])])
    assert not isinstance(told.value, StoreFull)
    journal.close()
