"""A file of its full size from the start: what is in it outlives a crash, also one while it is written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from facilityd.store.spill import HALF, ROOM, Spill


def _spill(folder: Path) -> Spill:
    made = Spill(folder / "journal.db")
    assert made.prepare()
    return made


def test_the_newest_is_read_and_the_file_keeps_its_size(tmp_path: Path) -> None:
    spill = _spill(tmp_path)
    assert spill.read() == b""
    for data in (b"one", b"two" * 1000, b"", b"four"):
        assert spill.write(data)
        assert Spill(tmp_path / "journal.db").read() == data
        assert spill.path.stat().st_size == 2 * HALF
        assert spill.path.stat().st_blocks * 512 >= 2 * HALF


def test_a_restart_goes_on_numbering(tmp_path: Path) -> None:
    _spill(tmp_path).write(b"one")
    again = _spill(tmp_path)
    assert again.read() == b"one"
    again.write(b"two")
    assert _spill(tmp_path).read() == b"two"


@pytest.mark.parametrize("at", [0, 8, 20, 30, 400])
def test_one_that_was_torn_leaves_the_one_before(tmp_path: Path, at: int) -> None:
    spill = _spill(tmp_path)
    spill.write(b"one")
    spill.write(b"two" * 200)
    with spill.path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ 0x55]))
    assert Spill(tmp_path / "journal.db").read() == b"one"


def test_what_does_not_fit_or_has_no_place_is_not_kept(tmp_path: Path) -> None:
    spill = _spill(tmp_path)
    assert spill.write(bytes(ROOM))
    assert not spill.write(bytes(ROOM + 1))
    assert spill.read() == bytes(ROOM)
    spill.path.unlink()
    assert not spill.write(b"one")
    assert spill.read() == b""


@pytest.mark.parametrize("what", ["file", "folder", "link", "pipe"])
def test_somebody_elses_is_left_alone(tmp_path: Path, what: str) -> None:
    place, own = tmp_path / "journal.db.spill", tmp_path / "own"
    own.write_text("mine")
    {
        "file": lambda: place.write_text("mine"), "folder": place.mkdir,
        "link": lambda: place.symlink_to(own), "pipe": lambda: os.mkfifo(place),
    }[what]()  # fmt: skip
    spill = Spill(tmp_path / "journal.db")
    assert not spill.prepare()
    assert not spill.write(b"one")
    assert spill.read() == b""
    assert own.read_text() == "mine"
    assert place.lstat()
