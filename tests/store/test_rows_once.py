"""Hours that are not rolled up are read once, and say what reading them signal by signal does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.journals import DAY, T0, edit, open_journal, sample, stream

from facilityd.model.quality import Reason
from facilityd.model.sample import NS, Sample, SignalType, Stream
from facilityd.store.journal import Journal
from facilityd.store.reader import JournalReader
from facilityd.store.rollup import HOUR
from facilityd.store.rollups import RollupWrite
from facilityd.store.rows_once import RowsOnce, StateReader
from facilityd.store.samples import SampleWrite

START = T0 // DAY * DAY
TYPES = (SignalType.FLOAT, SignalType.BOOL, SignalType.ENUM)
PUMP = Stream("pump", "pump", "drive", "bus", ("power", "on", "state"), TYPES, 60 * NS)
METER = Stream(
    "pump", "pump", "meter", "bus", ("power", "word"), (SignalType.FLOAT, SignalType.TEXT), 60 * NS
)
LAMP = Stream("lamp", "lamp", "relay", "bus", ("level",), (SignalType.FLOAT,), 600 * NS)
SPANS = ((0, START + 3 * DAY), (START + HOUR + 1, START + 7 * HOUR - 1), (START + DAY, START + 2 * DAY))


def everything(reader: StateReader) -> list[object]:
    return [
        list(reader.history(of.device, name, *span))
        for of in (PUMP, METER, LAMP)
        for name in of.signals
        for span in SPANS
    ]


instants = st.integers(0, 2 * 24 * 12).map(lambda n: START + n * 300 * NS)
why = st.dictionaries(st.integers(0, 1), st.sampled_from([Reason.TIMEOUT, Reason.CLOCK]), max_size=1)


def _some(of: Stream, values: tuple[object, ...], at: int, reasons: dict[int, Reason]) -> Sample:
    held = tuple(v if reasons.get(i) in (None, Reason.CLOCK) else None for i, v in enumerate(values))
    return Sample(of, at, at, held, reasons)


numbers = st.floats(-500, 500).map(lambda n: round(n, 2))
samples = st.one_of(
    st.builds(_some, st.just(PUMP), st.tuples(numbers, st.booleans(), st.integers(0, 3)), instants, why),
    st.builds(_some, st.just(METER), st.tuples(numbers, st.sampled_from(["", "好", "v1"])), instants, why),
    st.builds(_some, st.just(LAMP), st.tuples(numbers), instants, st.just({})),
)
steps = st.lists(
    st.one_of(
        st.lists(samples, min_size=1, max_size=30).map(lambda found: ("commit", found)),
        st.tuples(st.just("roll"), st.integers(1, 40)),
        st.tuples(st.just("seal"), st.integers(1, 6)),
    ),
    max_size=8,
)


def act(journal: Journal, reader: JournalReader, kind: str, what: object) -> None:
    if kind == "commit":
        journal.commit([SampleWrite(what)])
    elif kind == "roll":
        journal.commit([RollupWrite(START + 4 * DAY, 0, what)])
    else:
        for write in islice((w for w in reader.sealing(START + 3 * DAY) if w is not None), what):
            journal.commit([write])


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps, st.sampled_from([2**20, 700, 0]))
def test_it_is_what_is_read_signal_by_signal(taken, room):
    """Late, bad, rolled up, due again, sealed by halves; with room for all of it, for some and for none."""
    with TemporaryDirectory() as folder, ExitStack() as stack:
        journal = stack.enter_context(open_journal(Path(folder)))
        reader = stack.enter_context(JournalReader.open(journal.path))
        for kind, what in taken:
            act(journal, reader, kind, what)
        once = RowsOnce(reader, {"pump", "lamp"}, (START, START + 3 * DAY), room)
        assert everything(once) == everything(reader)


@contextmanager
def statements(reader: JournalReader) -> Iterator[list[str]]:
    """What is asked of SQLite within the block."""
    db, found = reader.of_signal("", "", lambda db, _: db), []
    db.set_exec_trace(lambda _, sql, __: not found.append(sql))
    try:
        yield found
    finally:
        db.set_exec_trace(None)


@pytest.fixture
def day(tmp_path: Path) -> Iterator[JournalReader]:
    """A day of ten signals of two devices that nobody rolled up."""
    with open_journal(tmp_path) as journal:
        of = [stream(f"lamp-{n}", count=5, expected=600 * NS) for n in range(2)]
        for n in range(24 * 12):
            journal.commit([SampleWrite([sample(one, START + n * 300 * NS, float(n)) for one in of])])
        with JournalReader.open(journal.path) as reader:
            yield reader


def read_all(reader: StateReader) -> int:
    names = [(f"lamp-{n}", f"s{k}") for n in range(2) for k in range(5)]
    return sum(len(list(reader.history(*name, START, START + DAY))) for name in names)


def test_the_rows_of_an_hour_are_asked_for_once_whatever_signals_are_read(day: JournalReader) -> None:
    with statements(day) as found:
        assert read_all(RowsOnce(day, {"lamp-0", "lamp-1"}, (START, START + DAY))) == 10 * 24 * 12
    assert sum("FROM sample" in sql for sql in found) == 24


def test_of_a_rolled_up_journal_nothing_is_kept(tmp_path: Path) -> None:
    with open_journal(tmp_path) as journal, JournalReader.open(journal.path) as reader:
        journal.commit([SampleWrite([sample(stream(), START + n * 60 * NS, float(n)) for n in range(60)])])
        journal.commit([RollupWrite(START + DAY, 0, 100)])
        with statements(reader) as found:
            once = RowsOnce(reader, {"hoist-1"}, (START, START + DAY))
            assert len(list(once.history("hoist-1", "s0", START, START + DAY))) == 60
        assert sum("IN (SELECT value FROM json_each(?)) AND stream" in " ".join(sql.split()) for sql in found)
        assert not any("+stream IN" in sql for sql in found)


def test_a_flipped_bit_is_a_bad_value_here_too(tmp_path: Path) -> None:
    with open_journal(tmp_path) as journal, JournalReader.open(journal.path) as reader:
        journal.commit([SampleWrite([sample(stream(), START + n * 60 * NS, float(n)) for n in range(60)])])
        edit(journal.path, "UPDATE sample SET data = zeroblob(length(data)) WHERE id = 7")
        once = RowsOnce(reader, {"hoist-1"}, (START, START + DAY))
        found = list(once.history("hoist-1", "s0", START, START + DAY))
        assert found == list(reader.history("hoist-1", "s0", START, START + DAY))
        assert found[6] == (START + 360 * NS, None, Reason.DAMAGED)
