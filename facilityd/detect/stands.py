"""How long a reading has stood before: what a coarse display does while its sensor is sound."""

from __future__ import annotations

from collections import deque
from typing import Any

from facilityd.model.sample import NS

REMEMBERED = 30 * 86_400 * NS
"""A stand of longer ago says nothing (ns)."""
TIMES = 3
"""So much longer than ever before one must stand to be stuck; so many counts what drives it must be worth."""
MOST, ENOUGH = 32, 5


class EarlierStands:
    """The longest of the last 30 days, and the smallest step ever seen."""

    def __init__(self) -> None:
        self._longest: deque[tuple[int, int]] = deque(maxlen=MOST)  # ended, length (ns), ever shorter
        self._smallest, self._steps = 0.0, 0

    @property
    def count(self) -> float:
        """One count of the display (the signal's unit); 0 while too few steps were seen to know."""
        return self._smallest if self._steps >= ENOUGH else 0.0

    def step(self, size: float) -> None:
        """Take a step between two readings (the signal's unit); nought is none."""
        if size:
            self._smallest = min(size, self._smallest or size)
            self._steps = min(ENOUGH, self._steps + 1)

    def ended(self, at: int, length: int, step: float, *, told: bool) -> None:
        """Take a stand of ``length`` ns that a step ended; one told as stuck only where the step was a count.

        A display leaves a value by a count or two, a sensor that was stuck by what it has missed.
        """
        if told and step > 2 * self.count:
            return
        while self._longest and self._longest[-1][1] <= length:
            self._longest.pop()
        self._longest.append((at, length))

    def too_long(self, at: int, least: int) -> int:
        """Return how long (ns) one must stand at ``at`` to be stuck: ``least`` where none is remembered."""
        while self._longest and at - self._longest[0][0] > REMEMBERED:
            self._longest.popleft()
        return max(least, TIMES * self._longest[0][1]) if self._longest else least

    def worth_reading(self, value: float, low: float, high: float) -> bool:
        """Return whether a display that follows its driver from ``low`` to ``high`` would show it."""
        far = max(abs(low), abs(high))
        return abs(value) * (high - low) >= TIMES * self.count * far

    def checkpoint(self) -> Any:
        """Return what is remembered."""
        return {
            "longest": [list(one) for one in self._longest],
            "smallest": self._smallest,
            "steps": self._steps,
        }

    def restore(self, kept: Any) -> None:
        """Go on from what was remembered."""
        self._longest.extend((int(at), int(length)) for at, length in kept["longest"])
        self._smallest, self._steps = float(kept["smallest"]), int(kept["steps"])
