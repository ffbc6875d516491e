"""A flipped bit on the disk makes a bad value or one record set aside; never a wrong value, never the end."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import apsw
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.commands import acknowledgement
from support.fuzz import fuzzed
from support.journals import T0, open_journal, sample, stream
from support.notification_fixtures import notice

from facilityd.errors import FacilitydError, UsageError
from facilityd.model.alarm import AlarmCondition, AlarmState, Change, ChangeKind
from facilityd.model.finding import Evidence
from facilityd.model.quality import Reason
from facilityd.model.sample import NS
from facilityd.store.batch import ChangeRecord
from facilityd.store.changes import AlarmWrite, ChangeWrite
from facilityd.store.commands import CommandWrite
from facilityd.store.meta import JudgedWrite
from facilityd.store.reader import JournalReader
from facilityd.store.rollup import HOUR
from facilityd.store.rollup_blocks import HOURS
from facilityd.store.rollups import RollupWrite
from facilityd.store.samples import SampleWrite

HOIST, PUMP = stream(), stream("pump")
STATES = [
    AlarmState(
        device, "brake", condition=AlarmCondition.TRUE, acked=False, occurrence=1, since=T0, raised_at=T0
    )
    for device in ("hoist-1", "pump")
]
RAISED = Change(
    T0, "hoist-1", "brake", 1, ChangeKind.RAISE, Evidence("limit-above", {"value": 3.0, "limit": 1.0}, "s0")
)


def fill(folder: Path, count: int = 30) -> Path:
    with open_journal(folder) as journal:
        samples = [sample(HOIST, T0 + n * NS) for n in range(count)]
        journal.commit([SampleWrite([*samples, sample(PUMP, T0, s0=Reason.TIMEOUT)]), JudgedWrite(count + 1)])
        journal.commit([ChangeWrite([ChangeRecord(RAISED, 5, (notice(),))]), AlarmWrite(STATES)])
    return folder / "journal.db"


def change(path: Path, sql: str, *values: object) -> None:
    db = apsw.Connection(str(path))
    db.execute(sql, values)
    db.close()


def read_all(path: Path) -> dict[tuple[str, int], tuple[object, ...]]:
    """Read everything as status, history and the start do; return the good values by device and instant."""
    with JournalReader.open(path) as reader:
        rows = [reader.sample(row) for row in reader.samples_after(0, 1000)]
        for read in (
            reader.alarms, reader.changes, reader.findings_after, reader.verdicts, reader.checkpoint, reader.marks,
            reader.baselines, reader.waivers, reader.checks, reader.outbox, reader.latest, reader.last_judged,
            reader.counters, reader.dead_letters,
        ):  # fmt: skip
            read()
        reader.due(T0 + NS)
        list(reader.history("hoist-1", "s0", T0 - NS, T0 + 3600 * NS))
    return {
        (one.stream.device, one.at): tuple(None if n in one.reasons else v for n, v in enumerate(one.values))
        for one in rows
    }


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("reasons", b"timeo\xf5t"),
        ("reasons", b"timeoux"),
        ("data", b""),
        ("data", b"\x07"),
        ("data", b"\xff" * 25),
        ("at", T0 + 1),
    ],
)
def test_a_damaged_row_is_bad_and_its_neighbours_are_whole(tmp_path: Path, what: str, value: object) -> None:
    path = fill(tmp_path)
    kind = "TEXT" if what == "reasons" else "BLOB"
    given = f"CAST(? AS {kind})" if what != "at" else "?"
    change(path, f"UPDATE sample SET {what} = {given} WHERE id = 5", value)
    with open_journal(tmp_path), JournalReader.open(path) as reader:
        rows = {row.id: reader.sample(row) for row in reader.samples_after(0, 100)}
        points = list(reader.history("hoist-1", "s0", T0, T0 + 30 * NS))
    assert rows[5].values == (None, None, None)
    assert set(rows[5].reasons.values()) == {Reason.DAMAGED}
    assert rows[6].values == (5.0, 5.0, 5.0)
    assert [reason for _, _, reason in points].count(Reason.DAMAGED) == 1
    assert len([value for _, value, _ in points if value is not None]) == 29


POISON: dict[str, tuple[str, object]] = {
    "alarm, bad JSON": ("UPDATE alarm SET state = ? WHERE device = 'pump'", '{"device": "pump"'),
    "alarm, a list": ("UPDATE alarm SET state = ? WHERE device = 'pump'", "[]"),
    "alarm, no text": ("UPDATE alarm SET state = CAST(? AS TEXT) WHERE device = 'pump'", b"\xff\xfe"),
    "alarm, nested": ("UPDATE alarm SET state = ? WHERE device = 'pump'", "[" * 100_000),
    "alarm, another's": ("UPDATE alarm SET state = replace(state, 'pump', ?) WHERE device = 'pump'", "pum0"),
    "alarm, wrong type": ("UPDATE alarm SET state = replace(state, '\"occurrence\":1', ?) WHERE device = 'pump'", '"occurrence":"1"'),
    "outbox": ("UPDATE outbox SET body = ?", "{"),
    "outbox, no text": ("UPDATE outbox SET body = CAST(? AS TEXT)", b"\xc3\x28"),
    "outbox, state": ("UPDATE outbox SET state = ?", "waitimg"),
    "stream": ("UPDATE stream SET types = ? WHERE device = 'pump'", '["float", "flo'),
    "stream, unknown type": ("UPDATE stream SET types = ? WHERE device = 'pump'", '["float", "float", "floau"]'),
    "stream, no text": ("UPDATE stream SET signals = CAST(? AS TEXT) WHERE device = 'pump'", b'["s\xf0"]'),
    "meta": ("UPDATE meta SET value = ? WHERE name = 'judged'", "3q"),
}  # fmt: skip


@pytest.mark.parametrize("name", POISON)
def test_a_record_that_cannot_be_read_is_set_aside_once_and_the_rest_goes_on(
    tmp_path: Path, name: str
) -> None:
    path = fill(tmp_path)
    change(path, *POISON[name])
    with open_journal(tmp_path) as journal, JournalReader.open(path) as reader:
        assert journal.set_aside == 1
        assert journal.was_damaged
        (letter,) = reader.dead_letters()
        assert letter.source == name.partition(",")[0]
        assert letter.reason
        assert "hoist-1" in {state.device for state in reader.alarms()}
        assert journal.commit([SampleWrite([sample(PUMP, T0 + 99 * NS)])]).first == 32
    assert read_all(path)["hoist-1", T0 + 4 * NS] == (4.0, 4.0, 4.0)
    assert read_all(path)["pump", T0 + 99 * NS] == (99.0, 99.0, 99.0)
    with open_journal(tmp_path) as journal:
        assert not journal.was_damaged, "said once"


@pytest.mark.parametrize("table", ["alarm", "outbox", "sample", "stream", "tail", "meta", "dead_letter"])
def test_a_journal_without_one_of_its_tables_is_moved_aside_as_damaged(tmp_path: Path, table: str) -> None:
    change(fill(tmp_path), f"DROP TABLE {table}")
    with open_journal(tmp_path) as journal:
        assert journal.moved_aside is not None
        journal.commit([SampleWrite([sample(HOIST, T0)])])


def _cut(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])


@pytest.mark.parametrize(
    ("loss", "said"),
    [
        (lambda path: path.unlink(), "is gone"),
        (lambda path: _cut(path, 0), "is empty"),
        (lambda path: _cut(path, 1), "is empty"),
    ],
    ids=["deleted", "cut to nothing", "cut to a byte"],
)
def test_a_journal_that_is_gone_is_missed(tmp_path: Path, loss: Callable[[Path], None], said: str) -> None:
    loss(fill(tmp_path))
    with open_journal(tmp_path) as journal:
        assert said in journal.lost
        assert journal.was_damaged
        journal.commit([SampleWrite([sample(HOIST, T0)])])
    with open_journal(tmp_path) as journal:
        assert journal.lost == ""


def test_a_log_that_is_gone_after_a_crash_is_missed(tmp_path: Path) -> None:
    path, crashed = fill(tmp_path), tmp_path / "crashed"
    crashed.mkdir()
    with open_journal(tmp_path) as journal:
        journal.commit([SampleWrite([sample(HOIST, T0 + 500 * NS)])])
        for suffix in ("", ".lock"):  # as after kill -9 and a copy that forgot the log
            shutil.copy(f"{path}{suffix}", crashed)
    with open_journal(crashed) as journal:
        assert "log" in journal.lost


def test_a_new_journal_misses_nothing(tmp_path: Path) -> None:
    with open_journal(tmp_path) as journal:
        assert not journal.was_damaged


@pytest.mark.parametrize("version", [1, 3])
def test_an_older_journal_is_upgraded_with_all_it_holds(tmp_path: Path, version: int) -> None:
    """Both files were written by the code of their version; 1 is the oldest that ever was."""
    path = tmp_path / "journal.db"
    shutil.copy(Path(__file__).with_name("stored") / f"version-{version}.db", path)
    with pytest.raises(UsageError, match="brings an older one up to date"):
        JournalReader.open(path)
    with open_journal(tmp_path) as journal:
        assert not journal.was_damaged
        journal.commit([SampleWrite([sample(HOIST, T0 + 20 * NS)])])
        journal.commit([RollupWrite(T0 + 9 * HOUR, 0, 99)])
    with JournalReader.open(path) as reader:
        (hour,) = reader.rollups("hoist-1", "s0", 0, T0 + HOUR, HOURS)
        assert (hour.count, hour.least, hour.greatest) == (21, 0.0, 20.0), "what it held is rolled up too"
        (state,) = reader.alarms()
        assert (state.device, state.occurrence, state.active) == ("hoist-1", 2, True)
        assert [one.change.kind for one in reader.changes()] == [ChangeKind.RAISE]
        assert [count for count, _ in reader.waiting_on().values()] == [1]
        assert (reader.last_judged(), reader.cursor("influx"), reader.last_sample()) == (21, 7, 22)
        points = list(reader.history("hoist-1", "s0", T0, T0 + 21 * NS))
    assert [value for _, value, _ in points] == [float(n) for n in range(21)]


def test_a_journal_of_version_5_is_upgraded_with_all_it_holds(tmp_path: Path) -> None:
    """It was written by a daemon of that version: an alarm that somebody had acknowledged, and a mark."""
    path = tmp_path / "journal.db"
    shutil.copy(Path(__file__).with_name("stored") / "version-5.db", path)
    with pytest.raises(UsageError, match="brings an older one up to date"):
        JournalReader.open(path)
    record = acknowledgement("gate-base", "pole-live", T0)[1]
    with open_journal(tmp_path) as journal:
        assert not journal.was_damaged
        journal.commit([CommandWrite([record])])
        journal.commit([CommandWrite([replace(record, refusal="a second time")])])
    with JournalReader.open(path) as reader:
        state = next(state for state in reader.alarms() if state.rule == "pole-live")
        assert (state.occurrence, state.active, state.acked_by) == (1, True, "li")
        kinds = [one.change.kind for one in reader.changes() if one.change.rule == "pole-live"]
        assert kinds == [ChangeKind.REGAIN, ChangeKind.RAISE, ChangeKind.ACKNOWLEDGE]
        assert [(mark.fault, mark.person) for mark in reader.marks()] == [("L18", "li")]
        assert (len(reader.outbox()), len(reader.baselines())) == (4, 3)
        assert reader.commands() == [record], "the first result holds"


@pytest.mark.parametrize("text", [b'["float', b"pump", b"hoist-1", b"brake", b"drive", b"verdict"])
def test_a_row_whose_index_says_otherwise_ends_nothing(tmp_path: Path, text: bytes) -> None:
    """Wherever a text stands, in its row or in an index of it, a bit of it flips."""
    content = fill(tmp_path).read_bytes()
    places = [at for at in range(len(content)) if content.startswith(text, at)]
    assert places
    for number, at in enumerate(places):
        folder = tmp_path / str(number)
        folder.mkdir()
        spoilt = bytearray(content)
        spoilt[at + len(text) - 1] ^= 0x80
        (folder / "journal.db").write_bytes(spoilt)
        with suppress(FacilitydError), open_journal(folder) as journal:
            journal.commit([SampleWrite([sample(PUMP, T0 + 5000 * NS)])])
            read_all(journal.path)


class Bytes(bytes):
    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Bytes:
    return Bytes(fill(tmp_path_factory.mktemp("sound")).read_bytes())


def test_a_column_whose_name_is_no_text_any_more_moves_the_journal_aside(
    tmp_path: Path, sound: bytes
) -> None:
    damaged = sound.replace(b", at INTEGER NOT NULL,\n    reason", b", a\xe4 INTEGER NOT NULL,\n    reason")
    assert damaged != sound
    (tmp_path / "journal.db").write_bytes(damaged)
    with open_journal(tmp_path) as journal:
        assert journal.moved_aside


@given(seed=st.integers(0, 2**32), flips=st.integers(0, 6), keep=st.floats(0, 1) | st.just(1.0))
@example(seed=1, flips=1, keep=1.0)
@example(seed=15372, flips=2, keep=1.0)
@example(seed=311, flips=4, keep=1.0)
@fuzzed
def test_whatever_happens_to_the_bytes_nothing_wrong_is_good(
    tmp_path_factory: pytest.TempPathFactory, sound: Bytes, seed: int, flips: int, keep: float
) -> None:
    folder, dice = tmp_path_factory.mktemp("bytes"), random.Random(seed)
    content = bytearray(sound[: int(len(sound) * keep)])
    for _ in range(flips if content else 0):
        content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
    (folder / "journal.db").write_bytes(content)
    with suppress(UsageError), open_journal(folder) as journal:
        with suppress(FacilitydError):  # damage that only a write meets is a named error
            journal.commit([SampleWrite([sample(HOIST, T0 + 5000 * NS)])])
        for (device, at), values in read_all(journal.path).items():
            expected = (at - T0) / NS
            known = [v for v in values if v is not None and device in ("hoist-1", "pump")]
            assert known == [expected] * len(known), (device, at, values)
