from dataclasses import replace

import pytest
from support.journals import T0, open_journal, purge, sample, stream

from facilityd.errors import UsageError
from facilityd.model.alarm import AlarmCondition, AlarmState, Change, ChangeKind
from facilityd.model.baseline import Baseline
from facilityd.model.finding import Evidence, Finding
from facilityd.model.notice import Notice, Purpose
from facilityd.model.quality import Reason
from facilityd.model.sample import NS, SignalType, Stream
from facilityd.store.batch import (
    Attempt,
    ChangeRecord,
    DeadLetterLine,
    Delivery,
    FindingRecord,
    LineKind,
)
from facilityd.store.changes import AlarmWrite, ChangeWrite
from facilityd.store.cursors import CursorWrite
from facilityd.store.dead_letters import DeadLetterLineWrite
from facilityd.store.findings import FindingWrite
from facilityd.store.learning import BaselineWrite
from facilityd.store.meta import CountWrite, JudgedWrite, MetaWrite
from facilityd.store.outbox import AttemptWrite, NoticeWrite
from facilityd.store.reader import JournalReader
from facilityd.store.samples import SampleWrite

HOIST, LAMP = stream(), stream("lamp-1", "relay", 2)
EVIDENCE = Evidence("above", {"value": 91.5, "limit": 90.0}, "s0")


@pytest.fixture
def journal(tmp_path):
    with open_journal(tmp_path) as opened:
        yield opened


@pytest.fixture
def reader(journal):
    with JournalReader.open(journal.path) as opened:
        yield opened


def notice(key: str) -> Notice:
    return Notice(
        key, "li", "mail", Purpose.RAISED, "zh", "旗杆机过热", "停机检查", "hoist-1", "hot", 1, 3, T0
    )


def test_samples_come_back_as_they_were(journal, reader):
    told = [sample(HOIST, T0, 1.5, 2.5, None, s2=Reason.TIMEOUT), sample(LAMP, T0, 0.1, 0.2)]
    receipt = journal.commit([SampleWrite(told)])
    assert list(receipt.ids) == [1, 2]
    back = [reader.sample(row) for row in reader.samples_after(0, 10)]
    assert back == told
    assert [row.id for row in reader.samples_after(1, 10)] == [2]


def test_ids_grow_over_restarts_and_purges(tmp_path):
    for start in range(3):
        with open_journal(tmp_path) as journal:
            receipt = journal.commit([SampleWrite([sample(HOIST, T0 + start * NS)])])
            purge(journal.path, 10)
        assert receipt.first == start + 1


def test_a_clash_is_moved_by_nanoseconds_and_nothing_is_overwritten(journal, reader):
    receipts = [journal.commit([SampleWrite([sample(HOIST, T0, float(n))])]) for n in range(5)]
    assert [receipt.ats for receipt in receipts] == [(T0 + n,) for n in range(5)]
    assert [value for _, value, _ in reader.history("hoist-1", "s0", 0, 2 * T0)] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert reader.counters()["bumped"] == 4


def test_a_clash_within_one_batch(journal):
    receipt = journal.commit([SampleWrite([sample(HOIST, T0), sample(LAMP, T0), sample(HOIST, T0)])])
    assert receipt.ats == (T0, T0, T0 + 1)


def test_the_clock_goes_back_an_hour(journal, reader):
    hour = [T0 + n * NS for n in range(3600)]
    journal.commit([SampleWrite([sample(HOIST, at, 1.0) for at in hour])])
    again = journal.commit([SampleWrite([sample(HOIST, at, 2.0) for at in hour[1800:]])])
    assert again.ats == tuple(at + 1 for at in hour[1800:])
    values = [value for _, value, _ in reader.history("hoist-1", "s0", T0, T0 + 3600 * NS)]
    assert (values.count(1.0), values.count(2.0)) == (3600, 1800)
    assert reader.sample(reader.latest()[0]).values[0] == 2.0, "the last one stored, not the highest instant"


def test_going_back_without_a_clash_keeps_the_instant(journal):
    journal.commit([SampleWrite([sample(HOIST, T0 + NS)])])
    assert journal.commit([SampleWrite([sample(HOIST, T0)])]).ats == (T0,)


def test_instants_before_1970_have_their_place(journal, reader):
    for at in (-61 * NS, -NS, NS, -NS):
        journal.commit([SampleWrite([sample(HOIST, at)])])
    assert [at for at, _, _ in reader.history("hoist-1", "s0", -100 * NS, 100 * NS)] == [
        -61 * NS,
        -NS,
        1 - NS,
        NS,
    ]


