"""A pipe, a folder or a link where the daemon has a file of its own holds nobody up and is followed nowhere."""

import json
import os
import threading
from contextlib import suppress

import pytest
from click.testing import CliRunner
from support.journals import open_journal

from facilityd.cli.main import facilityd
from facilityd.config.found import DiscoveredNames, read_found, write_found
from facilityd.errors import UsageError
from facilityd.store.files import ReserveFile, check_regular, is_held

KIB = 1024
KINDS = [os.mkfifo, os.mkdir]
IDS = ["pipe", "folder"]
HEAD = "site: {id: yard, name: {zh: 院子, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai%s}\n"
SINK = 'sinks:\n  i: {kind: influxdb, url: "http://h:8086", bucket: b, token: {file: %s}}\n'


@pytest.fixture(autouse=True)
def _nobody_waits(request):
    """Let whoever waits for a pipe's other end go on after a while, so that the test ends red and not never."""
    folder, waited = request.getfixturevalue("tmp_path"), []

    def release():
        for path in folder.rglob("*"):
            with suppress(OSError):  # nobody reads there
                os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
                waited.extend([path] if path.is_fifo() else [])
            if path.is_fifo():
                os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))  # whoever waits to write

    timer = threading.Timer(3, release)
    timer.start()
    yield
    timer.cancel()
    assert not waited, "something waited for the other end of a pipe"


@pytest.mark.parametrize("make", KINDS, ids=IDS)
def test_found_units_in_a_foreign_file_are_a_warning(tmp_path, make):
    path = tmp_path / "journal.discovered.json"
    make(path)
    found, said = read_found(path)
    assert found == DiscoveredNames()
    assert str(path) in said
    assert "not watched until they are heard again" in said


def test_found_units_are_not_written_into_a_pipe_or_through_a_link(tmp_path):
    path, letter = tmp_path / "journal.discovered.json", tmp_path / "letter"
    letter.write_text("dear Li", encoding="utf-8")
    for make in (os.mkfifo, lambda place: place.symlink_to(letter)):
        path.unlink(missing_ok=True)
        make(path)
        write_found(path, DiscoveredNames({"plug": ("a",)}, {}))
        assert path.is_file()
        assert not path.is_symlink()
        assert json.loads(path.read_text(encoding="utf-8"))["units"] == {"plug": ["a"]}
    assert letter.read_text(encoding="utf-8") == "dear Li"


@pytest.mark.parametrize("make", KINDS, ids=IDS)
def test_the_ballast_leaves_alone_what_is_none(tmp_path, make):
    place = tmp_path / "journal.db.ballast"
    make(place)
    reserve = ReserveFile(tmp_path / "journal.db", 64 * KIB)
    assert not reserve.present
    reserve.release()
    assert not reserve.restore()
    assert place.exists()
    with pytest.raises(UsageError, match=r"journal\.db\.ballast: is no regular file"):
        open_journal(tmp_path)


def test_the_ballast_follows_no_link(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    (tmp_path / "journal.db.ballast").symlink_to(elsewhere)
    reserve = ReserveFile(tmp_path / "journal.db", 64 * KIB)
    assert not reserve.restore()
    reserve.release()
    assert not elsewhere.exists()
    check_regular(tmp_path / "journal.db")
    with pytest.raises(UsageError, match="is no regular file"):
        check_regular(tmp_path / "journal.db", writes=True)


def test_a_pipe_for_a_lock_is_nobodys(tmp_path):
    os.mkfifo(tmp_path / "journal.db.lock")
    assert not is_held(tmp_path / "journal.db")


@pytest.mark.parametrize(
    ("place", "text", "said"),
    [
        ("more.yaml", HEAD % "", "more.yaml:1:1: cannot be read: not a regular file"),
        ("profiles/meter.yaml", HEAD % "", "meter.yaml:1:1: cannot be read: not a regular file"),
        ("secret", HEAD % "" + SINK % "secret", "secret file secret cannot be read: not a regular file"),
    ],
)
def test_check_waits_for_no_pipe(tmp_path, monkeypatch, place, text, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "profiles").mkdir()
    os.mkfifo(tmp_path / place)
    (tmp_path / "site.yaml").write_text(text, encoding="utf-8")
    result = CliRunner().invoke(facilityd, ["check", "."])
    assert result.exit_code == 1
    assert said in result.output
    assert "is empty" not in result.output, "one mistake is told once"
    assert result.output.endswith("1 problem\n")
