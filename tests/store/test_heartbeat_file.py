"""The heartbeat beside the journal: what is read is what was written, or nothing."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from facilityd.model.sample import NS
from facilityd.store.heartbeat_file import LENGTH, SUFFIX, HeartbeatFile, HeartbeatRecord, read_heartbeat


def beside(journal: Path) -> Path:
    return journal.with_name(journal.name + SUFFIX)


def test_beats_are_written_over_each_other_in_place(tmp_path: Path) -> None:
    journal = tmp_path / "journal.db"
    file = HeartbeatFile(journal)
    file.write(HeartbeatRecord.now("starting"))
    inode = beside(journal).stat().st_ino
    beat = HeartbeatRecord.now("running", 12 * NS)
    file.write(beat)
    assert read_heartbeat(journal) == beat
    assert (beside(journal).stat().st_ino, beside(journal).stat().st_size) == (inode, LENGTH)
    assert beat.pid == os.getpid()
    file.remove()
    assert read_heartbeat(journal) is None
    assert not beside(journal).exists()


def test_a_beat_that_somebody_deleted_comes_back(tmp_path: Path) -> None:
    file = HeartbeatFile(tmp_path / "journal.db")
    file.write(HeartbeatRecord.now("running"))
    file.path.unlink()
    file.write(HeartbeatRecord.now("running"))
    assert read_heartbeat(tmp_path / "journal.db")


def test_the_age_is_by_the_machines_own_clock_whatever_the_wall_shows(tmp_path: Path) -> None:
    beat = HeartbeatRecord.now("running")
    for wall in (0, beat.at - 3600 * NS, beat.at + 3600 * NS):
        assert beat.age(wall) < 10 * NS
    older = replace(beat, steady=beat.steady - 20 * NS)
    assert 20 * NS <= older.age(beat.at) < 30 * NS
    elsewhere = replace(beat, boot="another", steady=0)
    assert elsewhere.age(beat.at + 7 * NS) == 7 * NS
    assert elsewhere.age(beat.at - 7 * NS) == 0


@pytest.mark.parametrize("place", ["folder", "link", "pipe"])
def test_what_is_not_ours_is_left_alone(tmp_path: Path, place: str) -> None:
    journal, target = tmp_path / "journal.db", tmp_path / "letter"
    target.write_text("dear", encoding="utf-8")
    path = beside(journal)
    {"folder": path.mkdir, "link": lambda: path.symlink_to(target), "pipe": lambda: os.mkfifo(path)}[place]()
    file = HeartbeatFile(journal)
    file.write(HeartbeatRecord.now("running"))
    assert file.fault
    assert read_heartbeat(journal) is None
    assert target.read_text(encoding="utf-8") == "dear"


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=400), st.builds(
    lambda at, cut: replace(HeartbeatRecord.now("running"), at=at).line()[:cut], st.integers(), st.integers(0, LENGTH)
)))  # fmt: skip
def test_whatever_lies_there_is_a_beat_or_nothing(tmp_path: Path, content: bytes) -> None:
    journal = tmp_path / "journal.db"
    beside(journal).write_bytes(content)
    found = read_heartbeat(journal)
    assert found is None or (found.phase == "running" and found.age(time.time_ns()) >= 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"steady": "1"},
        {"steady": -1},
        {"at": 1.5},
        {"phase": "asleep"},
        {"boot": 3},
        {"writer": True},
        {"more": 1},
    ],
)
def test_a_beat_of_wrong_fields_is_none(tmp_path: Path, wrong: dict[str, object]) -> None:
    line = json.loads(HeartbeatRecord.now("running").line()) | wrong
    journal = tmp_path / "journal.db"
    beside(journal).write_text(json.dumps(line), encoding="utf-8")
    assert read_heartbeat(journal) is None
