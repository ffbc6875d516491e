"""The beat goes on while loop and writer do, and the watchdog with it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.daemon import until
from support.service_manager import service_manager
from support.site import SQUARE

from facilityd.config.load import load
from facilityd.errors import UsageError
from facilityd.pipeline.writer import WriterThread
from facilityd.store.files import lock
from facilityd.store.heartbeat_file import HeartbeatRecord, read_heartbeat
from facilityd.supervise import heartbeat_loop
from facilityd.supervise.heartbeat_loop import HeartbeatLoop
from facilityd.supervise.service_manager import ServiceManager
from facilityd.supervise.stop import end

NOBODY = ServiceManager({})


@pytest.fixture
def freed() -> Iterator[threading.Event]:
    """What a thread waits for; a test that fails leaves none behind."""
    event = threading.Event()
    yield event
    event.set()


async def until_written(journal: Path, phase: str, writer: int = 0) -> HeartbeatRecord:
    """Wait for a beat of a phase that says that the writer has been silent for so long (ns), or longer."""
    found: list[HeartbeatRecord] = []

    def written() -> bool:
        beat = read_heartbeat(journal)
        found.extend([beat] if beat and beat.phase == phase and beat.writer >= writer else [])
        return bool(found)

    await until(written, every=0.005)
    return found[0]


async def test_it_beats_from_before_the_journal_is_open_until_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat_loop, "INTERVAL_S", 0.01)
    journal, writer = tmp_path / "journal.db", WriterThread()
    heart = HeartbeatLoop(journal, WriterThread(), NOBODY)
    with heart.starting(), lock(journal):
        first = read_heartbeat(journal)
        assert first
        assert first.phase == "starting"
        task = asyncio.create_task(heart.run(writer))
        heart.ready(load(SQUARE, secrets=False))
        second = await until_written(journal, "running")
        assert second.steady > first.steady
        await end([task])
        heart.ended()
        assert read_heartbeat(journal) is None
    writer.close()


def test_a_journal_that_could_not_be_opened_has_no_beat(tmp_path: Path) -> None:
    journal = tmp_path / "journal.db"
    with pytest.raises(UsageError), HeartbeatLoop(journal, WriterThread(), NOBODY).starting():
        raise UsageError("of another version")
    assert read_heartbeat(journal) is None


def test_the_beat_of_another_daemon_is_left_alone(tmp_path: Path) -> None:
    journal = tmp_path / "journal.db"
    with lock(journal):
        with HeartbeatLoop(journal, WriterThread(), NOBODY).starting():
            assert read_heartbeat(journal) is None
        heartbeat_loop.HeartbeatFile(journal).write(HeartbeatRecord.now("running"))
        with pytest.raises(UsageError), HeartbeatLoop(journal, WriterThread(), NOBODY).starting():
            raise UsageError("another facilityd writes this journal")
        assert read_heartbeat(journal)


async def test_a_writer_that_does_not_answer_is_in_the_beat_and_gets_the_watchdog_no_sign_of_life(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, freed: threading.Event
) -> None:
    monkeypatch.setattr(heartbeat_loop, "INTERVAL_S", 0.01)
    monkeypatch.setattr(heartbeat_loop, "WRITER_STUCK", 10**8)
    journal, writer = tmp_path / "journal.db", WriterThread()
    with service_manager(str(tmp_path / "notify")) as heard:
        told = ServiceManager({"NOTIFY_SOCKET": heard.name, "WATCHDOG_USEC": "1000000"})
        heart = HeartbeatLoop(journal, WriterThread(), told)
        stuck = asyncio.create_task(writer.call(freed.wait))
        task = asyncio.create_task(heart.run(writer))
        beat = await until_written(journal, "starting", 2 * 10**8)
        count = len(heard.listen())
        assert count, "at first it was only slow"
        await until(lambda: read_heartbeat(journal) != beat, every=0.005)
        assert len(heard.listen()) == count
        freed.set()
        await stuck
        await until(lambda: len(heard.listen()) > count, every=0.005)
        assert set(heard.heard) <= {"WATCHDOG=1"}
        assert heart.writer_silent < 10**8
        await end([task])
        heart.ended()
    writer.close()


async def test_a_disk_that_holds_up_the_beat_does_not_hold_up_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, freed: threading.Event
) -> None:
    monkeypatch.setattr(heartbeat_loop, "INTERVAL_S", 0.01)
    files, writer = WriterThread(), WriterThread()
    held = asyncio.create_task(files.call(freed.wait))
    heart = HeartbeatLoop(tmp_path / "journal.db", files, NOBODY)
    task = asyncio.create_task(heart.run(writer))
    for _ in range(50):
        await writer.call(int)  # the loop turns, and the journal's writer works
    assert not task.done()
    assert read_heartbeat(tmp_path / "journal.db") is None
    freed.set()
    await held
    await until_written(tmp_path / "journal.db", "starting")
    await end([task])
    heart.ended()
    writer.close()


async def test_a_loop_that_was_held_up_and_a_slow_writer_are_in_the_figures_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, freed: threading.Event
) -> None:
    monkeypatch.setattr(heartbeat_loop, "INTERVAL_S", 0.02)
    writer = WriterThread()
    heart = HeartbeatLoop(tmp_path / "journal.db", WriterThread(), NOBODY)
    task = asyncio.create_task(heart.run(writer))
    await until_written(tmp_path / "journal.db", "starting")
    held = asyncio.create_task(writer.call(freed.wait))
    await until_written(tmp_path / "journal.db", "starting", 2 * 10**8)
    freed.set()
    await held
    await writer.call(int)
    threading.Event().wait(0.3)  # the loop stands still
    for _ in range(5):
        await asyncio.sleep(0)  # it turns again
    figures = heart.observe()
    assert figures.loop_lag > 0.2
    assert figures.writer_wait > 0.15
    assert figures.memory
    assert 2**20 < figures.memory < 2**36
    after = heart.observe()
    assert (after.loop_lag < 0.2, after.writer_wait < 0.15) == (True, True)
    await end([task])
    heart.ended()
    writer.close()
