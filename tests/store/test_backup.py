"""A backup holds what one moment had, under load; what is not sound is never taken for one."""

from __future__ import annotations

import json
import random
import threading
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.journals import DAY, T0, edit, open_journal, rows, sample, stream

from facilityd.cli.main import facilityd
from facilityd.errors import UsageError
from facilityd.model.sample import NS
from facilityd.store.backup import back_up, check_backup, restore
from facilityd.store.reader import JournalReader
from facilityd.store.rollups import RollupWrite
from facilityd.store.samples import SampleWrite

START = T0 // DAY * DAY
ALL = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"


def filled(folder: Path, count: int = 300):
    """A journal with a day's samples, rolled up and in part sealed, and some more."""
    journal = open_journal(folder, site="square")
    journal.commit([SampleWrite([sample(stream(), START + n * 60 * NS) for n in range(count)])])
    journal.commit([RollupWrite(START + DAY, 0, 100)])
    with JournalReader.open(journal.path) as reader:
        for write in reader.sealing(START + DAY):
            journal.commit([write] if write else [])
    journal.commit([SampleWrite([sample(stream(), START + DAY + n * NS) for n in range(50)])])
    return journal


def content(path: Path) -> dict[str, list[object]]:
    return {name: rows(path, f"SELECT * FROM {name}") for (name,) in rows(path, ALL)}


def test_a_backup_is_the_journal_of_one_moment_while_it_is_written(tmp_path: Path) -> None:
    with filled(tmp_path) as journal:
        stop = threading.Event()

        def live() -> None:
            number = 0
            while not stop.is_set():
                number += 1
                at = START + 2 * DAY + number * NS
                journal.commit([SampleWrite([sample(stream("a"), at), sample(stream("b"), at)])])

        writer = threading.Thread(target=live)
        writer.start()
        told: list[tuple[int, int]] = []
        try:
            report = back_up(journal.path, tmp_path / "copy.db", "square", lambda *word: told.append(word))
        finally:
            stop.set()
            writer.join()
    assert told[-1][0] == told[-1][1]
    assert (report.last_sample, report.damaged) == (
        rows(tmp_path / "copy.db", "SELECT max(id) FROM sample")[0][0],
        0,
    )
    assert report.last_sample % 2 == 0, "a commit is in it whole or not at all"
    assert [path.name for path in tmp_path.glob("copy*")] == ["copy.db"]
    with JournalReader.open(tmp_path / "copy.db", "square") as reader:
        assert len(list(reader.history("hoist-1", "s0", START, START + 2 * DAY))) == 350


def test_a_restored_journal_is_identical_and_the_old_one_is_kept(tmp_path: Path) -> None:
    with filled(tmp_path) as journal:
        path = journal.path
        back_up(path, tmp_path / "copy.db", "square")
        with pytest.raises(UsageError, match="another facilityd writes"):
            restore(tmp_path / "copy.db", path, "square", T0)
    before = content(path)
    edit(path, "DELETE FROM sample")
    old = restore(tmp_path / "copy.db", path, "square", T0)
    assert content(path) == before
    assert old is not None
    assert rows(old, "SELECT count(*) FROM sample") == [(0,)]
    with open_journal(tmp_path, site="square") as journal:
        assert not journal.was_damaged
        assert journal.commit([SampleWrite([sample(stream(), START + 3 * DAY)])]).first == 351


