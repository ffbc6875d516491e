"""What a command sets for its whole process ends with the test that called it in ours."""

import os
from collections.abc import Iterator

import pytest

os.environ["LC_ALL"] = "C.UTF-8"  # commands speak the terminal's language: the tests' is English


@pytest.fixture(autouse=True)
def own_umask() -> Iterator[None]:
    """``main`` closes files to other users for its process; the next test's files are the shell's again."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)
