"""A file is replaced whole or not at all, whatever lies in the way and whatever ends the writer."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from facilityd.model.whole_file import write_whole

WRITER = """
import sys
from pathlib import Path
from facilityd.model.whole_file import write_whole
print("go", flush=True)
while True:
    for letter in b"ab":
        write_whole(Path(sys.argv[1]), bytes([letter]) * 300_000, 0o600)
"""
WHOLE = (b"a" * 300_000, b"b" * 300_000)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_it_has_its_mode_whatever_the_umask_and_what_was_there(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "users.json"
    path.write_text("old", encoding="utf-8")
    before = os.umask(0o077)
    try:
        write_whole(path, b"new", mode)
    finally:
        os.umask(before)
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert [one.name for one in tmp_path.iterdir()] == ["users.json"]


def test_a_link_in_its_place_is_replaced_and_not_followed(tmp_path: Path) -> None:
    theirs, path = tmp_path / "theirs", tmp_path / "ours"
    theirs.write_text("theirs", encoding="utf-8")
    path.symlink_to(theirs)
    write_whole(path, b"ours", 0o600)
    assert theirs.read_text(encoding="utf-8") == "theirs"
    assert not path.is_symlink()


def test_what_cannot_be_put_in_place_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "taken"
    (path / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        write_whole(path, b"new", 0o600)
    assert [one.name for one in tmp_path.iterdir()] == ["taken"]


@pytest.mark.parametrize("looks", [1, 40, 300, 900])
def test_a_reader_never_sees_a_part_and_a_kill_leaves_a_whole_file(tmp_path: Path, looks: int) -> None:
    path = tmp_path / "found.json"
    write_whole(path, WHOLE[0], 0o600)
    with subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        for _ in range(looks):
            assert path.read_bytes() in WHOLE
        writer.send_signal(signal.SIGKILL)
    assert path.read_bytes() in WHOLE