def test_a_changed_layout_is_a_new_stream(journal, reader):
    journal.commit([SampleWrite([sample(HOIST, T0, 1.0)])])
    wider = stream(count=4)
    journal.commit([SampleWrite([sample(wider, T0, 2.0)])])
    assert set(reader.streams().values()) == {HOIST, wider}
    assert [v for _, v, _ in reader.history("hoist-1", "s0", T0, T0 + NS)] == [1.0, 2.0]


def test_streams_keep_their_numbers_over_restarts(tmp_path):
    for _ in range(2):
        with open_journal(tmp_path) as journal:
            journal.commit([SampleWrite([sample(LAMP, T0), sample(HOIST, T0)])])
    with JournalReader.open(tmp_path / "journal.db") as reader:
        assert {number: of.device for number, of in reader.streams().items()} == {1: "lamp-1", 2: "hoist-1"}


def test_every_type_comes_back_as_itself(journal, reader):
    mixed = Stream("f-1", "fountain", "plc", "l", ("a", "b", "c", "d", "e"), tuple(SignalType), 10 * NS)
    journal.commit([SampleWrite([sample(mixed, T0, 0.1, 2**62, True, -3, "升旗")])])
    values = reader.sample(reader.latest()[0]).values
    assert values == (0.1, 2**62, True, -3, "升旗")
    assert [type(value) for value in values] == [float, int, bool, int, str]
    assert reader.stream(1).expected == 10 * NS


def test_findings_changes_alarms_and_notices_share_a_transaction(journal, reader):
    finding = Finding("hoist-1", "hot", True, T0, T0, EVIDENCE)
    change = Change(T0, "hoist-1", "hot", 1, ChangeKind.RAISE, EVIDENCE)
    state = AlarmState(
        "hoist-1", "hot", AlarmCondition.TRUE, acked=False, occurrence=1, since=T0, raised_at=T0
    )
    receipt = journal.commit(
        [
            FindingWrite([FindingRecord(finding, 7)]),
            ChangeWrite([ChangeRecord(change, 7, (notice("a"), notice("b")))]),
            AlarmWrite([state]),
            JudgedWrite(7),
            MetaWrite({"baseline": "v3"}),
        ]
    )
    assert [(row.finding, row.sample) for row in reader.findings_after()] == [(finding, 7)]
    assert [(row.change, row.sample, row.id) for row in reader.changes()] == [(change, 7, receipt.changes[0])]
    assert reader.alarms() == [state]
    assert [(entry.notice.key, entry.change) for entry in reader.outbox()] == [("a", 1), ("b", 1)]
    assert reader.last_judged() == 7
    assert reader.meta("baseline") == "v3"


def test_unknown_is_a_verdict_of_its_own(journal, reader):
    verdicts = [None, True, False]
    journal.commit([FindingWrite([FindingRecord(Finding("d", "r", v, T0, T0, EVIDENCE)) for v in verdicts])])
    assert [row.finding.verdict for row in reader.findings_after()] == verdicts


def test_an_acknowledgement_keeps_its_person_and_has_no_evidence(journal, reader):
    change = Change(T0, "hoist-1", "hot", 2, ChangeKind.ACKNOWLEDGE, None, "王工", "已到现场")
    journal.commit([ChangeWrite([ChangeRecord(change)])])
    assert reader.changes_after(0)[0].change == change


def test_the_same_notice_is_queued_once(journal, reader):
    journal.commit([NoticeWrite([notice("same"), notice("other")])])
    journal.commit([NoticeWrite([notice("same")])])
    assert [entry.notice.key for entry in reader.outbox()] == ["same", "other"]


def test_the_outbox_gives_what_is_due(journal, reader):
    journal.commit([NoticeWrite([notice("a"), notice("b"), notice("c")])])
    attempts = [Attempt(1, Delivery.WAITING, 1, T0 + 60 * NS, "HTTP 503"), Attempt(2, Delivery.ACCEPTED, 1)]
    journal.commit([AttemptWrite(attempts)])
    assert [entry.id for entry in reader.due(T0)] == [3]
    due = reader.due(T0 + 60 * NS)
    assert [(entry.id, entry.attempts, entry.error) for entry in due] == [(1, 1, "HTTP 503"), (3, 0, "")]


def test_a_stuck_channel_does_not_crowd_out_another(journal, reader):
    stuck = [notice(f"stuck-{n}") for n in range(150)]
    journal.commit([NoticeWrite([*stuck, replace(notice("other"), channel="webhook")])])
    due = [entry.notice.key for entry in reader.due(T0)]
    assert due == [*(f"stuck-{n}" for n in range(100)), "other"]


