"""What holds for every test: what a command sets for its process ends with it, and who runs beside whom."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ["LC_ALL"] = "C.UTF-8"  # commands speak the terminal's language: the tests' is English

APART = frozenset({"test_library.py", "test_bad_contact.py", "test_hazards_in_virtual_time.py"})
"""Files of long tests that share nothing: each goes to whichever worker is free."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a file, and what it prepared once, on one worker; and let tests in real time run one by one."""
    for item in items:
        path = Path(item.path)
        if path.parent.name == "e2e":
            item.add_marker(pytest.mark.xdist_group("real-time"))
        elif path.name not in APART:
            item.add_marker(pytest.mark.xdist_group(f"{path.parent.name}/{path.name}"))


@pytest.fixture(autouse=True)
def own_umask() -> Iterator[None]:
    """``main`` closes files to other users for its process; the next test's files are the shell's again."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)
