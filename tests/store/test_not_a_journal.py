"""What is no journal is left alone, and a damaged one is a named error for whoever reads it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest
from support.journals import T0, open_journal, sample, stream

from facilityd.errors import UsageError
from facilityd.store.reader import JournalReader
from facilityd.store.samples import SampleWrite


def test_a_file_that_was_never_a_journal_is_not_moved(tmp_path: Path) -> None:
    own = tmp_path / "journal.db"
    own.write_text("site: {id: yard}\n" * 50, encoding="utf-8")
    with pytest.raises(UsageError, match="this file is no journal"):
        open_journal(tmp_path)
    assert own.read_text(encoding="utf-8") == "site: {id: yard}\n" * 50
    assert sorted(path.name for path in tmp_path.iterdir()) == ["journal.db", "journal.db.lock"]


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", ".lock"])
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_what_is_no_regular_file_is_named_and_not_waited_for(
    tmp_path: Path, suffix: str, make: Callable[[Path], None]
) -> None:
    make(tmp_path / f"journal.db{suffix}")
    with pytest.raises(UsageError, match="is no regular file"):
        open_journal(tmp_path)
    with pytest.raises(UsageError, match="is no regular file"):
        JournalReader.open(tmp_path / "journal.db")


def test_a_lock_that_is_a_link_leads_to_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("precious", encoding="utf-8")
    (tmp_path / "journal.db.lock").symlink_to(tmp_path / "letter")
    with pytest.raises(UsageError, match="cannot be written"):
        open_journal(tmp_path)
    assert (tmp_path / "letter").read_text(encoding="utf-8") == "precious"


READS: tuple[Callable[[JournalReader], object], ...] = (
    JournalReader.streams, JournalReader.last_sample, JournalReader.last_judged, JournalReader.last_finding, JournalReader.counters,
    JournalReader.latest, JournalReader.verdicts, lambda reader: reader.cursor("influx"),
)  # fmt: skip


def _ends(path: Path) -> list[BaseException]:
    """Return what reading everything in a journal ends in."""
    ends: list[BaseException] = []
    for read in READS:
        try:
            with JournalReader.open(path, "yard") as reader:
                read(reader)
        except (UsageError, apsw.Error, UnicodeDecodeError) as error:
            ends.append(error)
    return ends


@pytest.mark.parametrize("word", [b"CREATE TABLE tail(", b"CREATE TABLE meta(", b"TEXT NOT NULL", b"STRICT"])
def test_a_reader_of_a_damaged_schema_is_told_so(tmp_path: Path, word: bytes) -> None:
    with open_journal(tmp_path) as journal:
        journal.commit([SampleWrite([sample(stream(), T0)])])
    content = (tmp_path / "journal.db").read_bytes()
    for bit in (0, 1, 2, 3, 4, 6, 7):  # 5 is upper or lower case, which is all the same
        damaged = word[:-1] + bytes([word[-1] ^ 1 << bit])
        # Everywhere: SQLite leaves copies of what ALTER TABLE replaced.
        (tmp_path / "journal.db").write_bytes(content.replace(word, damaged))
        ends = _ends(tmp_path / "journal.db")
        assert ends
        assert [repr(end) for end in ends if not isinstance(end, UsageError)] == []
