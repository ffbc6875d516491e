"""Kinds of write: the journal knows none of them, and a new one needs no line in it."""

import inspect
from dataclasses import dataclass, is_dataclass

import pytest
from support.journals import T0, edit, rows, sample, stream

import facilityd.store.journal as journal_module
from facilityd.model.sample import NS
from facilityd.store.batch import Write, WriteContext
from facilityd.store.meta import CountWrite, MetaWrite
from facilityd.store.samples import SampleWrite


@dataclass(frozen=True, slots=True)
class NoteWrite(Write):
    """A kind that only this test knows."""

    text: str

    def apply(self, to: WriteContext) -> None:
        to.db.execute("INSERT INTO note(text) VALUES(?)", (self.text,))
        to.counts["notes"] += 1


def test_a_new_kind_of_write_needs_its_class_and_its_table(keeper, reader):
    journal = keeper.journal
    edit(journal.path, "CREATE TABLE note(text TEXT)")
    receipt = journal.commit([NoteWrite("first"), SampleWrite([sample(stream(), T0)]), NoteWrite("second")])
    assert rows(journal.path, "SELECT text FROM note") == [("first",), ("second",)]
    assert reader.counters() == {"notes": 2, "stored": 1}
    assert (receipt.ids, receipt.ats) == (range(1, 2), (T0,))


def test_one_write_that_fails_takes_all_of_its_transaction_back(keeper, reader):
    with pytest.raises(Exception, match="note"):
        keeper.journal.commit([MetaWrite({"name": "text"}), CountWrite({"n": 1}), NoteWrite("no table")])
    assert (reader.meta("name"), reader.counters()) == (None, {})


def test_samples_of_several_writes_get_ids_in_their_order(keeper, reader):
    writes = [SampleWrite([sample(stream(), T0 + n * NS)]) for n in range(3)]
    receipt = keeper.journal.commit(writes)
    assert (receipt.ids, receipt.ats) == (range(1, 4), (T0, T0 + NS, T0 + 2 * NS))
    assert [row.id for row in reader.samples_after(0, 9)] == [1, 2, 3]


def test_the_journal_names_no_kind_of_write():
    source = inspect.getsource(journal_module)
    kinds = {kind.__name__ for kind in Write.__subclasses__()}
    assert len(kinds) > 15
    assert all(is_dataclass(kind) for kind in Write.__subclasses__())
    assert not [kind for kind in kinds if kind in source]
