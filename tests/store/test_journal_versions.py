"""Journals of other versions: refused, or brought up to date with all that they hold."""

import pytest
from support.journals import T0, open_journal, sample, stream

from facilityd.errors import UsageError
from facilityd.store import schema
from facilityd.store.batch import Batch
from facilityd.store.reader import JournalReader

HOIST = stream()


def test_another_version_is_refused(tmp_path):
    with open_journal(tmp_path) as journal:
        journal._db.pragma("user_version", 99)
    with pytest.raises(UsageError, match="version 99"):
        JournalReader.open(tmp_path / "journal.db")
    with pytest.raises(UsageError, match="version 99"):
        open_journal(tmp_path)


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_an_older_journal_is_brought_up_to_date_with_all_it_holds(tmp_path, version):
    path = tmp_path / "journal.db"
    with open_journal(tmp_path) as journal:
        journal.commit(Batch(samples=[sample(HOIST, T0)]))
        added = {
            5: ("downtime",),
            4: ("dead_letter",),
            3: ("waiver", "readiness"),
            2: ("memory", "baseline", "mark"),
        }
        for table in (name for step, names in added.items() if step > version for name in names):
            journal._db.execute(f"DROP TABLE {table}")
        if version < 4:
            journal._db.execute("ALTER TABLE sample DROP COLUMN checksum")
        journal._db.pragma("user_version", version)
    with pytest.raises(UsageError, match="facilityd run brings an older one up to date"):
        JournalReader.open(path)
    with open_journal(tmp_path), JournalReader.open(path) as reader:
        assert (reader.last_sample(), reader.baselines(), reader.checkpoint().sample) == (1, [], 0)


def test_a_reader_never_sees_a_journal_half_made(tmp_path, monkeypatch):
    seen = []

    def look(db, found):
        seen.append((tmp_path / "journal.db").exists())
        return made(db, found)

    made = schema._migrate
    monkeypatch.setattr(schema, "_migrate", look)
    with open_journal(tmp_path), JournalReader.open(tmp_path / "journal.db") as reader:
        assert reader.last_sample() == 0
    assert seen == [False], "its tables are made before it has its name"
