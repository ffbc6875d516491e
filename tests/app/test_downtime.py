"""A time in which nobody watched: marked in history, told once, and nobody's silence."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.site import make_square

from facilityd.app.backtest import Backtest
from facilityd.app.downtimes import Downtimes
from facilityd.app.replay import JournalReplay
from facilityd.cli.history import history
from facilityd.errors import StoreFull
from facilityd.model.clock import Clock
from facilityd.model.downtime import Downtime, Pause
from facilityd.model.sample import NS
from facilityd.scenario.load import load
from facilityd.scenario.run import Options, perform
from facilityd.store.batch import Batch
from facilityd.store.downtimes import DowntimeWrite
from facilityd.store.journal import Journal
from facilityd.store.reader import JournalReader
from facilityd.store.samples import SampleWrite

STORY = Path("simulators/scenarios/hazards/restart-after-downtime.yaml")
AT = 1_790_000_000 * NS


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    kept = tmp_path_factory.mktemp("kept")
    assert perform(STORY, Options(keep=str(kept))).ok
    return kept / "restart-after-downtime" / "journal.db"


def test_each_restart_is_on_record_with_how_long_nobody_watched(story: Path) -> None:
    with JournalReader.open(story) as reader:
        found = reader.downtimes(0, 2**62)
        last = found[-1]
        assert reader.started(last.until) == last.until
        assert reader.started(last.until - 1) == found[-2].until
    assert [(round(one.seconds), one.why) for one in found] == [
        (seconds, Pause.STOPPED) for seconds in (25, 35, 90, 600, 60)
    ]


def test_a_long_one_is_told_once_to_each_and_a_short_one_to_nobody(story: Path) -> None:
    with JournalReader.open(story) as reader:
        notices = [e.notice for e in reader.outbox() if e.notice.device == "facilityd"]
    told = Counter((n.rule, n.recipient, n.channel) for n in notices if n.purpose == "raised")
    assert {rule for rule, *_ in told} <= {"stood-still"}
    with JournalReader.open(story) as reader:
        raised = [s.change for s in reader.changes() if s.change.kind == "raise"]
    assert [c.rule for c in raised if c.device == "facilityd"] == ["stood-still", "stood-still"]
    assert [c.evidence.numbers["value"] for c in raised if c.evidence and c.device == "facilityd"] == [
        pytest.approx(90.0, abs=1),
        pytest.approx(660.0, abs=61),
    ]


def test_a_back_test_hears_no_silence_while_nobody_watched(story: Path) -> None:
    script = load(STORY)
    with JournalReader.open(story) as reader:
        end = script.start + script.scenario.duration
        for device in ("pole-1", "pole-2", "pole-3", "fountain-1", "hoist-1"):
            result = Backtest(script.site, reader, "silent", script.start, end).run(device)
            assert len(result.now) == len(result.then) == (device == "pole-3"), device


def test_played_time_stops_where_nobody_watched(story: Path) -> None:
    """Without the record, up to three minutes would pass for the rules as if somebody had asked."""

    class Judge:
        next_wake = 0

        def __init__(self) -> None:
            self.ticks: list[int] = []
            self.anew: list[int] = []

        def tick(self, steady: int, _: int) -> list[Any]:
            self.ticks.append(steady)
            self.next_wake = steady + NS
            return []

        def evaluate(self, _: object) -> list[Any]:
            return []

        def restart_listening(self, now: int) -> None:
            self.anew.append(now)

        def checkpoint(self) -> dict[Any, Any]:
            return {}

        def resume(self, _: object) -> None: ...

        def restore(self, _: object) -> None: ...

    made: list[Judge] = []

    def make() -> Any:
        made.append(Judge())
        return made[-1]

    with JournalReader.open(story) as reader:
        away = reader.downtimes(0, 2**62)
        list(JournalReplay(reader, frozenset(), make, lambda _: None).play(AT, 2**62))
    assert len(made) == 1 + len(away)
    ticks = [tick for one in made for tick in one.ticks]
    for one in away:
        assert not [tick for tick in ticks if one.since + NS < tick < one.until], one
    assert [anew for one in made for anew in one.anew] == [one.until for one in away]


@pytest.fixture
def asked(tmp_path: Path) -> Any:
    """A site whose journal holds a downtime of each kind between samples of one signal."""
    made = make_square(tmp_path / "site")
    made.journal.parent.mkdir(parents=True, exist_ok=True)
    from dataclasses import replace

    from facilityd.config.load import load as load_site
    from facilityd.model.sample import Sample

    site = load_site(made.folder, secrets=False)
    (stream,) = [s for s in site.devices["weather"].streams if "wind" in s.signals]
    stream = replace(stream, expected=10 * NS)
    values = tuple(1.0 for _ in stream.signals)
    spans = [(0, 100), (400, 500), (800, 900), (1300, 1400), (2000, 2100)]
    at = [AT + s * NS for begin, end in spans for s in range(begin, end, 10)]
    away = [
        Downtime(AT + 100 * NS, AT + 400 * NS),
        Downtime(AT + 505 * NS, AT + 790 * NS, Pause.STOOD_STILL),
        Downtime(AT + 900 * NS, AT + 1300 * NS, Pause.CLOCK),
    ]
    with Journal.open(made.journal, max_bytes=2**24, max_age=10**18, site=site.id) as journal:
        journal.commit([SampleWrite([Sample(stream, one, one, values) for one in at]), DowntimeWrite(away)])

    def ask(*options: str) -> str:
        span = ["--since", _iso(AT), "--until", _iso(AT + 2090 * NS)]
        done = CliRunner().invoke(history, [str(made.folder), "weather", "wind", *span, *options])
        assert done.exit_code == 0, done.output
        return done.stdout

    return ask


def _iso(at: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at / NS, UTC).isoformat()


def test_history_says_why_there_is_a_gap(asked: Any) -> None:
    gaps = json.loads(asked("--json"))["gaps"]
    assert [gap["downtime"] and gap["downtime"]["why"] for gap in gaps] == [
        "stopped",
        "stood-still",
        "clock",
        None,
    ]
    assert [round(gap["downtime"]["seconds"]) for gap in gaps[:3]] == [300, 285, 400]
    assert gaps[3]["reason"] == {"zh": "没有存入任何数据", "en": "nothing was stored"}
    english, chinese = asked(), asked("--lang", "zh")
    for words in (
        "facilityd was not running from 2026-",
        "facilityd stood still from",
        "the clock leapt from",
    ):
        assert words in english
    for words in ("监测程序未运行：2026-", "监测程序停顿：", "主机时钟从", "没有存入任何数据"):
        assert words in chinese


def test_a_downtime_that_no_disk_takes_is_kept_and_told_meanwhile() -> None:
    now = AT
    kept = Downtimes(Clock(lambda: now, lambda: now))
    kept.paused(60 * NS)
    kept.leapt(3600 * NS)
    taken: list[Batch] = []

    async def full(_: Batch) -> None:
        raise StoreFull("no room")

    async def take(batch: Batch) -> None:
        taken.append(batch)

    async def story() -> None:
        for commit in (full, take, take):
            await kept.record(commit)

    asyncio.run(story())
    ((written,),) = taken
    assert isinstance(written, DowntimeWrite)
    assert [one.why for one in written.downtimes] == [Pause.STOOD_STILL, Pause.CLOCK]
    assert kept.untold
    assert kept.tell() == 60.0, "the other signal tells of the clock"
    assert not kept.untold


def test_a_watch_that_is_interrupted_again_and_again_is_told() -> None:
    result = perform(STORY.parent / "restarted-again-and-again.yaml", Options())
    assert result.ok, [result.explain(one) for one in result.check_results if not one.ok]
