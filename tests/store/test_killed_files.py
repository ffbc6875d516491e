"""Killed at each step of what is done to files, and in the middle of sealing: nothing is lost, doubled or torn."""

from __future__ import annotations

import os
import random
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.journals import DAY, T0, open_journal, rows, sample, stream

from facilityd.cli import export_file
from facilityd.cli.export_file import ResumableFile
from facilityd.model.sample import NS
from facilityd.store import sealing
from facilityd.store.backup import back_up, check_backup, restore
from facilityd.store.reader import JournalReader
from facilityd.store.rollups import RollupWrite
from facilityd.store.samples import SampleWrite

START = T0 // DAY * DAY
STEPS = {"os.rename", "os.link", "os.remove", "os.truncate", "open"}


def killed(work: Callable[[], object], step: int = -1, after: float = 0.0) -> bool:
    """Do it in a process that is killed before its n-th step in the file system, or after so many s.

    Return whether it was.
    """
    child = os.fork()
    if child == 0:
        left = [step]

        def look(event: str, _: object) -> None:
            if event in STEPS:
                left[0] -= 1
                if left[0] == -1:
                    os.kill(os.getpid(), signal.SIGKILL)

        status = 1
        try:
            if after:
                signal.signal(signal.SIGALRM, signal.SIG_DFL)  # it ends there as by SIGKILL
                signal.setitimer(signal.ITIMER_REAL, after)
            else:
                sys.addaudithook(look)
            work()
            status = 0
        except BaseException as error:
            os.write(2, repr(error).encode())
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or status == 0, "it failed by itself"
    return os.WIFSIGNALED(status)


def at_each_step(work: Callable[[], object]) -> Iterator[int]:
    """Yield after each kill, one step later each time, until it was done whole."""
    for step in range(200):
        if not killed(work, step):
            return
        yield step
    raise AssertionError("it does not end")


def stored(folder: Path, count: int, value: float) -> Path:
    """A journal whose last rows are in its log only, as after a power cut."""
    folder.mkdir(exist_ok=True)

    def write() -> None:
        journal = open_journal(folder, site="square")
        for n in range(count):
            journal.commit([SampleWrite([sample(stream(), START + n * 60 * NS, value)])])
        os.kill(os.getpid(), signal.SIGKILL)

    assert killed(write)
    return folder / "journal.db"


@contextmanager
def held_open(path: Path) -> Iterator[None]:
    """Another process has a reader open and has asked, as `facilityd serve` does."""
    begun, told = os.pipe()
    child = os.fork()
    if child == 0:
        reader = JournalReader.open(path, "square")
        reader.latest()
        os.write(told, b"x")
        signal.pause()
    try:
        assert os.read(begun, 1)
        yield
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(begun)
        os.close(told)


def values(path: Path) -> list[object]:
    with JournalReader.open(path, "square") as reader:
        return list(reader.history("hoist-1", "s0", START, START + DAY))


def test_a_backup_that_is_killed_at_any_step_bears_no_name_or_is_whole(tmp_path: Path) -> None:
    journal, copy = stored(tmp_path / "site", 12, 1.0), tmp_path / "copy.db"
    kills = 0
    for _ in at_each_step(lambda: copy.exists() or back_up(journal, copy, "square")):
        kills += 1
        if copy.exists():
            assert check_backup(copy, "square").last_sample == 12
    assert kills >= 2
    assert values(copy) == values(journal)
    assert [path.name for path in tmp_path.glob("copy*")] == ["copy.db"]


def test_a_restore_that_is_killed_at_any_step_leaves_the_old_journal_or_the_new_one(tmp_path: Path) -> None:
    """At its place, whole, and the old one is somewhere at any moment: also what was in its log only."""
    copy = tmp_path / "copy.db"
    back_up(stored(tmp_path / "other", 8, 2.0), copy, "square")
    new, seen = values(copy), set()
    for step in range(200):
        folder = tmp_path / f"site-{step}"
        journal = stored(folder, 12, 1.0)
        old = values(journal)
        with held_open(journal):
            over = not killed(lambda: restore(copy, journal, "square", T0), step)  # noqa: B023
        assert values(journal) in (old, new), step
        seen.add(values(journal) == new)
        there = [journal, *folder.glob("journal.db.before-restore-*Z")]
        assert any(values(path) == old for path in there), step
        with open_journal(folder, site="square") as started:
            assert not started.was_damaged
            assert started.commit([SampleWrite([sample(stream(), START + DAY)])]).first in (9, 13)
        if over:
            break
    assert seen == {True, False}
    assert step > 3


def test_an_export_that_is_killed_anywhere_goes_on_and_is_the_same_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_file, "_EVERY", 3)
    lines = [(f"{n:06}\n".encode() * 200, n) for n in range(20)]
    target = tmp_path / "out.csv"

    def write(most: int = -1) -> None:
        with ResumableFile(target, {"k": 1}, {}) as file:
            file.begin(b"head\n")
            behind = 0 if file.mark is None else file.mark + 1
            for text, mark in lines[behind:]:
                file.write([(text, mark)])
                if mark == most:
                    os.kill(os.getpid(), signal.SIGKILL)
            file.finish()

    whole = b"head\n" + b"".join(text for text, _ in lines)
    for most in (0, 2, 7, 8, 19):
        assert killed(lambda: write(most))  # noqa: B023
        assert not target.exists()
    for _ in at_each_step(lambda: target.exists() or write()):
        assert not target.exists() or target.read_bytes() == whole
    assert target.read_bytes() == whole


def test_sealing_that_is_killed_anywhere_loses_nothing_and_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "MOST_ROWS", 16)
    monkeypatch.setattr(sealing, "MOST_GONE", 10)
    chance, of = random.Random(14), [stream(f"lamp-{n}", expected=600 * NS) for n in range(3)]
    with open_journal(tmp_path) as journal:
        path = journal.path
        for n in range(200):
            journal.commit([SampleWrite([sample(one, START + n * 120 * NS, n / 8) for one in of])])
        journal.commit([RollupWrite(START + 2 * DAY, 0, 1000)])

    def seal() -> None:
        with open_journal(tmp_path) as journal, JournalReader.open(path) as reader:
            for write in reader.sealing(START + DAY):
                journal.commit([write] if write else [])

    def read() -> list[object]:
        with JournalReader.open(path) as reader:
            each = [list(reader.history(one.device, s, 0, START + DAY)) for one in of for s in one.signals]
            ids = [row.id for row in reader.samples_after(0, 10**6)]
            return [*each, ids, list(reader.gaps("lamp-1", "s0", START, START + DAY))]

    before, kills = read(), 0
    assert before[-2] == list(range(1, 601))
    while killed(seal, after=chance.uniform(0.01, 0.06)):
        assert read() == before
        kills += 1
        if kills == 6:
            seal()
            break
    assert kills >= 3
    assert read() == before
    assert rows(path, "SELECT count(*) FROM sample") == [(3,)], "only each stream's last word is a row"
    assert rows(path, "SELECT sum(count) FROM chunk") == [(600,)], "each sample is in one chunk"
