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


def solve(matrix: list[list[float]], right: list[list[float]]) -> list[list[float]]:
    """Solve matrix x = right for a positive definite matrix; both are overwritten. Columns of x as rows."""
    size = len(matrix)
    for i in range(size):
        for j in range(i + 1, size):
            share = matrix[j][i] / matrix[i][i]
            matrix[j] = [a - share * b for a, b in zip(matrix[j], matrix[i], strict=True)]
            right[j] = [a - share * b for a, b in zip(right[j], right[i], strict=True)]
    found: list[list[float]] = [[] for _ in range(size)]
    for i in reversed(range(size)):
        found[i] = [
            (value - sum(matrix[i][j] * found[j][k] for j in range(i + 1, size))) / matrix[i][i]
            for k, value in enumerate(right[i])
        ]
    return [list(column) for column in zip(*found, strict=True)]


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
