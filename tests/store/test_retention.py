import pytest
from support.journals import DAY, T0, open_journal, sample, stream

from facilityd.model.alarm import AlarmCondition, AlarmState, Change, ChangeKind
from facilityd.model.finding import Evidence, Finding
from facilityd.model.notice import Notice, Purpose
from facilityd.model.sample import NS, Sample
from facilityd.model.settings import RetentionSettings
from facilityd.store.batch import (
    Attempt,
    Batch,
    ChangeRecord,
    Delivery,
    FindingRecord,
    LineKind,
)
from facilityd.store.changes import AlarmWrite, ChangeWrite
from facilityd.store.cursors import CursorWrite
from facilityd.store.findings import FindingWrite
from facilityd.store.losses import PURGED_UNSENT, Loss
from facilityd.store.outbox import AttemptWrite, NoticeWrite
from facilityd.store.reader import JournalReader
from facilityd.store.samples import SampleWrite

WIDE = [stream(f"lamp-{n}", "relay", 40) for n in range(50)]


def tick(number: int) -> Batch:
    return [SampleWrite([sample(of, T0 + number * NS) for of in WIDE])]


def fill(journal, ticks: range) -> None:
    for number in ticks:
        journal.commit(tick(number))


def kept(reader) -> list[int]:
    return [row.id for row in reader.samples_after(0, 10**6)]


def test_age_takes_the_oldest_in_small_steps(tmp_path):
    hoist = stream()
    with open_journal(tmp_path, max_age=DAY) as journal, JournalReader.open(journal.path) as reader:
        journal.commit([SampleWrite([sample(hoist, T0 + n * NS) for n in range(1000)])])
        purged = []
        for n in range(8):
            at = T0 + DAY + 600 * NS + n * NS
            journal.commit([SampleWrite([sample(hoist, at)])])
            purged.append(reader.counters().get("purged", 0))
        assert purged[:3] == [200, 400, 600], "200 at a time"
        assert purged[-1] == 600, "all whole minutes before the horizon, and no more"
        oldest = reader.samples_after(0, 1)[0]
        assert oldest.at == T0 + 600 * NS


def test_age_goes_by_the_steady_clock(tmp_path):
    hoist = stream()
    with open_journal(tmp_path, max_age=DAY) as journal, JournalReader.open(journal.path) as reader:
        journal.commit([SampleWrite([sample(hoist, T0)])])
        jumped = Sample(hoist, T0 + 400 * DAY, T0 + NS, (1.0, 2.0, 3.0))
        journal.commit([SampleWrite([jumped])])
        journal.commit([SampleWrite([jumped])])
        assert kept(reader) == [1, 2, 3], "the wall clock jumped a year ahead; nothing is too old"


def test_size_takes_the_oldest_and_the_newest_stay(tmp_path):
    with open_journal(tmp_path, max_bytes=4 * 2**20) as journal, JournalReader.open(journal.path) as reader:
        fill(journal, range(400))
        ids = kept(reader)
        assert ids == list(range(ids[0], 20_001)), "one unbroken run up to the newest"
        assert 5000 < len(ids) < 12_000
        assert journal.disk_usage().used <= 4 * 2**20
        assert journal.path.stat().st_size <= 4 * 2**20
        assert reader.counters() == {"stored": 20_000, "purged": 20_000 - len(ids)}


def test_what_no_sink_has_taken_is_counted_when_it_goes(tmp_path):
    with open_journal(tmp_path, max_bytes=4 * 2**20) as journal, JournalReader.open(journal.path) as reader:
        journal.configure_sinks(["influx"])
        fill(journal, range(60))
        journal.commit([CursorWrite("influx", LineKind.SAMPLE, 3000)])
        fill(journal, range(60, 400))
        counters, oldest = reader.counters(), kept(reader)[0]
        assert oldest > 3001
        assert counters["purged"] == oldest - 1
        assert counters["purged_unsent"] == oldest - 1 - 3000
        assert counters["forwarded"] == 3000


def test_what_was_taken_goes_uncounted(tmp_path):
    with open_journal(tmp_path, max_bytes=4 * 2**20) as journal, JournalReader.open(journal.path) as reader:
        journal.configure_sinks(["influx"])
        for number in range(300):
            taken = journal.commit(tick(number)).ids[-1]
            journal.commit([CursorWrite("influx", LineKind.SAMPLE, taken)])
        assert reader.counters()["purged"] > 1000
        assert "purged_unsent" not in reader.counters()


@pytest.mark.parametrize(("configured", "unsent"), [(["slow", "quick"], 2), (["quick"], None), ([], None)])
def test_the_slowest_configured_sink_counts(tmp_path, configured, unsent):
    hoist = stream()
    with open_journal(tmp_path, max_age=DAY) as journal, JournalReader.open(journal.path) as reader:
        journal.configure_sinks(["slow", "quick"])
        journal.commit([SampleWrite([sample(hoist, T0 + n) for n in range(5)])])
        journal.commit([CursorWrite("slow", LineKind.SAMPLE, 3), CursorWrite("quick", LineKind.SAMPLE, 5)])
        journal.configure_sinks(configured)
        journal.commit([SampleWrite([sample(hoist, T0 + 2 * DAY)])])
        assert reader.counters()["purged"] == 5
        assert reader.counters().get("purged_unsent") == unsent


def test_a_sink_that_comes_back_keeps_its_place(tmp_path):
    with open_journal(tmp_path) as journal, JournalReader.open(journal.path) as reader:
        journal.configure_sinks(["influx"])
        fill(journal, range(1))
        journal.commit([CursorWrite("influx", LineKind.SAMPLE, 7)])
        journal.configure_sinks([])
        journal.configure_sinks(["influx", "second"])
        assert (reader.cursor("influx"), reader.cursor("second")) == (7, 0)


