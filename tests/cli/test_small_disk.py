"""Commands that write files on a disk that is full: it is said, in one line, and nothing that was there is lost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.util import MAGIC_NUMBER, find_spec
from pathlib import Path

import pytest
from support.journals import T0, open_journal, sample, stream

from facilityd.model.sample import NS
from facilityd.store.samples import SampleWrite

SITE = """
site: {id: square, name: {zh: 广场, en: Square}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
store: {path: journal.db}
links: {net: {protocol: modbus-tcp, host: 127.0.0.1, port: 1}}
units: {contacts: {link: net, profile: moxa_iologik_e1212, device_id: 1, period: 30s}}
devices:
  fire: {family: contact, name: {zh: 火灾报警, en: Fire panel}, signals: {active: contacts.input_0}}
"""


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk with room for 16 KiB."""
    place = tmp_path / "small"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(place)], check=False, capture_output=True
    )
    if done.returncode:
        pytest.skip("only root mounts")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "site.yaml").write_text(SITE, encoding="utf-8")
    with open_journal(tmp_path, site="square") as journal:
        journal.commit([SampleWrite([sample(stream(), T0 + n * NS) for n in range(300)])])
    return tmp_path / "site.yaml"


def refused(*words: object) -> str:
    command = [sys.executable, "-m", "facilityd", *(str(word) for word in words), "--lang", "en"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_backup_says_that_the_disk_is_full_and_leaves_nothing(small: Path, site: Path) -> None:
    said = refused("backup", site, small / "copy.db")
    assert said == f"facilityd: {small}/copy.db: could not be completed: No space left on device\n"
    assert not list(small.iterdir())


def test_a_workbook_says_so_once(small: Path, site: Path) -> None:
    (small / "fill").write_bytes(bytes(12_000))
    said = refused("export", site, "--since", "20000d", "-o", small / "all.xlsx")
    assert said.endswith(f"facilityd: {small}/all.xlsx: cannot be written: No space left on device\n"), said
    assert [path.name for path in small.iterdir()] == ["fill"]


def test_a_report_that_has_no_room_costs_not_the_earlier_one(small: Path, site: Path) -> None:
    (small / "june.html").write_text("the report of June", encoding="utf-8")
    said = refused("report", site, "--month", "2026-06", "-o", small / "june.html")
    assert said.endswith(f"facilityd: {small}/june.html: cannot be written: No space left on device\n"), said
    assert (small / "june.html").read_text(encoding="utf-8") == "the report of June"
    assert [path.name for path in small.iterdir()] == ["june.html"]


def test_a_file_that_may_not_grow_is_told_as_such(tmp_path: Path, site: Path) -> None:
    # -B: Python would keep what it may write of a compiled module, which then nobody can read
    words = (
        f"ulimit -f 8; exec {sys.executable} -B -m facilityd backup {site} {tmp_path / 'copy.db'} --lang en"
    )
    done = subprocess.run(["bash", "-c", words], check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith(f"facilityd: {tmp_path}/copy.db: could not be completed: ")
    assert "not an error" not in done.stderr
    assert not list(tmp_path.glob("copy*"))


def test_a_module_that_a_full_disk_cut_short_is_told_and_no_ctrl_c(tmp_path: Path, site: Path) -> None:
    code = Path(find_spec("facilityd.cli.backup").origin)
    cut = tmp_path / code.parent.relative_to("/") / f"{code.stem}.{sys.implementation.cache_tag}.pyc"
    cut.parent.mkdir(parents=True)
    about = code.stat()
    head = (
        MAGIC_NUMBER
        + bytes(4)
        + int(about.st_mtime).to_bytes(4, "little")
        + about.st_size.to_bytes(4, "little")
    )
    cut.write_bytes(head + b"\xe3")
    words = [
        sys.executable,
        "-X",
        f"pycache_prefix={tmp_path}",
        "-m",
        "facilityd",
        "backup",
        str(site),
        str(tmp_path / "copy.db"),
    ]
    done = subprocess.run([*words, "--lang", "en"], check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1, done.stderr
    assert (
        "a compiled module was cut short (was the disk full?); delete the __pycache__ folders" in done.stderr
    )
