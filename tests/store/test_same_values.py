"""What is stored of a unit that says the same again."""

from dataclasses import replace

from support.journals import T0, open_journal, sample, stream

from facilityd.model.quality import Reason
from facilityd.model.sample import NS
from facilityd.store.reader import JournalReader
from facilityd.store.samples import SampleWrite

HOIST = stream()


def test_the_very_same_values_are_stored_as_what_they_are_each_time(keeper, reader):
    """Of a unit that stands each sample has the same tuple: bad or good in turn, and with a value missing."""
    journal = keeper.journal
    values, gap = (1.0, 2.0, 3.0), (1.0, None, 3.0)
    bad = {1: Reason.OUT_OF_RANGE}
    told = [
        (values, {}),
        (values, {}),
        (values, bad),
        (values, {}),
        (gap, {}),
        (gap, {}),
        (gap, bad),
        (values, bad),
    ]
    stored = [replace(sample(HOIST, T0 + n * NS, *row), reasons=why) for n, (row, why) in enumerate(told)]
    for one in stored:
        journal.commit([SampleWrite([replace(one, values=values if one.values == values else gap)])])
    second = journal.path.parent / "second"
    second.mkdir()
    with open_journal(second) as other, JournalReader.open(other.path) as anew:
        for one in stored:  # tuples of their own: nothing can be taken for the one before
            other.commit([SampleWrite([replace(one, values=(*one.values,))])])
        rows = anew.samples_after(0, 10)
    assert reader.samples_after(0, 10) == rows
    assert len({row.data for row in rows}) == 2
    assert [row.reasons is None for row in rows[:4]] == [True, True, False, True]
