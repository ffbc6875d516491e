"""A damaged journal is moved aside with its log, a fresh one is begun, and both are told."""

import apsw
import pytest
from support.journals import T0, open_journal, sample, stream

from facilityd.errors import UsageError
from facilityd.model.clock import Clock
from facilityd.model.sample import NS
from facilityd.store.reader import JournalReader
from facilityd.store.samples import SampleWrite

CLOCK = Clock(wall=lambda: T0, monotonic=lambda: 0)
STAMP = ".damaged-20260921T141400Z"


def fill(folder) -> None:
    with open_journal(folder) as journal:
        journal.commit([SampleWrite([sample(stream(), T0 + n * NS) for n in range(2000)])])


def overwrite(path, offset: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: overwrite(path, 0, b"not a database at all"),
        lambda path: overwrite(path, 4096 * 5, b"\xff" * 4096 * 20),
        lambda path: path.write_bytes(path.read_bytes()[: 4096 * 10]),
        lambda path: path.write_bytes(b"some other file, which is long enough to have a header" * 10),
    ],
    ids=["header", "pages", "cut off", "foreign"],
)
def test_damage_is_moved_aside(tmp_path, damage):
    fill(tmp_path)
    damage(tmp_path / "journal.db")
    damaged = (tmp_path / "journal.db").read_bytes()
    with open_journal(tmp_path, clock=CLOCK) as journal:
        assert journal.moved_aside == tmp_path / f"journal.db{STAMP}"
        assert journal.moved_aside.read_bytes() == damaged
        assert journal.commit([SampleWrite([sample(stream(), T0)])]).first == 1
    with open_journal(tmp_path, clock=CLOCK) as journal:
        assert journal.moved_aside is None


def test_a_second_damage_in_the_same_second_overwrites_nothing(tmp_path):
    for _ in range(2):
        fill(tmp_path)
        overwrite(tmp_path / "journal.db", 0, b"x" * 100)
        open_journal(tmp_path, clock=CLOCK).close()
    names = sorted(path.name for path in tmp_path.glob("*damaged*"))
    assert names == [f"journal.db{STAMP}", f"journal.db{STAMP}-2"]


def test_another_programs_database_is_left_alone(tmp_path):
    other = apsw.Connection(str(tmp_path / "journal.db"))
    other.execute("CREATE TABLE precious(x)")
    other.close()
    with pytest.raises(UsageError, match="belongs to another program"):
        open_journal(tmp_path)
    with pytest.raises(UsageError, match="belongs to another program"):
        JournalReader.open(tmp_path / "journal.db")
    other = apsw.Connection(str(tmp_path / "journal.db"))
    assert other.table_exists(None, "precious")
    other.close()


def test_a_reader_of_the_moved_file_still_reads(tmp_path):
    fill(tmp_path)
    overwrite(tmp_path / "journal.db", 4096 * 5, b"\xff" * 4096)
    with open_journal(tmp_path, clock=CLOCK) as journal, JournalReader.open(journal.path) as reader:
        assert reader.samples_after(0, 1) == []
