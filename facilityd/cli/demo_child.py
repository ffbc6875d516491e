"""The processes of a demo, and what is said where one of them ends by itself."""

from __future__ import annotations

import asyncio
import ctypes
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from facilityd.cli.local_sink import LocalSink
from facilityd.cli.output import say
from facilityd.cli.words import sentence
from facilityd.model.plain import plain
from facilityd.model.regular import open_regular
from facilityd.model.text import Language

STOP_S = 10.0
LINES = 12
"""So many of its last lines are shown: a named problem, or the end of a report."""
_TAIL = 16_384
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class DemoChild:
    """A facilityd process of the demo (``name``: simulator, daemon or page), and the log of what it says."""

    name: str
    process: Process
    log: Path

    @classmethod
    @asynccontextmanager
    async def running(
        cls, folder: Path, name: str, *words: str, env: Mapping[str, str] | None = None
    ) -> AsyncIterator[DemoChild]:
        """Run a facilityd command in its own process group, and end it in order."""
        log = folder / f"{name}.log"
        with log.open("wb") as out:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "facilityd", *words, stdin=DEVNULL, stdout=out, stderr=out,
                start_new_session=True, env=env, preexec_fn=_end_with_parent,
            )  # fmt: skip
        try:
            yield cls(name, process, log)
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
                try:
                    await asyncio.wait_for(process.wait(), STOP_S)
                except TimeoutError:
                    process.kill()
                    await process.wait()

    @property
    def ended(self) -> bool:
        """True once it is gone."""
        return self.process.returncode is not None

    def last_lines(self) -> list[str]:
        """Return the last lines of its log, as plain text."""
        try:
            with open_regular(self.log) as file:
                file.seek(max(0, file.seek(0, 2) - _TAIL))
                said = file.read().decode(errors="replace")
        except OSError:
            return []
        return [plain(line) for line in said.splitlines() if line.strip()][-LINES:]

    def tell(self, language: Language) -> None:
        """Say that it ended by itself, how, with its last words, and where all of them are."""
        status = self.process.returncode or 0
        how = sentence(
            "demo-killed" if status < 0 else "demo-status", language, number=status, signal=_signal(-status)
        )
        say(sentence(f"demo-{self.name}-ended", language, how=how, path=self.log), err=True, red=True)
        for line in self.last_lines():
            say(f"  {line}", err=True)


def _end_with_parent() -> None:
    """Ask the kernel to end this process where the demo is killed, which then can end nobody (prctl(2)).

    Only Linux knows it; elsewhere what is left over is found by its ports at the next start.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


@dataclass(frozen=True, slots=True)
class DemoRun:
    """What a running demo consists of. ``stop``: somebody wants it to end."""

    sink: LocalSink
    stop: asyncio.Event
    simulator: DemoChild
    daemon: DemoChild
    serving: DemoChild

    @property
    def goes_on(self) -> bool:
        """False once it shall end, or has lost what it shows."""
        return not (self.stop.is_set() or self.simulator.ended or self.daemon.ended)

    @property
    def ended(self) -> list[DemoChild]:
        """The processes that have ended by themselves."""
        return [child for child in (self.simulator, self.daemon, self.serving) if child.ended]
