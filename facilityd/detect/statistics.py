"""Small statistics of the learned kinds. Plain Python: one reading at a time it is faster than arrays."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import pairwise

from facilityd.model.baseline import HealthyReading

GAP = 3
"""Usual distances between readings after which a history is broken."""


def quantile(values: Iterable[float], share: float) -> float:
    """Return the quantile (``share`` 0 to 1), linear between neighbours."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def stretches(rows: Sequence[HealthyReading]) -> list[list[HealthyReading]]:
    """Return the rows cut where the operating mode changes or readings are missing."""
    steps = [later.steady - earlier.steady for earlier, later in pairwise(rows)]
    usual = sorted(steps)[len(steps) // 2] if steps else 0
    cut: list[list[HealthyReading]] = [[row] for row in rows[:1]]
    for row, step in zip(rows[1:], steps, strict=True):
        if step > GAP * usual or row.state != cut[-1][-1].state:
            cut.append([])
        cut[-1].append(row)
    return cut


class MOfN:
    """Wrong when ``of`` the last ``out_of`` readings are; right again when all but as many are right."""

    def __init__(self, of: int, out_of: int) -> None:
        self._of, self._rest = of, out_of - of
        self._last: deque[bool] = deque(maxlen=out_of)
        self.verdict: bool | None = None

    def see(self, wrong: bool) -> bool | None:
        """Count one reading. None: too few yet, and no verdict from before."""
        self._last.append(wrong)
        count = sum(self._last)
        if count >= self._of:
            self.verdict = True
        elif len(self._last) == self._last.maxlen and (not self.verdict or count <= self._rest):
            self.verdict = False
        return self.verdict

    def checkpoint(self) -> list[bool | None]:
        """Return the verdict and the last readings' votes."""
        return [self.verdict, *self._last]

    def restore(self, kept: Sequence[bool | None]) -> None:
        """Go on from these votes. A verdict from after them stands."""
        self.verdict = kept[0] if self.verdict is None else self.verdict
        self._last.extend(bool(vote) for vote in kept[1:])

    def forget(self) -> None:
        """Begin to count anew; the verdict stands."""
        self._last.clear()
