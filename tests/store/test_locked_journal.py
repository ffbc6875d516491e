"""Another program keeps the journal locked, as a database browser does: nothing is lost for good, and nothing purged."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.journals import T0, open_journal, sample, stream

from facilityd.errors import StoreFull
from facilityd.model.sample import NS
from facilityd.store.reader import JournalReader
from facilityd.store.samples import SampleWrite

LAMP = stream("lamp", "relay", 20)


HOLD = """\
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another process holds the journal for writing: locks of one process do not count against each other."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == b"held\n"
        yield
        other.stdin.close()


def test_a_journal_that_is_locked_takes_nothing_and_goes_on_afterwards(tmp_path: Path) -> None:
    """The daemon ended after five seconds, and did not start again while it was locked."""
    with open_journal(tmp_path) as journal:
        journal.commit([SampleWrite([sample(LAMP, T0)])])
        with locked(journal.path), pytest.raises(StoreFull, match="another program keeps the journal locked"):
            journal.commit([SampleWrite([sample(LAMP, T0 + NS)])])
        journal.commit([SampleWrite([sample(LAMP, T0 + 2 * NS)])])
        with JournalReader.open(journal.path) as reader:
            assert [row.at for row in reader.samples_after(0, 10)] == [T0, T0 + 2 * NS]
