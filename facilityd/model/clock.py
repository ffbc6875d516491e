"""The two clocks of the edge: a label for people and a steady one for intervals."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from facilityd.model.sample import NS


@dataclass(slots=True)
class Clock:
    """``at`` follows the wall; ``steady`` starts at the wall and never jumps.

    The wall and the monotonic source are parameters so that virtual time and clock-jump
    tests use this very class.
    """

    wall: Callable[[], int] = time.time_ns
    monotonic: Callable[[], int] = time.monotonic_ns
    _offset: int = field(init=False)

    def __post_init__(self) -> None:
        self._offset = self.wall() - self.monotonic()

    def now(self) -> tuple[int, int]:
        """Return (at, steady), both ns."""
        return self.wall(), self.steady()

    def steady(self) -> int:
        """Return ns that only ever grow, close to UTC when the process started."""
        return self.monotonic() + self._offset

    def drift(self) -> int:
        """Return wall minus steady in ns: the sum of all clock jumps since the start."""
        return self.wall() - self.steady()


def seconds(duration_ns: int) -> float:
    """Convert ns to s."""
    return duration_ns / NS
