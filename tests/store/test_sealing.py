"""Sealed samples read as the rows did, to the bit, through every reader; nothing is lost or told twice."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.journals import DAY, T0, edit, open_journal, purge, rows, sample, stream

from facilityd.model.quality import Reason
from facilityd.model.sample import NS, Sample, SignalType, Stream
from facilityd.store import chunk, sealing
from facilityd.store.batch import LineKind
from facilityd.store.cursors import CursorWrite
from facilityd.store.journal import Journal
from facilityd.store.line_source import SampleSource
from facilityd.store.reader import JournalReader
from facilityd.store.rollup import HOUR
from facilityd.store.rollup_blocks import HOURS, MINUTES
from facilityd.store.rollups import RollupWrite
from facilityd.store.samples import SampleWrite

START = T0 // DAY * DAY
TYPES = (SignalType.FLOAT, SignalType.BOOL, SignalType.ENUM, SignalType.INT, SignalType.TEXT)
PUMP = Stream("pump", "pump", "drive", "bus", ("power", "on", "state", "energy", "word"), TYPES, 600 * NS)
LAMP = Stream("lamp", "lamp", "relay", "bus", ("level",), (SignalType.FLOAT,), 600 * NS)
SOME = [Reason.TIMEOUT, Reason.CLOCK, Reason.OUT_OF_RANGE]


@pytest.fixture(autouse=True)
def short_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of four samples, so that a few make many."""
    monkeypatch.setattr(sealing, "MOST_ROWS", 4)


def seal(journal: Journal, until: int, steps: int | None = None) -> int:
    """Seal, as the scheduler does, or only so many steps of it; return how many were taken."""
    taken = 0
    with JournalReader.open(journal.path) as reader:
        for write in islice((w for w in reader.sealing(until) if w is not None), steps):
            journal.commit([write])
            taken += 1
    return taken


def forward(reader: JournalReader, page: int, after: int = 0) -> list[Sample]:
    found = []
    while page_of := reader.samples_after(after, page):
        after = page_of[-1].id
        found += [(one.id, reader.sample(one), one.reasons) for one in page_of]
    return found


def all_that_is_read(reader: JournalReader) -> list[object]:
    """Every way in which samples are read, over the whole time and over parts of it."""
    until, found = START + 4 * DAY, []
    for of in (PUMP, LAMP):
        for name in of.signals:
            found.append(list(reader.history(of.device, name, 0, until)))
            found.append(list(reader.history(of.device, name, START + 5 * HOUR + 1, START + DAY + 7 * HOUR)))
            found.append(list(reader.gaps(of.device, name, START, until)))
        found.append(reader.rollups(of.device, of.signals[0], START, until, MINUTES))
        found.append(reader.rollups(of.device, of.signals[0], START, until, HOURS))
    found += [forward(reader, page) for page in (1, 3, 1000)]
    found.append(forward(reader, 2, after=5))
    found.append(
        [reader.last_good(row, range(len(reader.stream(row.stream).types))) for row in reader.latest()]
    )
    lines, _ = SampleSource(reader, "square").read(0)
    return [*found, reader.latest(), lines]


