"""The newest good value of a signal, however many bad ones came after it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.journals import T0, open_journal, sample, stream

from facilityd.model.quality import Reason
from facilityd.model.sample import NS
from facilityd.store import last_good
from facilityd.store.reader import JournalReader
from facilityd.store.samples import SampleWrite

HOIST = stream(expected=10 * NS)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(st.integers(1, 7200), st.booleans(), st.booleans()), min_size=1, max_size=12))
def test_it_is_found_for_each_signal_whatever_lies_between(tmp_path: Path, rows) -> None:
    path = tmp_path / str(len(list(tmp_path.iterdir())))
    path.mkdir()
    at, expected = T0, {}
    with open_journal(path) as journal:
        for step, *good in rows:
            at += step * NS
            bad = {f"s{n}": Reason.TIMEOUT for n, fine in enumerate(good) if not fine}
            values = [1.0 if fine else None for fine in good]
            expected |= {n: at for n, fine in enumerate(good) if fine}
            journal.commit([SampleWrite([sample(HOIST, at, *values, **bad)])])
        with JournalReader.open(journal.path) as reader:
            assert reader.last_good(reader.latest()[-1], (0, 1)) == expected


@pytest.mark.parametrize("bad", [50, 200])
def test_it_does_not_look_for_ever(tmp_path: Path, monkeypatch, bad: int) -> None:
    monkeypatch.setattr(last_good, "ROWS", 100)
    with open_journal(tmp_path) as journal:
        journal.commit([SampleWrite([sample(HOIST, T0, 1.0, 1.0)])])
        late = [sample(HOIST, T0 + n * 60 * NS, None, 1.0, s0=Reason.TIMEOUT) for n in range(1, bad + 1)]
        journal.commit([SampleWrite(late)])
        with JournalReader.open(journal.path) as reader:
            found = reader.last_good(reader.latest()[-1], (0,))
    assert found == ({0: T0} if bad <= 50 else {})
