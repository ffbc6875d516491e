"""A stop that cannot be swallowed."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.site import make_square

from facilityd.supervise.stop import end


async def test_a_task_that_swallows_its_first_cancellation_still_ends() -> None:
    swallowed = []

    async def deaf_once() -> None:
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if swallowed:
                    raise
                swallowed.append(True)

    task = asyncio.create_task(deaf_once())
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await end([task])
    assert swallowed == [True]
    assert task.cancelled()


async def test_what_has_ended_is_left_alone() -> None:
    async def quick() -> int:
        return 7

    task = asyncio.create_task(quick())
    await task
    await end([task])
    assert task.result() == 7


@pytest.mark.parametrize("command", ["run", "serve"])
def test_a_stop_while_a_command_still_starts_is_no_failure(tmp_path: Path, command: str) -> None:
    """A service manager that changes its mind at once, and a machine that is shut down while it boots."""
    site = make_square(tmp_path / "site").folder
    process = subprocess.Popen(
        [sys.executable, "-m", "facilityd", command, str(site)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    while not _hears_sigterm(process.pid):
        assert process.poll() is None, process.communicate()
    process.terminate()
    told = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 0, told
    assert "Traceback" not in told


def _hears_sigterm(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    (caught,) = (line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)
