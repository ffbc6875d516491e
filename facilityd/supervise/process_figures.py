"""What the machine tells of this process and of its clock; nothing here writes or needs a right."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import platform
from dataclasses import dataclass
from pathlib import Path

_STATM = Path("/proc/self/statm")
_UNSYNCHRONISED = 0x0040
"""STA_UNSYNC of adjtimex(2)."""


@dataclass(frozen=True, slots=True)
class ProcessFigures:
    """How the process was since it was last asked.

    ``loop_lag``: the longest that the event loop was late, ``writer_wait``: that the journal's writer took to
    answer, both in s. ``memory`` in bytes. ``synchronised``: the clock is kept in step, with an error of at
    most ``clock_error`` s. None: nobody knows.
    """

    loop_lag: float
    writer_wait: float
    memory: int | None
    synchronised: bool | None
    clock_error: float | None


def resident_memory() -> int | None:
    """Return the bytes of memory that this process has now; None where the system does not tell."""
    try:
        return int(_STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


class _Timex(ctypes.Structure):
    _fields_ = (
        ("modes", ctypes.c_uint), ("offset", ctypes.c_long), ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long), ("esterror", ctypes.c_long), ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )  # fmt: skip


def clock_state() -> tuple[bool, float] | None:
    """Return whether the kernel's clock is kept in step, and its greatest error in s; None: nobody knows.

    adjtimex(2) without a mode only reads, and needs no right.
    """
    name = ctypes.util.find_library("c")
    if not name or platform.system() != "Linux":
        return None
    state = _Timex()
    if ctypes.CDLL(name, use_errno=True).adjtimex(ctypes.byref(state)) < 0:
        return None
    return not state.status & _UNSYNCHRONISED, state.maxerror / 1e6
