"""A full disk and a full file: the newest is stored while there is any way; else nothing is half done."""

import pytest
from support.journals import T0, open_journal, sample, stream
from support.memory_disk import MemoryDisk

from facilityd.errors import StoreFull
from facilityd.model.notice import Notice, Purpose
from facilityd.model.sample import NS
from facilityd.store import files, transaction
from facilityd.store.batch import Batch
from facilityd.store.losses import last_loss
from facilityd.store.outbox import NoticeWrite
from facilityd.store.reader import JournalReader
from facilityd.store.samples import SampleWrite

KIB = 1024
STREAMS = [stream(f"lamp-{n}", "relay", 20) for n in range(50)]
NOTICE = Notice("full", "li", "mail", Purpose.RAISED, "en", "disk is full", "free some")


def tick(number: int) -> Batch:
    return [SampleWrite([sample(of, T0 + number * NS) for of in STREAMS])]


@pytest.fixture
def _short_log(monkeypatch):
    """The log must fit where the ballast was, as it does with the real sizes (500 pages, 4 MiB)."""
    monkeypatch.setattr(transaction, "WRITE_BACK_AT", 40)


def ids(disk, journal) -> list[int]:
    with disk.connected(journal.path) as db:
        return [row[0] for row in db.execute("SELECT id FROM sample ORDER BY id").fetchall()]


def counters(disk, journal) -> dict[str, int]:
    with disk.connected(journal.path) as db:
        return dict(db.execute("SELECT name, value FROM counter").fetchall())


def small_disk(folder, name: str, size: int) -> MemoryDisk:
    """A disk of ``size`` bytes; the ballast, a real file, takes its part of it."""
    disk = MemoryDisk(name)
    reserve = folder / "journal.db.ballast"
    disk.quota = lambda: size - (reserve.stat().st_size if reserve.exists() else 0)
    return disk


@pytest.mark.usefixtures("_short_log")
def test_a_full_disk_costs_the_oldest_and_keeps_the_newest(tmp_path, monkeypatch):
    disk = small_disk(tmp_path, "small", 3072 * KIB)
    monkeypatch.setattr(files, "disk_free", lambda _path: disk.quota() - disk.used())
    with open_journal(tmp_path, vfs=disk.name, ballast_bytes=512 * KIB) as journal:
        for number in range(800):
            receipt = journal.commit(tick(number))
            assert receipt.ids[-1] == 50 * (number + 1)
        kept = ids(disk, journal)
        assert kept == list(range(kept[0], 40_001)), "one unbroken run up to the newest"
        assert len(kept) > 5000
        assert not journal.disk_usage().reserve
        gone = 40_000 - len(kept)
        assert counters(disk, journal) == {"stored": 40_000, "purged": gone, "purged_early": gone}
        assert disk.used() <= 3072 * KIB
        with disk.connected(journal.path) as db:
            assert db.pragma("integrity_check") == "ok"


@pytest.mark.usefixtures("_short_log")
def test_what_a_full_disk_takes_from_a_sink_that_is_away_is_told_to_the_sample(tmp_path, monkeypatch):
    disk = small_disk(tmp_path, "unsent", 3072 * KIB)
    monkeypatch.setattr(files, "disk_free", lambda _path: disk.quota() - disk.used())
    with open_journal(tmp_path, vfs=disk.name, ballast_bytes=512 * KIB) as journal:
        journal.configure_sinks(["influx"])
        for number in range(400):
            journal.commit(tick(number))
        with disk.connected(journal.path) as db:
            loss, first = last_loss(db), ids(disk, journal)[0]
        assert loss is not None
        assert loss.count == first - 1 > 1000
        assert (
            counters(disk, journal)["purged_unsent"] == counters(disk, journal)["purged_early"] == loss.count
        )
        assert loss.since == T0
        assert loss.until == T0 + (first - 2) // 50 * NS


