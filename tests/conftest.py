"""What holds for every test: what a command sets for its process ends with it, and who runs beside whom."""

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from facilityd.cli.language import forget

os.environ["LC_ALL"] = "C.UTF-8"  # commands speak the terminal's language: the tests' is English

settings.register_profile("no-deadline", deadline=None)  # a busy machine is no fault of the code
settings.load_profile("no-deadline")

APART = frozenset({"test_library.py", "test_bad_contact.py", "test_hazards_in_virtual_time.py"})
"""Files of long tests that share nothing: each goes to whichever worker is free."""
SECOND_ROW = frozenset({
    "test_e2e_chaos.py", "test_e2e_influxdb.py", "test_e2e_ready.py", "test_e2e_bad_input.py", "test_e2e_proof_of_life.py",
    "test_e2e_new_model.py", "test_e2e_people.py", "test_e2e_pause.py", "test_wheel.py",
})  # fmt: skip
"""Of the tests in real time, which wait more than they work, those of the second of two rows; half of the time."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a file, and what it prepared once, on one worker; and let tests in real time run in two rows."""
    for item in items:
        path = Path(item.path)
        if path.parent.name == "page":
            item.add_marker(pytest.mark.xdist_group("page"))  # one browser for all of them
        elif path.parent.name == "e2e":
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


@pytest.fixture(autouse=True)
def own_language() -> Iterator[None]:
    """A command that was called without ``facilityd`` around it leaves the language of its site behind."""
    yield
    forget()


@pytest.fixture(autouse=True)
def own_limits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Refuse a test that bounds its own process: all later tests of the worker would run short of memory.

    A thread that cannot begin for want of memory is waited for without end (``threading.Thread.start``). A
    command that gives way to others (``nice``) would slow the worker for good: here it only says that it did.
    """
    monkeypatch.setattr(os, "nice", lambda _: os.getpriority(os.PRIO_PROCESS, 0))
    before = resource.getrlimit(resource.RLIMIT_DATA)
    yield
    assert resource.getrlimit(resource.RLIMIT_DATA) == before, "run what bounds its process in one of its own"
