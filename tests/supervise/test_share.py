"""One group may read the journal and leave requests; nobody else, whatever the shell's umask says."""

from __future__ import annotations

import grp
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from support.daemon import daemon, facilityd_json, journal_of, running, until
from support.site import make_contacts

from facilityd.errors import UsageError
from facilityd.model.alarm import ChangeKind
from facilityd.supervise.share import share
from simulators.site import serve

OTHER = "nogroup"
STRANGER = 64_999
SCRIPT = """
import os, sys
from click.testing import CliRunner
from facilityd.cli.main import facilityd, main
from facilityd.cli.words import words
words()
group, *words = sys.argv[1:]
for warm in (["alarms", words[1]], ["ack", words[1], "nosuch", "nosuch"]):
    CliRunner().invoke(facilityd, warm)
os.setgroups([])
os.setgid(int(group))
os.setuid(64_998)
sys.argv[1:] = words
main()
"""


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _journal(folder: Path) -> Path:
    journal = folder / ".facilityd" / "yard" / "journal.db"
    journal.parent.mkdir(mode=0o700, parents=True)
    journal.parent.parent.chmod(0o700)
    for suffix in ("", "-wal", "-shm", ".lock", ".ballast"):
        journal.with_name(journal.name + suffix).touch(mode=0o600)
    return journal


def _inbox(journal: Path) -> Path:
    return journal.with_name(f"{journal.name}.inbox")


def test_without_a_group_nothing_is_shared(tmp_path):
    journal = _journal(tmp_path)
    share(journal, _inbox(journal), "")
    assert not _inbox(journal).exists()
    assert _mode(journal) == 0o600


def test_the_group_reads_the_journal_and_writes_the_inbox(tmp_path):
    journal, own = _journal(tmp_path), grp.getgrgid(os.getgid()).gr_name
    share(journal, _inbox(journal), own)
    beside = {
        suffix: _mode(journal.with_name(journal.name + suffix)) for suffix in ("", "-wal", "-shm", ".lock")
    }
    assert beside == {"": 0o640, "-wal": 0o640, "-shm": 0o660, ".lock": 0o640}
    assert _mode(journal.with_name("journal.db.ballast")) == 0o600
    assert _mode(_inbox(journal)) == 0o2770
    assert [_mode(folder) for folder in journal.parents[:3]] == [0o2750, 0o2750, _mode(tmp_path)]


def test_a_folder_that_is_not_ours_keeps_its_mode(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir(mode=0o711)
    (folder / "journal.db").touch(mode=0o600)
    share(folder / "journal.db", folder / "journal.db.inbox", grp.getgrgid(os.getgid()).gr_name)
    assert _mode(folder) == 0o711


def test_a_group_that_is_not_there_is_said(tmp_path):
    journal = _journal(tmp_path)
    with pytest.raises(UsageError, match="no such group") as error:
        share(journal, _inbox(journal), "nobody-has-this-group")
    assert "groupadd" in str(error.value)


@pytest.fixture
def public():
    """A folder that other users can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="facilityd-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.skipif(os.getuid() != 0, reason="only root may become another user")
async def test_a_member_of_the_group_reads_and_asks_and_a_stranger_cannot(public):
    made = make_contacts(public / "yard", store=f"group: {OTHER}")
    site, truth = made.site, {("fire", "active"): True, ("water", "active"): False}
    watching = daemon(made.folder, log=public / "daemon.log")
    async with serve(list(site.units.values()), list(site.links.values()), lambda: truth), running(watching):
        journal = made.folder / ".facilityd" / "yard" / "journal.db"
        with await journal_of(journal, watching) as reader:
            await until(lambda: any(row.change.kind is ChangeKind.RAISE for row in reader.changes_after(0)))
        member = grp.getgrnam(OTHER).gr_gid
        read = _as(member, "alarms", str(made.folder))
        assert read.returncode == 0, read.stderr
        assert "active" in read.stdout
        asked = _as(member, "ack", str(made.folder), "fire", "active", "-m", "seen")
        assert asked.returncode == 0, asked.stderr
        denied = {"alarms": "you may not read this journal", "ack": "cannot write: Permission denied"}
        for words in (["alarms", str(made.folder)], ["ack", str(made.folder), "water", "active"]):
            refused = _as(STRANGER, *words)
            assert refused.returncode == 1, refused.stdout
            assert denied[words[0]] in refused.stderr
            assert "store.group" in refused.stderr
        assert (await facilityd_json("alarms", made.folder))[0]["state"] == "acknowledged"


def _as(group: int, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a user with no rights but a group's.

    It is run twice in one process: Python itself may lie where only root reads, and is loaded by the first.
    """
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, str(group), *words],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