def test_without_any_room_nothing_is_half_done_and_room_brings_it_back(tmp_path):
    disk = MemoryDisk("none-left")
    with open_journal(tmp_path, vfs=disk.name, ballast_bytes=64 * KIB) as journal:
        for number in range(20):
            journal.commit(tick(number))
        assert journal.disk_usage().reserve
        disk.quota = lambda: 0
        for _ in range(3):
            with pytest.raises(StoreFull, match="there is no room"):
                journal.commit(tick(20))
        assert not journal.disk_usage().reserve, "the reserve was given up"
        assert len(ids(disk, journal)) == 1000, (
            "what was stored is readable, and no part of the refused batch is"
        )
        disk.quota = lambda: float("inf")
        assert journal.commit(tick(20)).first == 1001, "the refused batches used up no ids"
        for number in range(21, 21 + 64):
            journal.commit(tick(number))
        assert journal.disk_usage().reserve, "the reserve is taken again"
        assert counters(disk, journal)["stored"] == len(ids(disk, journal)) + counters(disk, journal).get(
            "purged", 0
        )


@pytest.mark.usefixtures("_short_log")
def test_alarms_and_notices_go_through_on_a_full_disk(tmp_path):
    disk = small_disk(tmp_path, "notices", 1024 * KIB)
    with open_journal(tmp_path, vfs=disk.name, ballast_bytes=256 * KIB) as journal:
        for number in range(100):
            journal.commit(tick(number))
        disk.quota = small_disk(tmp_path, "brimful", disk.used() + 256 * KIB).quota
        journal.commit([NoticeWrite([NOTICE])])
        with disk.connected(journal.path) as db:
            assert db.execute("SELECT key FROM outbox").get == "full"


def test_a_batch_larger_than_the_file_may_be_is_refused_whole(tmp_path):
    with open_journal(tmp_path, max_bytes=512 * KIB) as journal, JournalReader.open(journal.path) as reader:
        journal.commit(tick(0))
        huge = [sample(of, T0 + n * NS) for n in range(1, 100) for of in STREAMS]
        with pytest.raises(StoreFull):
            journal.commit([SampleWrite(huge)])
        journal.commit(tick(1))
        stored = [row.at for row in reader.samples_after(0, 10**6)]
        assert set(stored) <= {T0, T0 + NS}
        assert stored.count(T0 + NS) == 50
        assert journal.path.stat().st_size <= 512 * KIB


def test_a_batch_that_fits_only_without_the_oldest_fits(tmp_path):
    with open_journal(tmp_path, max_bytes=1024 * KIB) as journal, JournalReader.open(journal.path) as reader:
        for number in range(50):
            journal.commit(tick(number))
        assert "purged" not in reader.counters(), "not yet full"
        large = [sample(of, T0 + n * NS) for n in range(100, 140) for of in STREAMS]
        receipt = journal.commit([SampleWrite(large)])
        assert reader.samples_after(receipt.first - 1, 10**6)[-1].id == receipt.ids[-1]
        assert reader.counters()["purged"] > 0


@pytest.mark.usefixtures("_short_log")
def test_a_restart_on_a_full_disk_goes_on(tmp_path, monkeypatch):
    disk = small_disk(tmp_path, "restarted", 6656 * KIB)
    monkeypatch.setattr(files, "disk_free", lambda _path: disk.quota() - disk.used())
    for start in (0, 600, 1200):
        with open_journal(tmp_path, vfs=disk.name, ballast_bytes=1024 * KIB) as journal:
            for number in range(start, start + 600):
                journal.commit(tick(number))
            assert ids(disk, journal)[-1] == 50 * (start + 600)
    assert disk.used() <= 6656 * KIB


def test_a_start_with_the_sinks_of_before_needs_no_room(tmp_path):
    disk = MemoryDisk("no-room-at-start")
    with open_journal(tmp_path, vfs=disk.name, ballast_bytes=64 * KIB) as journal:
        journal.configure_sinks(["influx"])
        journal.commit(tick(0))
        disk.quota = lambda: 0
        with pytest.raises(StoreFull):
            journal.commit(tick(1))
        journal.configure_sinks(["influx"])
        with pytest.raises(StoreFull):
            journal.configure_sinks(["influx", "another"])
