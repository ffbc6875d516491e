"""A serial port has one master: who else has it open is named, but for who plays the units on it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from facilityd.doctor.ports import refuse_taken
from facilityd.errors import UsageError

HOLDS = "import sys, time; held = open(sys.argv[1], 'rb+', buffering=0); print('has it', flush=True); time.sleep(60)"


@contextmanager
def _held(port: str, *words: str) -> Iterator[None]:
    """Let another process have a port open; ``words`` stand at the end of its command."""
    process = subprocess.Popen([sys.executable, "-c", HOLDS, port, *words], stdout=subprocess.PIPE)
    assert process.stdout
    try:
        assert process.stdout.readline() == b"has it\n"
        yield
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def port() -> Iterator[str]:
    ends = pty.openpty()
    yield os.ttyname(ends[1])
    for end in ends:
        os.close(end)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="only Linux says who has a file open")
def test_who_has_it_open_is_named_unless_it_plays_the_units(port: str) -> None:
    refuse_taken(port)
    with _held(port), pytest.raises(UsageError, match=r"process \d+") as refused:
        refuse_taken(port)
    assert "facilityd status" in str(refused.value.hint)
    with _held(port, "simulate", "serve"):
        refuse_taken(port)
