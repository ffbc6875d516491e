"""Photos go with a backup and come back, each held against its name."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.journals import T0, open_journal, sample, stream
from support.photos import JPEG, png

from facilityd.cli.main import facilityd
from facilityd.errors import UsageError
from facilityd.model.task import TaskEvent, TaskEventKind
from facilityd.store.samples import SampleWrite
from facilityd.store.tasks import TaskWrite
from facilityd.supervise.photo_copy import copy_photos
from facilityd.supervise.photos import PhotoFolder

SITE = """
site: {id: square, name: {zh: 广场, en: Square}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
store: {path: journal.db}
"""
CAME = 1_700_000_000


def run(*words: object, status: int = 0) -> str:
    result = CliRunner().invoke(facilityd, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == status, result.output
    return result.output


@pytest.fixture
def photos(tmp_path: Path) -> PhotoFolder:
    """A site whose journal names two photos; a third lies there that nobody asked with."""
    (tmp_path / "site.yaml").write_text(SITE)
    folder = PhotoFolder(tmp_path / "journal.db", free=0)
    names = [folder.add(content)[0] for content in (JPEG, png())]
    folder.add(png(width=7))
    for name in names:
        os.utime(folder.folder / name, (CAME, CAME))
    with open_journal(tmp_path, site="square") as journal:
        journal.commit([SampleWrite([sample(stream(), T0)])])
        journal.commit([TaskWrite([
            TaskEvent(1, T0, TaskEventKind.NOTE, "li", "“photo”: none", {"parts": '"photo":"x.jpg"'}),
            *(TaskEvent(1, T0, TaskEventKind.DONE, "li", "", {"photo": name}) for name in names),
        ])])  # fmt: skip
    return folder


def kept(folder: Path) -> dict[str, tuple[bytes, float]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime) for path in folder.iterdir()}


def test_the_photos_that_the_journal_names_are_in_the_backup_and_come_back(
    tmp_path: Path, photos: PhotoFolder
) -> None:
    site, copy = tmp_path / "site.yaml", tmp_path / "elsewhere.db"
    said = run("backup", site, copy, "--lang", "en")
    assert "2 photos (" in said
    assert f"are in {copy}.photos" in said
    before = kept(Path(f"{copy}.photos"))
    assert len(before) == 2
    assert {at for _, at in before.values()} == {CAME}, "they are kept from when they came"

    shutil.rmtree(photos.folder)
    assert "2 张照片" in run("restore", site, copy, "--lang", "zh")
    assert kept(photos.folder) == before


def test_a_photo_that_is_damaged_or_gone_is_told_and_never_copied(
    tmp_path: Path, photos: PhotoFolder
) -> None:
    site, copy = tmp_path / "site.yaml", tmp_path / "copy.db"
    jpeg = next(photos.folder.glob("*.jpg"))
    whole = jpeg.read_bytes()
    jpeg.write_bytes(whole[:-1])
    told = json.loads(run("backup", site, copy, "--json"))
    assert (told["photos"], told["photos_missing"]) == (1, 1)
    assert [path.suffix for path in Path(f"{copy}.photos").iterdir()] == [".png"]

    # A sound one that came meanwhile stays, what is damaged in the backup does not take its place.
    jpeg.write_bytes(whole)
    (Path(f"{copy}.photos") / jpeg.name).write_bytes(b"rot")
    told = json.loads(run("restore", site, copy, "--json"))
    assert (told["photos"], told["photos_missing"]) == (2, 0)
    assert jpeg.read_bytes() == whole

    # And a damaged one at the site is replaced by the sound one of the backup.
    (Path(f"{copy}.photos") / jpeg.name).write_bytes(whole)
    jpeg.write_bytes(b"rot")
    run("restore", site, copy)
    assert jpeg.read_bytes() == whole

    shutil.rmtree(f"{copy}.photos")
    shutil.rmtree(photos.folder)
    assert f"2 photos are not back: {copy}.photos" in run("restore", site, copy, "--lang", "en")
    assert not photos.folder.exists()


def test_without_room_for_the_photos_nothing_is_begun(tmp_path: Path, photos: PhotoFolder) -> None:
    names = [path.name for path in photos.folder.iterdir()]
    with pytest.raises(UsageError, match="no room for the photos"):
        copy_photos(photos.folder, tmp_path / "copy.photos", names, free=1 << 60)
    (tmp_path / "copy.db.photos").write_text("mine")
    with pytest.raises(UsageError, match=r"copy\.db\.photos"):
        run("backup", tmp_path / "site.yaml", tmp_path / "copy.db")
    left = [path.name for path in tmp_path.glob("copy.db*")]
    assert left == ["copy.db.photos"], "a backup without its photos bears no name"


def test_a_photo_in_the_backup_that_is_a_link_is_not_followed(tmp_path: Path, photos: PhotoFolder) -> None:
    site, copy = tmp_path / "site.yaml", tmp_path / "copy.db"
    run("backup", site, copy)
    for path in Path(f"{copy}.photos").iterdir():
        path.unlink()
        path.symlink_to(photos.folder / path.name)
    moved = photos.folder.rename(tmp_path / "moved")
    assert moved.exists()
    assert json.loads(run("restore", site, copy, "--json"))["photos_missing"] == 2