@cache
def left_behind() -> dict[str, bytes]:
    """Return the files of a journal while it is written and after it was closed, and its backup."""
    with TemporaryDirectory() as folder:
        with filled(Path(folder)) as journal:
            back_up(journal.path, Path(folder) / "copy.db", "square")
            names = ("journal.db", "journal.db-wal", "copy.db")
            files = {name: (Path(folder) / name).read_bytes() for name in names}
        return files | {"closed.db": (Path(folder) / "journal.db").read_bytes()}


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(["emptied", "cut", "noise", "head", "a page", "log", "no file of a journal"]),
    st.integers(0, 2**31), st.booleans(),
)  # fmt: skip
def test_a_damaged_journal_is_no_hindrance_to_restoring_and_is_kept_as_it_was(
    damage: str, seed: int, crashed: bool
) -> None:
    """Whoever restores does so because something is wrong with the journal that is there."""
    chance, files = random.Random(seed), left_behind()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "journal.db"
        (Path(folder) / "copy.db").write_bytes(files["copy.db"])
        # A kill leaves what was written last in the log.
        for name in ("journal.db", "journal.db-wal") if crashed else ("closed.db",):
            (Path(folder) / name.replace("closed", "journal")).write_bytes(files[name])
        raw = bytearray(path.read_bytes())
        page = chance.randrange(len(raw) // 4096) * 4096
        if damage == "log":
            Path(f"{path}-wal").write_bytes(chance.randbytes(chance.randrange(1, 20_000)))
        else:
            spoiled = {
                "emptied": b"", "cut": raw[: chance.randrange(len(raw))], "noise": chance.randbytes(len(raw)),
                "head": chance.randbytes(100) + raw[100:], "no file of a journal": b"a letter\n",
                "a page": raw[:page] + chance.randbytes(4096) + raw[page + 4096 :],
            }[damage]  # fmt: skip
            path.write_bytes(spoiled)
        old = restore(Path(folder) / "copy.db", path, "square", T0)
        assert content(path) == content(Path(folder) / "copy.db")
        assert old is not None
        assert old.exists(), "what was there may still be read by somebody who knows how"
        if damage in {"emptied", "noise", "head", "no file of a journal"} and not crashed:
            assert old.read_bytes() == spoiled
        with open_journal(Path(folder), site="square") as journal:
            assert not journal.was_damaged
            assert journal.commit([SampleWrite([sample(stream(), START + 3 * DAY)])]).first == 351


def test_without_a_journal_there_is_nothing_to_copy(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"journal\.db: there is no journal yet"):
        back_up(tmp_path / "journal.db", tmp_path / "copy.db", "square")
    assert not list(tmp_path.iterdir())


def test_what_is_there_is_not_overwritten_and_what_is_no_backup_not_restored(tmp_path: Path) -> None:
    with filled(tmp_path) as journal:
        (tmp_path / "there").write_text("mine")
        with pytest.raises(UsageError, match="is there already"):
            back_up(journal.path, tmp_path / "there", "square")
        with pytest.raises(UsageError, match="belongs to site"):
            back_up(journal.path, tmp_path / "copy.db", "other")
        back_up(journal.path, tmp_path / "copy.db", "square")
        with pytest.raises(UsageError, match="could not be completed: No such file or directory"):
            back_up(journal.path, tmp_path / "nowhere" / "copy.db", "square")
    raw = bytearray((tmp_path / "copy.db").read_bytes())
    raw[4096 * 3 : 4096 * 9] = bytes(4096 * 6)
    (tmp_path / "spoiled.db").write_bytes(raw)
    before = content(journal.path)
    for name, why in (("spoiled.db", "not sound"), ("there", "not sound|no journal"), ("none", "no such")):
        with pytest.raises(UsageError, match=why):
            restore(tmp_path / name, journal.path, "square", T0)
    assert content(journal.path) == before


def test_what_is_damaged_in_the_journal_is_counted_in_its_copy(tmp_path: Path) -> None:
    with filled(tmp_path) as journal:
        edit(journal.path, "UPDATE chunk SET data = x'00' WHERE id = 1")
        edit(journal.path, "UPDATE sample SET data = x'00' WHERE id > 340")
        edit(journal.path, "UPDATE rollup SET data = x'00' WHERE level = 3 AND signal = 0")
        report = back_up(journal.path, tmp_path / "copy.db", "square")
    assert report.damaged == 1 + 10 + 1
    assert check_backup(tmp_path / "copy.db", "square") == report


SITE = """
site: {id: square, name: {zh: 广场, en: Square}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
store: {path: journal.db}
"""


def test_the_commands_say_it_in_both_languages_and_as_json(tmp_path: Path) -> None:
    filled(tmp_path).close()
    (tmp_path / "site.yaml").write_text(SITE)
    site, copy = str(tmp_path / "site.yaml"), str(tmp_path / "copy.db")

    def run(*words: str) -> str:
        result = CliRunner().invoke(facilityd, words, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    assert "and checked" in run("backup", site, copy, "--lang", "en")
    assert json.loads(run("backup", site, copy + "2", "--json"))["last_sample"] == 350
    assert "原来的日志库" in run("restore", site, copy, "--lang", "zh")
    assert json.loads(run("restore", site, copy, "--json"))["damaged"] == 0
    result = CliRunner().invoke(facilityd, ["backup", site, copy, "--lang", "zh"])
    assert result.exit_code == 1