def test_an_alarm_has_one_state(journal, reader):
    for occurrence in (1, 2):
        journal.commit([AlarmWrite([AlarmState("d", "r", occurrence=occurrence)])])
    assert [state.occurrence for state in reader.alarms()] == [2]


def test_counters_survive_and_add_up(tmp_path):
    for _ in range(2):
        with open_journal(tmp_path) as journal:
            journal.commit([SampleWrite([sample(HOIST, T0)]), CountWrite({"accepted": 3, "dropped_full": 2})])
    with JournalReader.open(tmp_path / "journal.db") as reader:
        assert reader.counters() == {"accepted": 6, "dropped_full": 4, "stored": 2, "bumped": 1}


def test_cursors_go_forward_only_and_count_what_was_taken(journal, reader):
    journal.configure_sinks(["influx"])
    journal.commit([SampleWrite([sample(HOIST, T0 + n) for n in range(10)])])
    journal.commit(
        [
            DeadLetterLineWrite([DeadLetterLine("influx", 3, T0, "refused", "line")]),
            CursorWrite("influx", LineKind.SAMPLE, 6),
        ]
    )
    journal.commit([CursorWrite("influx", LineKind.SAMPLE, 2), CursorWrite("unknown", LineKind.SAMPLE, 9)])
    assert (reader.cursor("influx"), reader.cursor("unknown")) == (6, 0)
    assert reader.counters()["forwarded"] == 5
    assert reader.counters()["parked"] == 1


def test_parking_again_at_a_replay_counts_once(journal, reader):
    for _ in range(2):
        journal.commit([DeadLetterLineWrite([DeadLetterLine("influx", 3, T0, "refused: type", "line 1")])])
    assert reader.dead_letter_lines() == [DeadLetterLine("influx", 3, T0, "refused: type", "line 1")]
    assert reader.counters()["parked"] == 1


def test_a_batch_that_fails_leaves_nothing(journal, reader):
    good, broken = sample(HOIST, T0), sample(LAMP, T0, 1.0, 2.0, 3.0)
    with pytest.raises(ValueError, match="3 values for a stream of 2"):
        journal.commit([SampleWrite([good, broken]), CountWrite({"accepted": 2})])
    assert reader.samples_after(0, 10) == []
    assert reader.counters() == {}
    assert journal.commit([SampleWrite([good, sample(LAMP, T0)])]).ids == range(1, 3)


def test_only_one_facilityd_writes(journal, tmp_path):
    with pytest.raises(UsageError, match="another facilityd writes this journal"):
        open_journal(tmp_path)
    journal.close()
    open_journal(tmp_path).close()


def test_a_reader_cannot_write(journal, reader):
    with pytest.raises(Exception, match="readonly"):
        reader._db.execute("DELETE FROM counter")


def test_reading_what_is_not_there_says_so(tmp_path):
    with pytest.raises(UsageError, match="no journal can be read here"):
        JournalReader.open(tmp_path / "nothing.db")
    assert not (tmp_path / "nothing.db").exists()


def test_a_reader_lives_with_the_writer_and_after_it(tmp_path):
    with open_journal(tmp_path) as journal:
        journal.commit([SampleWrite([sample(HOIST, T0)])])
        with JournalReader.open(journal.path) as reader:
            assert reader.last_sample() == 1
            journal.commit([SampleWrite([sample(HOIST, T0 + NS)])])
            assert reader.last_sample() == 2
    with JournalReader.open(tmp_path / "journal.db") as reader:
        assert reader.last_sample() == 2


def test_room_is_told(journal):
    room = journal.disk_usage()
    assert 0 < room.used < 2**20
    assert (room.allowed, room.reserve) == (2**30, True)
    assert room.disk_free > 0


def test_a_new_baseline_retires_the_old_one_and_keeps_it(tmp_path):
    first = Baseline("pump", "worn", 1, T0, T0 - NS, T0, "Li Na", {"sigma": 0.5}, "as delivered")
    second = replace(first, version=2, at=T0 + NS, data={"sigma": 0.4}, comment="")
    with open_journal(tmp_path) as journal:
        journal.commit([BaselineWrite([first])])
        journal.commit([BaselineWrite([second])])
        with JournalReader.open(journal.path) as reader:
            assert reader.baselines() == [second]
            assert reader.baselines(retired=True) == [first, second]
