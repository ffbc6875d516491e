"""The sink that is a file: rotation by size, whole lines after a crash and on a full disk."""

import errno
import os

import pytest
from support.forwarding import expected, fill, forwarder_of, running, wait_for

from facilityd.model.settings import FileSinkSettings
from facilityd.store.file_sink import FileSink
from facilityd.store.sink import TAKEN, WriteAction

LINE = b"pump,device=p v=%d 1"


def sink_in(folder, most=2**20, keep=3, **options):
    return FileSink(FileSinkSettings("file", str(folder / "a.lp"), most, keep), **options)


def names(folder):
    return sorted(file.name for file in folder.iterdir())


async def test_a_full_file_makes_room_and_only_so_many_are_kept(tmp_path):
    made = sink_in(tmp_path, most=100, keep=2)
    for start in range(0, 50, 2):
        assert await made.write([LINE % n for n in (start, start + 1)]) == TAKEN
    assert names(tmp_path) == ["a.lp", "a.lp.1", "a.lp.2"]
    assert all(file.stat().st_size <= 100 for file in tmp_path.iterdir())
    told = [
        line for name in ("a.lp.2", "a.lp.1", "a.lp") for line in (tmp_path / name).read_bytes().splitlines()
    ]
    assert told == [LINE % n for n in range(50 - len(told), 50)], "the newest, in order"


async def test_half_a_line_that_a_crash_left_is_cut_off_and_comes_again(tmp_path):
    (tmp_path / "a.lp").write_bytes(LINE % 1 + b"\n" + b"x" * 200_000)
    assert await sink_in(tmp_path).write([LINE % 2]) == TAKEN
    assert (tmp_path / "a.lp").read_bytes().splitlines() == [LINE % 1, LINE % 2]


async def test_what_a_full_disk_does_not_take_leaves_no_half_line(tmp_path):
    full = True

    def sync(file):
        if full:
            raise OSError(errno.ENOSPC, "No space left on device")
        os.fsync(file)

    made = sink_in(tmp_path, sync=sync)
    outcome = await made.write([LINE % 1, LINE % 2])
    assert (outcome.action, outcome.reason) == (WriteAction.RETRY, "disk-full")
    assert (tmp_path / "a.lp").read_bytes() == b""
    full = False
    assert await made.write([LINE % 1, LINE % 2]) == TAKEN
    assert (tmp_path / "a.lp").read_bytes().splitlines() == [LINE % 1, LINE % 2]


@pytest.mark.parametrize("other", ["folder", "pipe", "link"])
async def test_what_is_no_file_of_ours_is_left_alone(tmp_path, other):
    place, elsewhere = tmp_path / "a.lp", tmp_path / "somebody's"
    elsewhere.write_bytes(b"theirs")
    {"folder": place.mkdir, "pipe": lambda: os.mkfifo(place), "link": lambda: place.symlink_to(elsewhere)}[
        other
    ]()
    outcome = await sink_in(tmp_path).write([LINE % 1])
    assert (outcome.action, outcome.reason) == (WriteAction.HELD, "unexpected-file")
    assert elsewhere.read_bytes() == b"theirs"


async def test_a_folder_that_is_gone_waits_for_a_person(tmp_path):
    outcome = await sink_in(tmp_path / "gone").write([LINE % 1])
    assert (outcome.action, outcome.reason) == (WriteAction.HELD, "not-found")


async def test_killed_and_restarted_every_line_is_there_in_order(tmp_path, keeper, reader):
    """The cursor moves after the file is durable: what a kill takes between the two is written again."""
    folder = tmp_path / "export"
    folder.mkdir()
    for start in range(5):
        fill(keeper, 20, 20 * start)
        async with running(forwarder_of(sink_in(folder, most=2000, keep=1000), keeper)):
            await wait_for(lambda first=start: reader.cursor("influx") > 60 * first)
    async with running(forwarder_of(sink_in(folder, most=2000, keep=1000), keeper)):
        await wait_for(lambda: reader.cursor("influx") == 300)
    files = sorted(folder.iterdir(), key=lambda file: -int(file.suffix.removeprefix(".").replace("lp", "0")))
    told = [line for file in files for line in file.read_bytes().splitlines()]
    assert list(dict.fromkeys(told)) == expected(reader)
    assert len(files) > 3
