"""Files and folders that others write: replaced midway, gone, something else in their place."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from support.cap import alert, info

from devices.forecast.file_source import MOST_FILES, FileLook
from devices.forecast.mapping import shipped_mappings
from devices.forecast.source import LONGEST, ForecastSource, merged
from facilityd.errors import UnreadableForecast
from facilityd.model.forecast import ForecastReport
from facilityd.model.sample import NS
from facilityd.model.text import Text

NAME = Text(zh="数值预报", en="Model")
NOW = 1_781_085_600 * NS


def _hours(path: Path) -> ForecastSource:
    return ForecastSource("f", "file", NAME, str(path), shipped_mappings()["facilityd"])


def _warnings(path: Path) -> ForecastSource:
    return ForecastSource("w", "file", NAME, str(path))


def test_a_file_is_read_once_and_again_when_it_changed(tmp_path: Path) -> None:
    path = tmp_path / "hours.json"
    path.write_text("{}")
    os.utime(path, ns=(NOW, NOW))
    look = FileLook(_hours(path))
    first = look.fetch(NOW + 60 * NS)
    assert first.parts == ((str(path), b"{}"),)
    assert first.seen == NOW, "as old as the file"
    assert look.fetch(NOW + 120 * NS).parts is None
    other = tmp_path / "other"
    other.write_text("[]")
    os.utime(other, ns=(NOW, NOW))
    other.replace(path)
    assert look.fetch(NOW + 180 * NS).parts == ((str(path), b"[]"),), "the same size and time, another file"


def test_a_file_of_the_future_is_of_now(tmp_path: Path) -> None:
    path = tmp_path / "hours.json"
    path.write_text("{}")
    os.utime(path, ns=(NOW + 3600 * NS, NOW + 3600 * NS))
    assert FileLook(_hours(path)).fetch(NOW).seen == NOW


def test_one_that_is_written_while_it_is_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "hours.json"
    path.write_text('{"hours": [')

    class FileBeingWritten(io.FileIO):
        """Another program goes on with the file while it is read."""

        def read(self, size: int | None = -1) -> bytes:
            found = super().read(size)
            monkeypatch.undo()
            with path.open("a") as file:
                file.write("]}")
            return found

    monkeypatch.setattr("devices.forecast.file_source.open_regular", FileBeingWritten)
    look = FileLook(_hours(path))
    with pytest.raises(UnreadableForecast, match="replaced while it was read"):
        look.fetch(NOW)
    assert look.fetch(NOW).parts == ((str(path), b'{"hours": []}'),)


def test_half_a_file_leaves_what_was_known(tmp_path: Path) -> None:
    path = tmp_path / "hours.json"
    whole = '{"hours": [{"at": "2026-06-10T18:00+08:00", "gust": 9}]}'
    path.write_text(whole)
    source = _hours(path)
    look = FileLook(source)
    good = merged(source, ForecastReport("f"), look.fetch(NOW), NOW)
    path.write_text(whole[:30])
    half = merged(source, good, look.fetch(NOW), NOW)
    assert (half.hours, bool(half.trouble)) == (good.hours, True)
    assert merged(source, half, look.fetch(NOW), NOW).trouble, "it is as wrong as before"
    path.write_text(whole)
    assert merged(source, half, look.fetch(NOW), NOW).trouble == ""


@pytest.mark.parametrize("kind", ["gone", "folder", "pipe", "large"])
def test_something_else_in_its_place_holds_nobody_up(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "hours.json"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "large":
        path.write_bytes(b" " * (LONGEST + 1))
    with pytest.raises(UnreadableForecast, match=str(path)):
        FileLook(_hours(path)).fetch(NOW)


def test_a_folder_of_warnings_and_a_bad_one_among_them(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.xml").write_text(alert(name, info()))
    (tmp_path / "c.xml").write_text("<alert>")
    (tmp_path / "notes.txt").write_text("not read")
    source = _warnings(tmp_path)
    look = FileLook(source)
    report = merged(source, ForecastReport("w"), look.fetch(NOW), NOW)
    assert [one.key[1] for one in report.alerts] == ["a", "b"]
    assert "c.xml:1:8" in report.trouble
    (tmp_path / "c.xml").unlink()
    (tmp_path / "a.xml").unlink()
    report = merged(source, report, look.fetch(NOW), NOW)
    assert ([one.key[1] for one in report.alerts], report.trouble) == (["b"], "")


def test_of_too_many_files_the_newest_are_read_and_that_is_told(tmp_path: Path) -> None:
    for number in range(MOST_FILES + 1):
        path = tmp_path / f"{number}.xml"
        path.write_text("<rss/>")
        os.utime(path, ns=(NOW + number, NOW + number))
    fetched = FileLook(_warnings(tmp_path)).fetch(NOW)
    assert fetched.parts is not None
    assert len(fetched.parts) == MOST_FILES
    assert not any(where.endswith("/0.xml") for where, _ in fetched.parts)
    assert "201 XML files" in fetched.trouble


def test_an_empty_folder_says_that_there_is_no_warning(tmp_path: Path) -> None:
    source = _warnings(tmp_path)
    report = merged(source, ForecastReport("w"), FileLook(source).fetch(NOW), NOW)
    assert (report.alerts, report.age(NOW)) == ((), 0)
