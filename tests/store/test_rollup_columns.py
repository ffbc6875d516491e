"""Years as arrays: the same figures as bucket by bucket, whatever is due, sealed or damaged."""

from __future__ import annotations

from math import isnan
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.journals import DAY, T0, edit, open_journal

from facilityd.model.quality import Reason
from facilityd.model.sample import NS, Sample, SignalType, Stream
from facilityd.store.column_arrays import unpack_arrays
from facilityd.store.columns import pack, unpack
from facilityd.store.reader import JournalReader
from facilityd.store.rollup import HOUR, Rollup, joined
from facilityd.store.rollup_blocks import HOURS, MINUTES, QUARTERS
from facilityd.store.rollup_columns import FIELDS, RollupColumns, read_columns
from facilityd.store.rollups import RollupWrite
from facilityd.store.samples import SampleWrite

START = T0 // DAY * DAY
TYPES = (SignalType.FLOAT, SignalType.BOOL, SignalType.INT)
SIGNALS = ("power", "on", "energy")
PUMP = Stream("pump", "pump", "drive", "bus", SIGNALS, TYPES, 300 * NS)
AGAIN = Stream("pump", "pump", "drive-2", "bus", SIGNALS, TYPES, 300 * NS)


def shown(found: RollupColumns) -> list[tuple[object, ...]]:
    rows = zip(*(getattr(found, name).tolist() for name in ("start", *FIELDS)), strict=True)
    return [tuple(None if isnan(v) else v for v in row) for row in rows]


def wanted(found: list[Rollup]) -> list[tuple[object, ...]]:
    return [tuple(getattr(one, name) for name in ("start", *FIELDS)) for one in found]


WHOLE = st.lists(st.one_of(st.integers(-(2**52), 2**52), st.integers(-90, 90)), min_size=1, max_size=30)
DECIMAL = st.lists(
    st.one_of(st.none(), st.integers(-999, 999).map(lambda n: n / 100)), min_size=1, max_size=30
)
FLOAT = st.lists(st.floats(allow_nan=False), min_size=1, max_size=30)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(WHOLE, DECIMAL, FLOAT), min_size=1, max_size=6), st.integers(0, 5))
def test_arrays_are_what_the_columns_are_and_a_damaged_block_has_none(columns, damaged):
    blocks = [(len(one), pack([one, one], b"key"), b"key") for one in columns]
    expected = [[float("nan") if v is None else v for v in unpack(d, n, k)[1]] for n, d, k in blocks]
    if damaged < len(blocks):
        blocks[damaged] = (len(columns[damaged]), blocks[damaged][1][:-1], b"key")
        expected[damaged] = []
    (found,), counts = unpack_arrays(blocks, (1,), (np.float64,))
    assert counts == [len(one) for one in expected]
    np.testing.assert_array_equal(found, [v for one in expected for v in one])


def filled(journal) -> None:
    """Two days of a pump that was exchanged at noon, with bad values, a gap and an hour that is due."""
    for of, since, until in ((PUMP, 0, 12), (AGAIN, 11, 40)):
        found = []
        for n in range(since * 30, until * 30):
            if 200 < n < 290:
                continue
            at, why = START + n * 120 * NS, {0: Reason.TIMEOUT} if n % 7 == 0 else {}
            found.append(Sample(of, at, at, (None if why else n / 10, n % 5 == 0, n), why))
        journal.commit([SampleWrite(found)])
    journal.commit([RollupWrite(START + 2 * DAY, 0, 1000)])
    late = Sample(AGAIN, START + 20 * HOUR + 1, START, (3.5, True, 7))
    journal.commit([SampleWrite([late])])


@pytest.mark.parametrize("level", [MINUTES, QUARTERS, HOURS], ids=lambda level: level.name)
def test_columns_are_what_bucket_by_bucket_gives(tmp_path: Path, level) -> None:
    with open_journal(tmp_path) as journal, JournalReader.open(journal.path) as reader:
        filled(journal)
        for name in SIGNALS:
            for since, until in (
                (START, START + 2 * DAY),
                (START + 5 * HOUR + 900 * NS, START + 39 * HOUR + 7),
            ):
                columns = read_columns(reader, "pump", name, since, until, level)
                objects = reader.rollups("pump", name, since, until, level)
                assert shown(columns) == wanted(objects)
                wide = 6 * HOUR
                found, expected = columns.joined(wide, START), wanted(list(joined(objects, wide, START)))
                assert [row[:7] for row in shown(found)] == [row[:7] for row in expected]
                assert found.integral.tolist() == pytest.approx([row[7] for row in expected])
                means = [one.mean for one in objects]
                assert [None if isnan(v) else v for v in columns.mean.tolist()] == means
        assert len(read_columns(reader, "pump", "power", 0, HOUR, level)) == 0


def test_a_damaged_block_has_no_figures(tmp_path: Path) -> None:
    with open_journal(tmp_path) as journal, JournalReader.open(journal.path) as reader:
        filled(journal)
        whole = len(read_columns(reader, "pump", "power", START, START + 2 * DAY, QUARTERS))
        edit(journal.path, "UPDATE rollup SET data = x'00112233445566' WHERE level = 2 AND stream = 2")
        left = read_columns(reader, "pump", "power", START, START + 2 * DAY, QUARTERS)
        assert 0 < len(left) < whole
        assert shown(left) == wanted(reader.rollups("pump", "power", START, START + 2 * DAY, QUARTERS))
