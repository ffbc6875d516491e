"""The stages together: commit first, then judge; and a full disk, which loses history but no alarm."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from support.commands import acknowledgement

from devices.tables import families
from facilityd.alarm.alarms import AlarmManager
from facilityd.alarm.groups import GroupedAlarms
from facilityd.alarm.table import AlarmEvent
from facilityd.detect.engine import RuleEngine
from facilityd.errors import StoreFull
from facilityd.model.alarm import AlarmStateName, Change, ChangeKind
from facilityd.model.notice import Notice, Purpose
from facilityd.model.sample import NS, Sample, SignalType, Stream
from facilityd.pipeline import pending_writes
from facilityd.pipeline.flow import Flow
from facilityd.pipeline.ingest_queue import IngestQueue
from facilityd.pipeline.spilled import Spilled
from facilityd.pipeline.writer import WriterThread
from facilityd.store.batch import Batch, Receipt
from facilityd.store.changes import ChangeWrite
from facilityd.store.journal import Journal
from facilityd.store.reader import JournalReader
from facilityd.store.samples import SampleWrite
from facilityd.store.spill import Spill

STREAM = Stream("fire", "contact", "io", "link", ("active",), (SignalType.BOOL,), NS)


class Disk:
    """A real journal on a disk that can be full for a while."""

    def __init__(self, journal: Journal) -> None:
        self.journal, self.full = journal, False
        self.order: list[str] = []

    def commit(self, batch: Batch) -> Receipt:
        if self.full:
            raise StoreFull("no room", where="here")
        kinds = {type(write): write for write in batch}
        changes = kinds.get(ChangeWrite)
        changed = isinstance(changes, ChangeWrite) and changes.records
        brings = any(write.incoming for write in batch)
        self.order.append("samples" if brings else "changes" if changed else "other")
        return self.journal.commit(batch)


class FlowBench:
    def __init__(self, path: Path, disk: Disk) -> None:
        self.path, self.disk, self.ingest_queue, self.writer = path, disk, IngestQueue(tick=0), WriterThread()
        self.alarms = GroupedAlarms(AlarmManager())
        engine = RuleEngine({"contact": families()["contact"]}, [STREAM])
        self.spill = Spill(path)
        assert self.spill.prepare()
        self.flow = Flow(
            self.ingest_queue, disk, self.writer, engine, self.alarms, self.tell, spill=self.spill
        )
        self.clock = 1_000 * NS

    async def tell(self, change: Change) -> list[Notice]:
        if change.kind is not ChangeKind.RAISE:
            return []
        key = f"{change.device}/{change.occurrence}"
        return [
            Notice(key, "crew", "crew-1", Purpose.RAISED, "zh", "火警", "火警", change.device, change.rule)
        ]

    async def see(self, active: bool, seconds: int = 3) -> None:
        for _ in range(seconds):
            self.clock += NS
            self.ingest_queue.offer([Sample(STREAM, self.clock, self.clock, (active,))])
            await self.flow.samples(self.ingest_queue.take_now())

    async def acknowledge(self, comment: str = "") -> str:
        command, self.record = acknowledgement("fire", "active", self.clock)
        command = command.model_copy(update={"comment": comment})  # as it is, valid or not
        return await self.flow.operate(AlarmEvent.ACKNOWLEDGE, command, self.record)

    def state_name(self) -> AlarmStateName:
        return self.alarms.state("fire", "active").state_name


@pytest.fixture
def bench(tmp_path: Path):
    path = tmp_path / "journal.db"
    with Journal.open(path, max_bytes=2**26, max_age=86400 * NS) as journal:
        made = FlowBench(path, Disk(journal))
        yield made
        made.writer.close()


async def test_samples_are_durable_before_anything_is_made_of_them(bench: FlowBench) -> None:
    await bench.see(True)
    assert bench.state_name() is AlarmStateName.UNACKNOWLEDGED
    assert "changes" in bench.disk.order
    assert bench.disk.order.index("samples") < bench.disk.order.index("changes")
    with JournalReader.open(bench.path) as reader:
        (change,) = [row for row in reader.changes_after(0) if row.change.kind is ChangeKind.RAISE]
        assert change.sample is not None
        assert reader.sample(reader.samples_after(change.sample - 1, 1)[0]).values == (True,)
        assert [entry.notice.subject for entry in reader.outbox()] == ["火警"]
        assert [state.state_name for state in reader.alarms() if state.rule == "active"] == [
            AlarmStateName.UNACKNOWLEDGED
        ]


async def test_what_a_person_asked_on_a_full_disk_outlives_a_crash_though_no_alarm_changed(
    bench: FlowBench,
) -> None:
    """A reload that a signal asked for has no file in the inbox that would ask for it again."""
    _, record = acknowledgement("fire", "active", bench.clock)
    bench.disk.full = True
    await bench.flow.record([record])
    kept = Spilled.outstanding(bench.spill.read(), None)
    assert kept is not None
    assert kept.commands == [record]


async def test_a_full_disk_loses_history_and_no_alarm(bench: FlowBench) -> None:
    await bench.see(False)
    bench.disk.full = True
    waiting = asyncio.create_task(
        bench.ingest_queue.commit([Sample(STREAM, bench.clock + 1, bench.clock + 1, (False,))])
    )
    await asyncio.sleep(0)
    await bench.see(True)
    with pytest.raises(StoreFull):
        await waiting
    assert bench.flow.full
    assert bench.state_name() is AlarmStateName.UNACKNOWLEDGED
    with JournalReader.open(bench.path) as reader:
        assert reader.outbox() == []
    bench.disk.full = False
    await bench.flow.tick(bench.clock + NS, bench.clock + NS)
    await bench.see(True, 1)
    assert not bench.flow.full
    with JournalReader.open(bench.path) as reader:
        assert [entry.notice.subject for entry in reader.outbox()] == ["火警"], (
            "told once there was room, and once"
        )
        assert [row.change.kind for row in reader.changes_after(0)].count(ChangeKind.RAISE) == 1
        assert [state.state_name for state in reader.alarms() if state.rule == "active"] == [
            AlarmStateName.UNACKNOWLEDGED
        ]


async def test_an_acknowledgement_is_refused_with_a_reason_or_carried_out(bench: FlowBench) -> None:
    assert await bench.acknowledge()
    await bench.see(True)
    assert await bench.acknowledge("on it") == ""
    assert bench.state_name() is AlarmStateName.ACKNOWLEDGED
    with JournalReader.open(bench.path) as reader:
        last = reader.changes_after(0)[-1].change
        assert (last.kind, last.person, last.comment) == (ChangeKind.ACKNOWLEDGE, "王工", "on it")


async def test_on_a_full_disk_an_acknowledgement_is_done_once_and_on_record_when_there_is_room(
    bench: FlowBench,
) -> None:
    await bench.see(True)
    bench.disk.full = True
    assert await bench.acknowledge("on it") == ""
    assert bench.state_name() is AlarmStateName.ACKNOWLEDGED
    assert bench.flow.holds(bench.record.id)
    with JournalReader.open(bench.path) as reader:
        assert reader.command_result(bench.record.id) is None
        bench.disk.full = False
        await bench.flow.tick(bench.clock + NS, bench.clock + NS)
        assert reader.commands() == [bench.record]
    assert not bench.flow.holds(bench.record.id)


async def test_beats_in_which_nothing_happens_push_out_nothing_that_a_full_disk_left_in_memory(
    bench: FlowBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.see(False)
    bench.disk.full = True
    await bench.see(True)
    monkeypatch.setattr(pending_writes, "MOST", 5)
    for _ in range(10):
        bench.clock += NS
        await bench.flow.tick(bench.clock, bench.clock)
    bench.disk.full = False
    await bench.flow.tick(bench.clock + NS, bench.clock + NS)
    with JournalReader.open(bench.path) as reader:
        assert [entry.notice.subject for entry in reader.outbox()] == ["火警"]


async def test_what_a_crash_left_unjudged_is_judged_at_the_start(bench: FlowBench) -> None:
    samples = [Sample(STREAM, n * NS, n * NS, (True,)) for n in range(1000, 1004)]
    receipt = bench.disk.journal.commit([SampleWrite(samples)])
    await bench.flow.rejudge(samples, list(receipt.ids))
    assert bench.state_name() is AlarmStateName.UNACKNOWLEDGED
    await bench.see(True, 1)
    with JournalReader.open(bench.path) as reader:
        assert reader.last_judged() >= receipt.ids[-1]


async def test_what_can_never_be_written_takes_no_later_alarm_with_it(bench: FlowBench) -> None:
    await bench.see(True)
    with pytest.raises(UnicodeEncodeError):
        await bench.acknowledge("\ud800")
    await bench.see(False, 40)
    await bench.see(True)
    with JournalReader.open(bench.path) as reader:
        kinds = [row.change.kind for row in reader.changes_after(0) if row.change.rule == "active"]
    assert kinds.count(ChangeKind.RAISE) == 2
    assert ChangeKind.CLEAR in kinds
