"""A trend in few, robust points: Theil-Sen slope, its rank interval, and the test of Mann and Kendall.

Sen, J. Am. Stat. Assoc. 63 (1968) 1379; Kendall, Rank Correlation Methods (1975). Plain Python: it runs
once a day, on at most some 120 points.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

_Z95 = 1.959964


@dataclass(frozen=True, slots=True)
class TheilSenSlope:
    """``middle``, 95 % in ``low`` to ``high``, per x; ``level`` at the last x; ``p`` of no trend."""

    low: float
    middle: float
    high: float
    level: float
    p: float

    @property
    def certain(self) -> bool:
        """True where the interval excludes zero."""
        return self.low > 0 or self.high < 0


def theil_sen(xs: Sequence[float], ys: Sequence[float]) -> TheilSenSlope:
    """Return the slope of ys over xs, both of the same length n >= 3, xs rising."""
    pairs = [(i, j) for j in range(len(xs)) for i in range(j)]
    slopes = sorted((ys[j] - ys[i]) / (xs[j] - xs[i]) for i, j in pairs)
    score = sum((s > 0) - (s < 0) for s in slopes)
    width = math.sqrt(_variance(ys))
    half = _Z95 * width
    low = slopes[max(0, math.floor((len(slopes) - half) / 2))]
    high = slopes[min(len(slopes) - 1, math.ceil((len(slopes) + half) / 2))]
    middle = median(slopes)
    level = median(y - middle * (x - xs[-1]) for x, y in zip(xs, ys, strict=True))
    return TheilSenSlope(low, middle, high, level, _p(score, width))


def _variance(ys: Sequence[float]) -> float:
    """Return the variance of Kendall's score, corrected for ties."""
    n = len(ys)
    ties = sum(t * (t - 1) * (2 * t + 5) for t in Counter(ys).values())
    return max(0.0, (n * (n - 1) * (2 * n + 5) - ties) / 18.0)


def _p(score: int, width: float) -> float:
    """Return the two-sided p of the score, by the normal approximation with continuity correction."""
    if not score or not width:
        return 1.0
    return math.erfc((abs(score) - 1) / width / math.sqrt(2.0))
