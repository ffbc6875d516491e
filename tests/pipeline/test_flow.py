"""The stages together: commit first, then judge; and a full disk, which loses history but no alarm."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from devices.tables import families
from facilityd.alarm.alarms import Alarms
from facilityd.detect.judge import Judge
from facilityd.errors import StoreFull
from facilityd.model.alarm import Change, Kind, Life
from facilityd.model.notice import Notice, Purpose
from facilityd.model.sample import NS, Sample, SignalType, Stream
from facilityd.pipeline.flow import Flow
from facilityd.pipeline.intake import Gate
from facilityd.pipeline.writer import WriterThread
from facilityd.store.batch import Batch, Receipt
from facilityd.store.journal import Journal
from facilityd.store.reader import Reader

STREAM = Stream("fire", "contact", "io", "link", ("active",), (SignalType.BOOL,), NS)


class Disk:
    """A real journal on a disk that can be full for a while."""

    def __init__(self, journal: Journal) -> None:
        self.journal, self.full = journal, False
        self.order: list[str] = []

    def commit(self, batch: Batch) -> Receipt:
        if self.full:
            raise StoreFull("no room", where="here")
        self.order.append("samples" if batch.samples else "changes" if batch.changes else "other")
        return self.journal.commit(batch)


class Bench:
    def __init__(self, path: Path, disk: Disk) -> None:
        self.path, self.disk, self.gate, self.writer = path, disk, Gate(tick=0), WriterThread()
        self.alarms = Alarms()
        judge = Judge({"contact": families()["contact"]}, [STREAM])
        self.flow = Flow(self.gate, disk, self.writer, judge, self.alarms, self.tell)
        self.clock = 1_000 * NS

    async def tell(self, change: Change) -> list[Notice]:
        if change.kind is not Kind.RAISE:
            return []
        key = f"{change.device}/{change.occurrence}"
        return [
            Notice(key, "crew", "crew-1", Purpose.RAISED, "zh", "火警", "火警", change.device, change.rule)
        ]

    async def see(self, active: bool, seconds: int = 3) -> None:
        for _ in range(seconds):
            self.clock += NS
            self.gate.offer([Sample(STREAM, self.clock, self.clock, (active,))])
            await self.flow.samples(self.gate.take_now())

    def life(self) -> Life:
        return self.alarms.state("fire", "active").life


@pytest.fixture
def bench(tmp_path: Path):
    path = tmp_path / "journal.db"
    with Journal.open(path, max_bytes=2**26, max_age=86400 * NS) as journal:
        made = Bench(path, Disk(journal))
        yield made
        made.writer.close()


async def test_samples_are_durable_before_anything_is_made_of_them(bench: Bench) -> None:
    await bench.see(True)
    assert bench.life() is Life.UNACKNOWLEDGED
    assert "changes" in bench.disk.order
    assert bench.disk.order.index("samples") < bench.disk.order.index("changes")
    with Reader.open(bench.path) as reader:
        (change,) = [row for row in reader.changes_after(0) if row.change.kind is Kind.RAISE]
        assert change.sample is not None
        assert reader.sample(reader.samples_after(change.sample - 1, 1)[0]).values == (True,)
        assert [entry.notice.subject for entry in reader.outbox()] == ["火警"]
        assert [state.life for state in reader.alarms() if state.rule == "active"] == [Life.UNACKNOWLEDGED]


async def test_a_full_disk_loses_history_and_no_alarm(bench: Bench) -> None:
    await bench.see(False)
    bench.disk.full = True
    waiting = asyncio.create_task(
        bench.gate.commit([Sample(STREAM, bench.clock + 1, bench.clock + 1, (False,))])
    )
    await asyncio.sleep(0)
    await bench.see(True)
    with pytest.raises(StoreFull):
        await waiting
    assert bench.flow.full
    assert bench.life() is Life.UNACKNOWLEDGED
    with Reader.open(bench.path) as reader:
        assert reader.outbox() == []
    bench.disk.full = False
    await bench.flow.tick(bench.clock + NS, bench.clock + NS)
    await bench.see(True, 1)
    assert not bench.flow.full
    with Reader.open(bench.path) as reader:
        assert [entry.notice.subject for entry in reader.outbox()] == ["火警"], (
            "told once there was room, and once"
        )
        assert [row.change.kind for row in reader.changes_after(0)].count(Kind.RAISE) == 1
        assert [state.life for state in reader.alarms() if state.rule == "active"] == [Life.UNACKNOWLEDGED]


async def test_an_acknowledgement_is_refused_with_a_reason_or_carried_out(bench: Bench) -> None:
    refused = await bench.flow.act("ack", "fire", "active", None, "王工", "", bench.clock)
    assert refused
    await bench.see(True)
    assert await bench.flow.act("ack", "fire", "active", None, "王工", "on it", bench.clock) == ""
    assert bench.life() is Life.ACKNOWLEDGED
    with Reader.open(bench.path) as reader:
        last = reader.changes_after(0)[-1].change
        assert (last.kind, last.person, last.comment) == (Kind.ACKNOWLEDGE, "王工", "on it")


async def test_what_a_crash_left_unjudged_is_judged_at_the_start(bench: Bench) -> None:
    samples = [Sample(STREAM, n * NS, n * NS, (True,)) for n in range(1000, 1004)]
    receipt = bench.disk.journal.commit(Batch(samples=samples))
    await bench.flow.rejudge(samples, list(receipt.ids))
    assert bench.life() is Life.UNACKNOWLEDGED
    await bench.see(True, 1)
    with Reader.open(bench.path) as reader:
        assert reader.judged() >= receipt.ids[-1]


async def test_what_can_never_be_written_takes_no_later_alarm_with_it(bench: Bench) -> None:
    await bench.see(True)
    with pytest.raises(UnicodeEncodeError):
        await bench.flow.act("ack", "fire", "active", None, "王工", "\ud800", bench.clock)
    await bench.see(False, 40)
    await bench.see(True)
    with Reader.open(bench.path) as reader:
        kinds = [row.change.kind for row in reader.changes_after(0) if row.change.rule == "active"]
    assert kinds.count(Kind.RAISE) == 2
    assert Kind.CLEAR in kinds
