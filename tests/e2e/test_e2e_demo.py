"""Two demos at the same time, where a usual port is taken besides: each lives on ports of its own."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

import aiohttp

FAULT = "alarm   critical fountain-2: Underwater equipment leaks to earth"
MAIL = "notice  email to engineer@square.example: [CRITICAL] Fountain pump 2"
HOOK = "notice  webhook to crew: 【紧急】二号喷泉泵"
PATIENCE_S = 100.0


async def _demo(folder: Path) -> tuple[str, int]:
    """Run a demo in a folder until its fault was told, and press Ctrl-C; return what it said and its status."""
    folder.mkdir()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "facilityd", "simulate", "demo", "--plain", cwd=folder,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdout
    said, ended = "", False
    try:
        async with asyncio.timeout(PATIENCE_S):
            while line := (await process.stdout.readline()).decode():
                said += line
                if page := re.search(r"open it in a browser: (\S+)", line):
                    await _looked_at(page[1])
                if not ended and all(sign in said for sign in (FAULT, MAIL, HOOK)):
                    process.send_signal(signal.SIGINT)
                    ended = True
            return said, await process.wait()
    finally:
        if process.returncode is None:
            process.kill()


async def _looked_at(page: str) -> None:
    """Look at the page as who runs the demo does: nobody has an account yet, and nobody needs one to read."""
    async with aiohttp.ClientSession() as session, session.get(page, allow_redirects=False) as answer:
        assert answer.status == 200, answer.headers
        assert "/first-account" in await answer.text()


async def test_two_demos_side_by_side_where_a_port_is_taken(tmp_path):
    with ExitStack() as busy:
        with suppress(OSError):  # somebody's own demo has it: taken all the same
            busy.enter_context(socket.create_server(("127.0.0.1", 18099)))
        both = await asyncio.gather(_demo(tmp_path / "first"), _demo(tmp_path / "second"))
    for said, status in both:
        assert status == 0, said[-2000:]
        assert re.search(r"ports that are taken.*\b18099 → \d+", said), said[:500]
        assert said.splitlines()[-1].startswith("the demo has ended")
        assert "Traceback" not in said
    pages = [re.findall(r"open it in a browser: (http://127\.0\.0\.1:\d+/)", said) for said, _ in both]
    assert all(pages), "each says where its page is"
    assert pages[0][0] != pages[1][0]


async def test_a_demo_whose_daemon_dies_says_so_with_its_last_words(tmp_path):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "facilityd", "simulate", "demo", "--plain", "--lang", "zh", cwd=tmp_path,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdout
    said, killed = "", False
    try:
        async with asyncio.timeout(PATIENCE_S):
            while line := (await process.stdout.readline()).decode():
                said += line
                if not killed and "first-account" in said:
                    (lock,) = tmp_path.rglob("journal.db.lock")
                    os.kill(_holder(lock), signal.SIGKILL)
                    killed = True
            assert await process.wait() == 1, said[-2000:]
    finally:
        if process.returncode is None:
            process.kill()
    told = said[said.index("监测程序自己退出了（被信号 SIGKILL 终止）") :]
    assert "daemon.log" in told
    assert "watching 36 devices" in told
    assert "Traceback" not in said


def _holder(lock: Path) -> int:
    """Return the process that has a file locked, as the kernel lists it."""
    inode = str(lock.stat().st_ino)
    for line in Path("/proc/locks").read_text(encoding="ascii").splitlines():
        words = line.split()
        if "FLOCK" in words and words[-3].rpartition(":")[2] == inode:
            return int(words[words.index("FLOCK") + 3])
    raise AssertionError("nobody holds it")
