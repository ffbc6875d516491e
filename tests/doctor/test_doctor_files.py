"""Disks, permissions, journals and leftovers that are really wrong."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from support.query_sites import MeterSite
from support.site_mistakes import FILES, write_site

from facilityd.config.load import load
from facilityd.config.site import Site
from facilityd.doctor import files
from facilityd.doctor.verdict import ProbeResult, Verdict
from facilityd.store.journal import Journal

NOBODY = 65534


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A yard with a journal that nobody holds."""
    write_site(tmp_path, {"site.yaml": FILES["site.yaml"] + "store: {path: run/journal.db}\n"})
    made = load(tmp_path, secrets=False)
    path = Path(made.store.path)
    path.parent.mkdir()
    Journal.open(path, max_bytes=2**28, max_age=10**18, ballast_bytes=65536, site=made.id).close()
    return made


def codes(results: Iterable[ProbeResult]) -> list[str]:
    return [one.code for one in results if one.verdict is not Verdict.OK]


def test_a_sound_installation_has_nothing_to_say(site: Site) -> None:
    for check in (files.permissions, files.journal, files.leftovers):
        assert codes(check(site)) == []


def test_what_everybody_may_write_to_is_told(site: Site) -> None:
    Path(site.store.path).chmod(0o666)
    (result,) = [one for one in files.permissions(site) if one.verdict is Verdict.FAIL]
    assert (result.code, "chmod o-w" in result.remedy("en")) == ("file-open", True)
    assert "666" in result.text("zh")


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
def test_a_file_of_somebody_else_is_told_with_whose_it_is(site: Site) -> None:
    os.chown(f"{site.store.path}.lock", NOBODY, -1)
    (result,) = [one for one in files.permissions(site) if one.verdict is Verdict.FAIL]
    assert result.code == "file-foreign"
    assert "nobody" in result.text("en")
    assert "chown root" in result.remedy("en")


def test_a_folder_on_a_disk_that_is_not_mounted_is_told(site: Site) -> None:
    away = replace(site, store=replace(site.store, path="/mnt/not-mounted/journal.db"))
    assert codes(files.permissions(away)) == ["folder-missing"]
    assert codes(files.journal(away)) == ["journal-none"]
    assert list(files.disk(away)), "of a folder that is not there the one above it is looked at"


def test_a_journal_that_is_none_is_told(site: Site) -> None:
    Path(site.store.path).write_bytes(b"dear diary" * 100)
    (result,) = files.journal(site)
    assert (result.verdict, result.code) == (Verdict.FAIL, "journal-unreadable")
    assert result.remedy("zh")


def test_the_journal_of_another_site_is_told(yard: MeterSite) -> None:
    (result,) = files.journal(replace(yard.site, id="palace"))
    assert (result.verdict, result.code) == (Verdict.FAIL, "journal-unreadable")
    assert "palace" in result.text("en")


def test_what_was_set_aside_and_requests_that_nobody_takes_are_told(site: Site) -> None:
    path = Path(site.store.path)
    path.with_name("journal.db.damaged-20260101T000000Z").write_bytes(b"x" * 3 * 2**20)
    inbox = path.with_name("journal.db.inbox")
    inbox.mkdir()
    for name, age in (("old", 120), ("new", 0)):
        (inbox / f"{name}.json").write_text("{}", encoding="utf-8")
        os.utime(inbox / f"{name}.json", (time.time() - age,) * 2)
    left, stuck = files.leftovers(site)
    assert (left.code, stuck.code) == ("leftovers", "requests-stuck")
    assert "1 old files, 3 MiB: journal.db.damaged-20260101T000000Z" in left.text("en")
    assert stuck.text("en").startswith("1 request")


def test_a_full_disk_in_memory_is_told_as_both(site: Site, tmp_path: Path) -> None:
    place = tmp_path / "small"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m,nr_inodes=20", "tmpfs", str(place)],
        check=False,
        capture_output=True,
    )
    if done.returncode:
        pytest.skip("only root mounts")
    try:
        there = replace(site, store=replace(site.store, path=str(place / "journal.db")))
        assert codes(files.disk(there)) == ["disk-memory", "disk-inodes", "disk-full"]
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        assert codes(files.disk(there))[0] == "disk-read-only"
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [("nfs4", "rw", "disk-network"), ("ext4", "ro,relatime", "disk-read-only"), ("vfat", "rw", "disk-plain")],
)
def test_the_kind_of_file_system_is_that_of_the_nearest_mount(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, options: str, said: str
) -> None:
    mounts = tmp_path / "mountinfo"
    folder = str(Path(site.store.path).parent.resolve())
    mounts.write_text(
        f"22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n30 22 0:40 / {folder} {options} - {kind} server:/x rw\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(files, "file_system", lambda at, real=files.file_system: real(at, mounts))
    assert said in codes(files.disk(site))
    assert files.file_system(Path("/")) == ("ext4", False)