seconds = st.integers(0, 3 * 24 * 60).map(lambda minute: START + minute * 60 * NS)
reasons = st.dictionaries(st.integers(0, 4), st.sampled_from(SOME), max_size=2)
values = st.tuples(
    st.one_of(st.integers(-500, 500).map(lambda n: n / 100), st.floats(allow_nan=False, allow_infinity=False)),
    st.booleans(), st.integers(0, 3), st.integers(-(2**63), 2**63 - 1), st.sampled_from(["", "好", "v1.2", "a:b"]),
)  # fmt: skip
pumps = st.builds(
    lambda at, held, why: Sample(
        PUMP, at, at, tuple(v if why.get(i) in (None, Reason.CLOCK) else None for i, v in enumerate(held)), why
    ),
    seconds, values, reasons,
)  # fmt: skip
lamps = st.builds(
    lambda at, value: Sample(LAMP, at, at, (value,)), seconds, values.map(lambda found: found[0])
)
steps = st.lists(
    st.one_of(
        st.lists(st.one_of(pumps, lamps), min_size=1, max_size=12).map(lambda found: ("commit", found)),
        st.tuples(st.just("seal"), st.integers(1, 6)),
        st.tuples(st.just("restart"), st.just(None)),
    ),
    max_size=10,
)


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps)
def test_sealed_and_raw_give_equal_answers_in_any_order_of_arrival(taken):
    """Late samples, two at one instant, crashes in the middle of sealing: all as in a journal that never seals."""
    with TemporaryDirectory() as folder, ExitStack() as stack:
        for name in ("sealed", "plain"):
            (Path(folder) / name).mkdir()
        journal = stack.enter_context(open_journal(Path(folder) / "sealed"))
        plain = stack.enter_context(open_journal(Path(folder) / "plain"))
        reader = stack.enter_context(JournalReader.open(journal.path))
        for kind, what in taken:
            if kind == "commit":
                assert journal.commit([SampleWrite(what)]) == plain.commit([SampleWrite(what)])
            elif kind == "seal":
                journal.commit([RollupWrite(START + 5 * DAY, 0, 1000)])
                plain.commit([RollupWrite(START + 5 * DAY, 0, 1000)])
                seal(journal, START + 4 * DAY, what)
            else:
                journal.close()
                journal = stack.enter_context(open_journal(Path(folder) / "sealed"))
        other = stack.enter_context(JournalReader.open(plain.path))
        assert all_that_is_read(reader) == all_that_is_read(other)
        journal.commit([RollupWrite(START + 5 * DAY, 0, 1000)])
        seal(journal, START + 4 * DAY)
        tails = rows(journal.path, "SELECT count(*) FROM tail")
        assert rows(journal.path, "SELECT count(*) FROM sample") == tails, (
            "nothing but each stream's last word"
        )
        assert all_that_is_read(reader) == all_that_is_read(other)


def filled(folder: Path, count: int = 40, **settings: object) -> Journal:
    """A journal with samples of two streams each minute of a day's beginning, rolled up."""
    journal = open_journal(folder, **settings)
    for n in range(count):
        at = START + n * 60 * NS
        journal.commit([SampleWrite([sample(stream(), at, n / 10), Sample(LAMP, at, at, (n / 4,))])])
    journal.commit([RollupWrite(START + DAY, 0, 100)])
    return journal


def test_a_day_is_sealed_after_it_ended_and_every_sink_has_it_and_it_is_rolled_up(tmp_path: Path) -> None:
    with filled(tmp_path) as journal:
        assert seal(journal, START + DAY - 1) == 0, "the day is not over"
        journal.configure_sinks(["influx"])
        journal.commit([CursorWrite("influx", LineKind.SAMPLE, 20)])
        seal(journal, START + DAY)
        assert rows(journal.path, "SELECT max(last), sum(count) FROM chunk") == [(20, 20)]
        journal.commit([CursorWrite("influx", LineKind.SAMPLE, 80)])
        journal.commit([SampleWrite([Sample(LAMP, START, START, (7.0,))])])
        seal(journal, START + DAY)
        assert rows(journal.path, "SELECT sum(count) FROM chunk WHERE stream = 1") == [(40,)]
        assert rows(journal.path, "SELECT sum(count) FROM chunk WHERE stream = 2") == [(10,)], (
            "an hour is due"
        )
        with JournalReader.open(journal.path) as reader:
            assert reader.counters()["sealed"] == 50


def test_an_instant_of_a_sealed_sample_stays_taken(tmp_path: Path) -> None:
    with filled(tmp_path) as journal:
        seal(journal, START + DAY)
        late = journal.commit(
            [SampleWrite([Sample(LAMP, START, START, (7.0,)), Sample(LAMP, START, START, (8.0,))])]
        )
        assert late.ats == (START + 1, START + 2)
        with JournalReader.open(journal.path) as reader:
            found = list(reader.history("lamp", "level", START, START + 60 * NS))
    assert found == [(START, 0.0, None), (START + 1, 7.0, None), (START + 2, 8.0, None)]


def test_a_reader_on_its_way_forward_misses_nothing_that_is_sealed_meanwhile(tmp_path: Path) -> None:
    with filled(tmp_path) as journal, JournalReader.open(journal.path) as reader:
        found = [row.id for row in reader.samples_after(0, 7)]
        with JournalReader.open(journal.path) as other:
            for write in other.sealing(START + DAY):
                journal.commit([write] if write else [])
                found += [row.id for row in reader.samples_after(found[-1], 2)]
        found += [row.id for row in reader.samples_after(found[-1], 100)]
    assert found == list(range(1, 81))


