"""A message waits little for its plot, and a commit for no message: drawings are bounded, and counted."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support.notification_fixtures import RecordedLedger

from devices.tables import families
from facilityd.alarm.alarms import AlarmManager
from facilityd.alarm.groups import GroupedAlarms
from facilityd.app import alarm_plot
from facilityd.app.alarm_plot import AlarmPlot, PlotQueue
from facilityd.app.outputs import telling
from facilityd.config.load import load
from facilityd.config.site import Site
from facilityd.detect.engine import RuleEngine
from facilityd.model.alarm import Change, ChangeKind
from facilityd.model.finding import Evidence
from facilityd.model.sample import NS, Sample, SignalType, Stream
from facilityd.notify.planner import NotificationPlanner
from facilityd.notify.render import AlarmContext, SiteContext
from facilityd.notify.sparkline import Sparkline
from facilityd.pipeline.flow import Flow
from facilityd.pipeline.ingest_queue import IngestQueue
from facilityd.pipeline.writer import WriterThread
from facilityd.store.journal import Journal
from facilityd.store.meta import CountWrite
from facilityd.store.reader import JournalReader
from facilityd.store.samples import SampleWrite

COUNT = 200
CONTACT = families()["contact"]
STREAMS = [
    Stream(f"fire-{n}", "contact", "io", "link", ("active",), (SignalType.BOOL,), NS) for n in range(COUNT)
]
LINE = Sparkline(families()["hoist"].signals["tension"], "▁▂▃", 400.0, 410.0, 1800 * NS)


class SlowArtist(AlarmPlot):
    """Draws nothing while its gate is shut, as where a fortnight of samples lies on a slow disk."""

    shut = threading.Event()

    def draw(self, change: Change, late: Callable[[], bool] = lambda: False) -> Sparkline | None:
        assert self.shut.wait(60)
        return LINE


class DrawingBench:
    def __init__(self, path: Path, journal: Journal, site: Site) -> None:
        self.path, self.writer, self.ingest_queue = path, WriterThread(), IngestQueue(tick=0)
        self.alarms = GroupedAlarms(AlarmManager())
        self.alarm_plot = SlowArtist(path, {})
        self.drawings = PlotQueue(self.alarm_plot, WriterThread())
        alarm_contexts = {
            (one.device, name): AlarmContext(CONTACT.name, rule, CONTACT.signals)
            for one in STREAMS
            for name, rule in CONTACT.rules.items()
        }
        place = SiteContext(site.name, ZoneInfo(site.timezone), "facilityd ack")
        planner = NotificationPlanner(place, alarm_contexts, list(site.recipients.values()), RecordedLedger())
        engine = RuleEngine({"contact": CONTACT}, STREAMS)
        told = telling(planner, self.alarms.state, self.drawings)
        self.flow = Flow(self.ingest_queue, journal, self.writer, engine, self.alarms, told)
        self.clock = 1_000 * NS

    async def see(self, *streams: Stream) -> None:
        """Let contacts be active for three seconds."""
        for _ in range(3):
            self.clock += NS
            self.ingest_queue.offer([Sample(one, self.clock, self.clock, (True,)) for one in streams])
            await self.flow.samples(self.ingest_queue.take_now())


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[DrawingBench]:
    path = tmp_path / "journal.db"
    SlowArtist.shut.clear()
    with Journal.open(path, max_bytes=2**26, max_age=86400 * NS) as journal:
        made = DrawingBench(path, journal, load(Path("config/square"), secrets=False))
        yield made
        SlowArtist.shut.set()
        made.drawings.close()
        made.writer.close()


async def test_two_hundred_alarms_do_not_wait_for_a_slow_drawing(bench: DrawingBench) -> None:
    async with asyncio.timeout(60):  # the drawing never ends by itself
        await bench.see(*STREAMS)
        await bench.flow.commit([CountWrite({"other": 1})])
    with JournalReader.open(bench.path) as reader:
        raised = [row for row in reader.changes_after(0) if row.change.kind is ChangeKind.RAISE]
        told = {entry.notice.device for entry in reader.outbox()}
        assert len(raised) == COUNT
        assert told == {one.device for one in STREAMS}
        assert reader.counters()["other"] == 1
    assert bench.drawings.skipped == COUNT, "each went without its plot, and is counted"


async def test_a_message_has_its_plot_again_once_drawing_is_quick(bench: DrawingBench, monkeypatch) -> None:
    monkeypatch.setattr(alarm_plot, "PATIENCE_S", 0.01)
    bench.drawings = drawings = PlotQueue(bench.alarm_plot, WriterThread())
    change = Change(bench.clock, "fire-0", "active", 1, ChangeKind.RAISE)
    assert await drawings.ask(change) is None
    monkeypatch.setattr(alarm_plot, "PATIENCE_S", 60.0)
    monkeypatch.setattr(alarm_plot, "REFILL", 1e9)
    assert await drawings.ask(change) is None, "the thread is still at the first"
    SlowArtist.shut.set()
    async with asyncio.timeout(60):
        while await drawings.ask(change) is None:
            await asyncio.sleep(0.001)
    assert await drawings.ask(change) is LINE
    assert drawings.skipped >= 2


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[AlarmPlot]:
    """An artist over a journal with 50 values of a hoist's tension."""
    site = load(Path("config/square"), secrets=False)
    hoist = site.devices["hoist-1"]
    stream = next(one for one in hoist.streams if "tension" in one.signals)
    path = tmp_path / "journal.db"
    with Journal.open(path, max_bytes=2**26, max_age=86400 * NS) as journal:
        values = [tuple(float(n) if t is SignalType.FLOAT else None for t in stream.types) for n in range(50)]
        journal.commit([SampleWrite([Sample(stream, n * NS, n * NS, one) for n, one in enumerate(values)])])
        yield AlarmPlot(path, {hoist.id: hoist})


async def test_more_rows_than_a_message_is_worth_are_not_read(stored: AlarmPlot, monkeypatch) -> None:
    drawings = PlotQueue(stored, WriterThread())
    rule = next(iter(stored.devices["hoist-1"].family.rules))
    change = Change(49 * NS, "hoist-1", rule, 1, ChangeKind.RAISE, Evidence("limit-above", signal="tension"))
    line = await drawings.ask(change)
    assert line is not None
    assert line.high == 49.0
    assert drawings.skipped == 0
    monkeypatch.setattr(alarm_plot, "ROWS", 49)
    assert await drawings.ask(change) is None
    assert drawings.skipped == 1
    drawings.close()


def test_a_read_is_given_up_when_nobody_waits_any_more(stored: AlarmPlot) -> None:
    rule = next(iter(stored.devices["hoist-1"].family.rules))
    change = Change(49 * NS, "hoist-1", rule, 1, ChangeKind.RAISE, Evidence("limit-above", signal="tension"))
    with pytest.raises(alarm_plot.PlotTooLarge):
        stored.draw(change, lambda: True)