def test_a_larger_file_than_allowed_is_emptied_in_steps(tmp_path):
    with open_journal(tmp_path) as journal:
        fill(journal, range(400))
        before = journal.disk_usage().used
    with open_journal(tmp_path, max_bytes=4 * 2**20) as journal:
        fill(journal, range(400, 700))
        after = journal.disk_usage().used
    assert before > 7 * 2**20
    assert after <= 4 * 2**20


def test_small_tables_are_kept_small(tmp_path):
    evidence = Evidence("above")
    hoist = stream()

    def told(at: int, key: str) -> Batch:
        notice = Notice(key, "li", "mail", Purpose.RAISED, "en", "s", "b", at=at)
        finding, change = Finding("d", "r", True, at, at, evidence), Change(at, "d", "r", 1, ChangeKind.RAISE)
        return [
            FindingWrite([FindingRecord(finding)]),
            ChangeWrite([ChangeRecord(change)]),
            NoticeWrite([notice]),
        ]

    asked = RetentionSettings(findings=DAY, notices=DAY)
    with (
        open_journal(tmp_path, max_age=DAY, retention=asked) as journal,
        JournalReader.open(journal.path) as reader,
    ):
        journal.commit(told(T0, "sent"))
        journal.commit(told(T0, "waiting"))
        journal.commit(told(T0 + 3 * DAY, "new"))
        journal.commit([AttemptWrite([Attempt(1, Delivery.ACCEPTED, 1)])])
        for n in range(300):
            journal.commit([SampleWrite([sample(hoist, T0 + 2 * DAY + n * NS)])])
        assert [row.finding.at for row in reader.findings_after()] == [T0 + 3 * DAY]
        assert [entry.notice.key for entry in reader.outbox()] == ["waiting", "new"], (
            "nothing forgotten unsent"
        )
        assert len(reader.changes()) == 3, "who acknowledged what is kept for years"


@pytest.mark.parametrize(
    ("state", "kept"),
    [
        (AlarmState("d", "r", AlarmCondition.TRUE, acked=False, occurrence=1, raised_at=T0), True),
        (AlarmState("d", "r", AlarmCondition.UNKNOWN, occurrence=1, raised_at=T0), True),
        (
            AlarmState(
                "d", "r", AlarmCondition.FALSE, latched=True, occurrence=1, raised_at=T0, cleared_at=T0
            ),
            True,
        ),
        (AlarmState("d", "r", AlarmCondition.FALSE, occurrence=1, raised_at=T0, cleared_at=T0), False),
        (AlarmState("d", "r", AlarmCondition.TRUE, occurrence=11, raised_at=T0), False),
        (AlarmState("d", "other", AlarmCondition.TRUE, occurrence=1, raised_at=T0), False),
    ],
)
def test_who_was_told_of_an_alarm_is_known_as_long_as_it_stands(tmp_path, state, kept):
    notice = Notice("told", "li", "mail", Purpose.RAISED, "en", "s", "b", "d", "r", 1, at=T0)
    raised = ChangeRecord(Change(T0, "d", "r", 1, ChangeKind.RAISE), None, (notice,))
    asked = RetentionSettings(findings=DAY, notices=DAY)
    with (
        open_journal(tmp_path, max_age=DAY, retention=asked) as journal,
        JournalReader.open(journal.path) as reader,
    ):
        journal.commit([ChangeWrite([raised]), AlarmWrite([state])])
        journal.commit([AttemptWrite([Attempt(1, Delivery.ACCEPTED, 1)])])
        for n in range(300):
            journal.commit([SampleWrite([sample(stream(), T0 + 2 * DAY + n * NS)])])
        assert bool(reader.outbox()) is kept


def test_the_loss_is_on_record_with_the_purge(tmp_path):
    """InfluxDB away and the file at its limit: what is told is what is gone, to the sample."""
    with open_journal(tmp_path, max_bytes=4 * 2**20) as journal, JournalReader.open(journal.path) as reader:
        journal.configure_sinks(["influx"])
        fill(journal, range(60))
        journal.commit([CursorWrite("influx", LineKind.SAMPLE, 3000)])
        assert Loss.from_json(reader.meta(PURGED_UNSENT)) is None
        for number in range(60, 400):
            fill(journal, range(number, number + 1))
            gone, loss = kept(reader)[0] - 1 - 3000, Loss.from_json(reader.meta(PURGED_UNSENT))
            assert (loss.count if loss else 0) == max(0, gone)
        loss, oldest = Loss.from_json(reader.meta(PURGED_UNSENT)), reader.samples_after(0, 1)[0]
        assert loss is not None
        assert loss.count == reader.counters()["purged_unsent"]
        assert loss.since == T0 + 60 * NS, "sample 3,001 was of the 61st second"
        assert loss.until == oldest.at - (0 if (oldest.id - 1) % 50 else NS)
        assert "purged_early" not in reader.counters(), "the limit is the site's own wish"


def test_what_is_lost_days_later_is_another_loss(tmp_path):
    hoist = stream()
    with open_journal(tmp_path, max_age=DAY) as journal, JournalReader.open(journal.path) as reader:
        journal.configure_sinks(["influx"])
        for day in (0, 4, 8):
            journal.commit([SampleWrite([sample(hoist, T0 + day * DAY + n * NS) for n in range(3)])])
            journal.commit([SampleWrite([])])
        loss = Loss.from_json(reader.meta(PURGED_UNSENT))
        assert loss is not None
        assert (loss.count, loss.since, loss.seconds) == (3, T0 + 4 * DAY, 2.0)
        assert reader.counters()["purged_unsent"] == 6