def test_a_flipped_bit_in_a_chunk_is_told_and_never_a_value(tmp_path: Path) -> None:
    with filled(tmp_path) as journal:
        seal(journal, START + DAY)
        before = dict(rows(journal.path, "SELECT id, data FROM chunk WHERE stream = 1"))
        with JournalReader.open(journal.path) as reader:
            good = list(reader.history("hoist-1", "s0", START, START + DAY))
            for place in range(0, 8 * len(before[1]), 23):
                data = bytearray(before[1])
                data[place // 8] ^= 1 << place % 8
                edit(journal.path, f"UPDATE chunk SET data = x'{data.hex()}' WHERE id = 1")
                found = list(reader.history("hoist-1", "s0", START, START + DAY))
                assert found[4:] == good[4:]
                assert [(value, why) for _, value, why in found[:4]] == [(None, Reason.DAMAGED)] * 4
            for column in ("first", "last", "first_at", "last_at", "count", "stream"):
                edit(journal.path, f"UPDATE chunk SET data = x'{before[1].hex()}' WHERE id = 1")
                edit(journal.path, f"UPDATE chunk SET {column} = {column} + 1 WHERE id = 1")
                points = reader.history("hoist-1", "s0", START, START + DAY)
                assert [one for one in points if one[1] is not None] == good[4:]
                assert all(row.id > 0 for row in reader.samples_after(0, 100))
                edit(journal.path, f"UPDATE chunk SET {column} = {column} - 1 WHERE id = 1")
            (gap, *_) = reader.gaps("hoist-1", "s0", START, START + DAY)
    assert gap.reason is None


def test_a_damaged_chunk_is_a_gap_with_its_reason(tmp_path: Path) -> None:
    with filled(tmp_path, 400) as journal:
        seal(journal, START + DAY)
        edit(journal.path, "UPDATE chunk SET data = x'00' WHERE stream = 1 AND first_at > 0")
        with JournalReader.open(journal.path) as reader:
            (gap, *_) = reader.gaps("hoist-1", "s0", START, START + 398 * 60 * NS)
            assert (gap.since, gap.reason) == (START, Reason.DAMAGED)
            assert len(forward(reader, 10)) > 400, "each damaged chunk is one sample without a value"


def test_what_is_too_old_goes_by_chunks_and_is_counted(tmp_path: Path) -> None:
    with filled(tmp_path, 40, max_age=2 * DAY) as journal:
        seal(journal, START + DAY)
        for _ in range(5):
            at = START + 3 * DAY + 20 * 60 * NS
            journal.commit([SampleWrite([sample(stream("far"), at + n * NS) for n in range(300)])])
        (kept,) = rows(journal.path, "SELECT min(first_at) FROM chunk")
        assert kept == (None,), "an hour's chunks are all older than two days"
        with JournalReader.open(journal.path) as reader:
            assert list(reader.history("lamp", "level", 0, START + DAY)) == []
            assert reader.counters()["purged"] >= 80
        assert rows(journal.path, "SELECT hour FROM purged_hour") == [(START // HOUR,)]


def test_a_full_file_forgets_chunks_first_and_says_what_no_sink_had(tmp_path: Path) -> None:
    with filled(tmp_path) as journal:
        seal(journal, START + DAY)
        journal.configure_sinks(["late"])
    purge(tmp_path / "journal.db", 1)
    with open_journal(tmp_path) as journal, JournalReader.open(journal.path) as reader:
        assert (reader.counters()["purged"], reader.counters()["purged_unsent"]) == (8, 8)
        assert reader.samples_after(0, 1)[0].id == 2
        assert len(list(reader.history("hoist-1", "s0", 0, START + DAY))) == 32


def test_what_was_purged_meanwhile_is_not_sealed(tmp_path: Path) -> None:
    with filled(tmp_path) as journal, JournalReader.open(journal.path) as reader:
        write = next(w for w in reader.sealing(START + DAY) if w is not None)
        purge(journal.path, 10)
        journal.commit([write])
        assert rows(journal.path, "SELECT count(*) FROM chunk") == [(0,)]


def test_a_value_takes_less_than_two_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "MOST_ROWS", chunk.MOST_ROWS)
    with open_journal(tmp_path) as journal:
        found, value = [], 20.0
        for n in range(1200):
            value = round(value + ((n * 7919) % 11 - 5) / 100, 2)
            found.append(
                sample(
                    stream(count=5),
                    START + n * 60 * NS + n * 7919 % 1000 * 1000,
                    *(value + i for i in range(5)),
                )
            )
        journal.commit([SampleWrite(found), RollupWrite(START + DAY, 0, 100)])
        seal(journal, START + DAY)
        ((size, count),) = rows(journal.path, "SELECT sum(length(data) + 60), sum(count) FROM chunk")
    assert size / count / 5 < 2
