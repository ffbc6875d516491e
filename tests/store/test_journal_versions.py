"""Journals of other versions: refused, or brought up to date with all that they hold."""

import apsw
import pytest
from support.journals import T0, connected, edit, open_journal

from facilityd.errors import UsageError
from facilityd.model.alarm import Change, ChangeKind
from facilityd.model.sample import SignalType
from facilityd.store import schema
from facilityd.store.batch import DeadLetterLine, LineKind
from facilityd.store.packing import layout
from facilityd.store.reader import JournalReader


def test_another_version_is_refused(tmp_path):
    with open_journal(tmp_path) as journal:
        edit(journal.path, "PRAGMA user_version = 99")
    with pytest.raises(UsageError, match="version 99"):
        JournalReader.open(tmp_path / "journal.db")
    with pytest.raises(UsageError, match="version 99"):
        open_journal(tmp_path)


def an_older_one(path, version):
    """A journal as a facilityd of that version made it, with a sample, a change and a line that was refused."""
    db = apsw.Connection(str(path))
    db.execute("".join(schema.MIGRATIONS[:version]))
    db.pragma("application_id", schema.APPLICATION)
    db.pragma("user_version", version)
    names, types = '["s0"]', '["float"]'
    db.execute("INSERT INTO stream VALUES(1, 'hoist-1', 'drive', 'hoist', 'bus-1', ?, ?, 1)", (names, types))
    data = layout((SignalType.FLOAT,)).pack((1.5,), {})[0]
    db.execute("INSERT INTO sample(id, stream, at, data) VALUES(1, 1, ?, ?)", (T0, data))
    db.execute("INSERT INTO tail VALUES(1, 1, ?)", (T0,))
    db.execute("INSERT INTO sink VALUES('influx', 1, 0, 1)")
    db.execute(
        "INSERT INTO change(at, device, rule, occurrence, kind, person, comment) VALUES(?,'d','r',1,'raise','','')",
        (T0,),
    )
    row = "sink, sample" if version < 6 else "kind, sink, row"
    values = "'influx', 1" if version < 6 else "'sample', 'influx', 1"
    db.execute(f"INSERT INTO parked({row}, at, reason, line) VALUES({values}, 7, 'refused', 'a line')")
    db.close()


@pytest.mark.parametrize("version", range(1, 8))
def test_an_older_journal_is_brought_up_to_date_with_all_it_holds(tmp_path, version):
    path = tmp_path / "journal.db"
    an_older_one(path, version)
    with pytest.raises(UsageError, match="facilityd run brings an older one up to date"):
        JournalReader.open(path)
    with open_journal(tmp_path) as journal, JournalReader.open(path) as reader:
        assert journal.moved_aside is None
        assert (reader.last_sample(), reader.baselines(), reader.checkpoint().sample) == (1, [], 0)
        assert [reader.sample(row).values for row in reader.samples_after(0, 9)] == [(1.5,)]
        assert reader.dead_letter_lines() == [DeadLetterLine("influx", 1, 7, "refused", "a line")]
        assert (reader.cursor("influx"), reader.cursor("influx", LineKind.CHANGE)) == (1, 0)
        (stored,) = reader.changes()
        assert (stored.change, stored.state) == (Change(T0, "d", "r", 1, ChangeKind.RAISE), "")
        with connected(path) as db:
            assert schema.columns(db) == schema.columns(schema.empty_journal(schema.VERSION))


def test_a_reader_never_sees_a_journal_half_made(tmp_path, monkeypatch):
    seen = []

    def look(db, found):
        seen.append((tmp_path / "journal.db").exists())
        return made(db, found)

    made = schema.migrate
    monkeypatch.setattr(schema, "migrate", look)
    with open_journal(tmp_path), JournalReader.open(tmp_path / "journal.db") as reader:
        assert reader.last_sample() == 0
    assert seen == [False], "its tables are made before it has its name"
