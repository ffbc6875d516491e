"""One robust point a day: the median of what was seen in it, however often it was read."""

from __future__ import annotations

from collections import deque
from statistics import median
from typing import Any

from facilityd.model.sample import NS

DAY = 86_400 * NS
MOST, MOST_TODAY, FEWEST = 120, 64, 3


class Daily:
    """Days are those of UTC, so that a night's lighting in the east of Asia falls into one of them.

    A day with fewer than three readings gives no point. Bounded: 120 days, 64 readings of the present one,
    thinned evenly when there are more.
    """

    def __init__(self) -> None:
        self.points: deque[tuple[int, float]] = deque(maxlen=MOST)
        self._day = 0
        self._today: list[float] = []
        self._every, self._skip = 1, 0

    def add(self, at: int, value: float) -> bool:
        """Take a reading (``at`` in ns); return whether a day was completed by it."""
        day = at // DAY
        done = day > self._day and self._close()
        if day > self._day:
            self._day, self._every, self._skip = day, 1, 0
        self._skip -= 1
        if self._skip < 0:
            self._today.append(value)
            self._skip = self._every - 1
        if len(self._today) >= MOST_TODAY:
            self._today, self._every = self._today[::2], self._every * 2
        return done

    def _close(self) -> bool:
        enough = len(self._today) >= FEWEST
        if enough:
            self.points.append((self._day, median(self._today)))
        self._today = []
        return enough

    def drop(self) -> None:
        """Begin anew, as after a service."""
        self.points.clear()
        self._today = []

    def checkpoint(self) -> Any:
        """Return everything as plain JSON."""
        return {"day": self._day, "today": list(self._today), "every": [self._every, self._skip],
                "points": [list(point) for point in self.points]}  # fmt: skip

    def restore(self, state: Any) -> None:
        """Take back what ``checkpoint`` returned."""
        self._day, self._today = state["day"], [float(v) for v in state["today"]]
        self._every, self._skip = state["every"]
        self.points = deque(((int(d), float(v)) for d, v in state["points"]), maxlen=MOST)
