"""facilityd as its users run it: own processes, started, killed, stopped, asked."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from facilityd.errors import UsageError
from facilityd.store.reader import JournalReader

READY_S = 20.0
PATIENCE_S = 60.0
"""A command that hangs ends a test; a busy machine does not."""


@dataclass
class Command:
    """A facilityd command that keeps running, with its log."""

    words: Sequence[str]
    log: Path
    environment: dict[str, str] = field(default_factory=dict)
    _process: Process | None = field(default=None, repr=False)

    async def start(self) -> None:
        """Start it in its own process group; the log goes on."""
        with self.log.open("ab") as out:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "facilityd", *self.words, stdin=DEVNULL, stdout=out, stderr=out,
                start_new_session=True, env={**os.environ, **self.environment},
            )  # fmt: skip

    @property
    def process(self) -> Process:
        assert self._process, "not started"
        return self._process

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    def text(self) -> str:
        return self.log.read_text(encoding="utf-8")

    async def end(self, how: signal.Signals, patience: float = 20.0) -> int:
        """Send a signal and return the exit status."""
        if self.alive:
            self.process.send_signal(how)
        return await asyncio.wait_for(self.process.wait(), patience)

    async def kill(self) -> None:
        """End it as a power cut would, the kernel's caches apart."""
        assert await self.end(signal.SIGKILL) == -signal.SIGKILL

    async def stop(self) -> None:
        """Stop it in order; it must say that all is well."""
        code = await self.end(signal.SIGTERM)
        assert code == 0, (code, self.text()[-2000:])


@asynccontextmanager
async def running(command: Command) -> AsyncIterator[Command]:
    """Run it for as long as a block; what the block left is ended."""
    await command.start()
    try:
        yield command
    finally:
        if command.alive:
            await command.end(signal.SIGKILL)


def daemon(*sites: Path, log: Path, **environment: str) -> Command:
    """``facilityd run``."""
    return Command(["run", *map(str, sites)], log, environment)


async def facilityd(*words: object, code: int = 0) -> str:
    """Run one command without a terminal; return what it printed (with the errors, if it must fail). Nothing ever prints a traceback."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "facilityd", *map(str, words), stdin=DEVNULL, stdout=PIPE, stderr=PIPE
    )
    try:
        out, error = (text.decode() for text in await asyncio.wait_for(process.communicate(), PATIENCE_S))
    except TimeoutError:
        process.kill()
        raise AssertionError(f"{words} did not end in {PATIENCE_S:.0f} s") from None
    assert process.returncode == code, (words, process.returncode, out[-500:], error[-2000:])
    assert "Traceback" not in out + error
    return out + error if code else out


async def facilityd_json(*words: object) -> Any:
    """Run one command with --json."""
    return json.loads(await facilityd(*words, "--json"))


async def until(condition: Callable[[], object], seconds: float = READY_S, every: float = 0.1) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(every)


async def journal_of(path: Path, command: Command | None = None) -> JournalReader:
    """Return a reader once the daemon has stored something."""
    async with asyncio.timeout(READY_S):
        while True:
            assert command is None or command.alive, command and command.text()
            try:
                reader = JournalReader.open(path)
            except UsageError:
                await asyncio.sleep(0.1)
                continue
            if reader.last_sample():
                return reader
            reader.close()
            await asyncio.sleep(0.1)
