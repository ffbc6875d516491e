"""The daemon's heartbeat: a small file beside the journal that its event loop writes over and over.

    {"boot": "…", "steady": 86400000000000, "at": 1781040600000000000, "pid": 4711, "phase": "running",
     "writer": 4000000}

``steady`` is the machine's own clock (CLOCK_MONOTONIC), which every process of one machine shares and which
nobody sets; ``boot`` says of which run of the machine. On another machine, or after a restart, an age comes
from the wall clock ``at``.
"""

from __future__ import annotations

import json
import os
import stat
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, Self

from facilityd.model.regular import read_regular
from facilityd.store.files import beside

SUFFIX = ".heartbeat"
LENGTH = 256
"""Bytes; it is written over in place, so that a full disk does not end it."""
WRITER_STUCK = 60 * 10**9
"""A writer that has not answered for so long (ns) is not slow any more: nothing is judged behind it."""
_BOOT = Path("/proc/sys/kernel/random/boot_id")
Phase = Literal["starting", "running"]


@dataclass(frozen=True, slots=True)
class HeartbeatRecord:
    """One beat; ``at`` in ns UTC, ``steady`` in ns on the machine's clock.

    ``writer``: for how long (ns) the writer of the journal had not answered then.
    """

    boot: str
    steady: int
    at: int
    pid: int
    phase: Phase
    writer: int = 0

    @classmethod
    def now(cls, phase: Phase, writer: int = 0) -> Self:
        """Return the beat of this process at this instant."""
        return cls(boot_id(), time.monotonic_ns(), time.time_ns(), os.getpid(), phase, writer)

    def age(self, now: int) -> int:
        """Return for how long (ns) there has been no other; ``now`` in ns UTC, for where clocks differ."""
        if self.boot and self.boot == boot_id():
            return max(0, time.monotonic_ns() - self.steady)
        return max(0, now - self.at)

    def line(self) -> bytes:
        """Return what the file holds."""
        return json.dumps(asdict(self)).encode().ljust(LENGTH - 1) + b"\n"


def boot_id() -> str:
    """Return what names this run of the machine; "" where the system does not tell."""
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def read_heartbeat(journal: Path) -> HeartbeatRecord | None:
    """Return the newest beat beside a journal; None where there is none that can be read."""
    try:
        found = json.loads(read_regular(beside(journal, SUFFIX), LENGTH, follow=False))
        beat = HeartbeatRecord(**found)
    except (OSError, ValueError, TypeError):
        return None
    numbers = (beat.steady, beat.at, beat.pid, beat.writer)
    sound = isinstance(beat.boot, str) and beat.phase in ("starting", "running")
    return beat if sound and all(type(one) is int and one >= 0 for one in numbers) else None


class HeartbeatFile:
    """The writing end. Raises nothing: where it cannot be written, ``fault`` says why."""

    def __init__(self, journal: Path) -> None:
        self.path = beside(journal, SUFFIX)
        self.fault = ""
        self._handle = -1

    def write(self, beat: HeartbeatRecord) -> None:
        """Write a beat over the one before."""
        try:
            if self._handle < 0 or not os.fstat(self._handle).st_nlink:
                self._open()
            os.pwrite(self._handle, beat.line(), 0)
            self.fault = ""
        except OSError as error:
            self.fault = error.strerror or str(error)
            self._close()

    def remove(self) -> None:
        """Take it away at an orderly end: what does not run has no beat."""
        self._close()
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            self.fault = error.strerror or str(error)

    def _open(self) -> None:
        self._close()
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
        self._handle = os.open(self.path, flags, 0o644)
        if not stat.S_ISREG(os.fstat(self._handle).st_mode):
            self._close()
            raise OSError(f"{self.path.name} is no regular file")

    def _close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
