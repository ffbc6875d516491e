"""Several fast signals of one machine together: learned limits and the chart that evaluates against them.

Each signal is evaluated twice: by its own level, and by what is left of it after the last readings of all
signals have predicted it (vector autoregression). It is wrong where both, smoothed over five readings,
are beyond ``FACTOR`` times their healthy 99.5 % level, for ``SHARE`` of the last seconds. Why, and with what
figures: decision 0009.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from operator import mul
from statistics import fmean, median
from typing import Any, Self

from facilityd.detect.statistics import quantile

Values = Sequence[float]
ORDER, SMOOTH, LEVEL, RIDGE = 3, 0.2, 0.995, 0.01
FACTOR, SHARE, OVER_S = 1.75, 0.8, 10.0
"""Wrong where this share of the last ``OVER_S`` seconds is beyond ``FACTOR`` times what was healthy."""
BACK, CALM = 0.3, 2
"""Over when below the limit, or below this share of the worst, for so many times these seconds: machines
seldom come back to just where they were."""
FEWEST = 5
"""However slowly it is read, one reading or two are no proof."""
DRIFT = 0.5
"""Share of what moved between the two halves of the fit that may move again: a short fit sees no turning."""
LEAST = 100
"""Readings below which nothing is learned."""
_FLOOR, _TINY, _SETTLE = 1e-3, 1e-9, 10


@dataclass(frozen=True, slots=True)
class VarLimits:
    """What is healthy. ``middle``, ``low``, ``high`` in each signal's unit: where it should be, and was.

    ``mean`` and ``scale`` standardise; ``weights`` (signals x (signals x ORDER + 1)) predict the next
    reading; ``wander`` is how far off, standardised, the prediction was.
    """

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    middle: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    weights: tuple[tuple[float, ...], ...]
    wander: tuple[float, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return what ``as_dict`` described."""
        plain = {name: tuple(value) for name, value in data.items()}
        return cls(**plain | {"weights": tuple(tuple(row) for row in data["weights"])})


class EwmaVector:
    """Exponentially weighted means of one reading after another."""

    def __init__(self, share: float) -> None:
        self._share = share
        self.now: list[float] = []

    def take(self, values: Iterable[float]) -> list[float]:
        """Return the means with these values in them."""
        share = self._share
        self.now = (
            [m + share * (v - m) for m, v in zip(self.now, values, strict=True)] if self.now else [*values]
        )
        return self.now


class VarRun:
    """One unbroken stretch of readings: levels and prediction errors, both smoothed."""

    def __init__(self, limits: VarLimits) -> None:
        self._limits = limits
        self._lags: deque[float] = deque(maxlen=ORDER * len(limits.mean))
        self.level, self.error = EwmaVector(SMOOTH), EwmaVector(SMOOTH)
        self.error.take([0.0] * len(limits.mean))

    def take(self, values: Values) -> bool:
        """Take one reading; return whether the past was long enough to predict it."""
        known = self._limits
        self.level.take(values)
        now = [(v - m) / s for v, m, s in zip(values, known.mean, known.scale, strict=True)]
        full = len(self._lags) == self._lags.maxlen
        if full:
            lags = [*self._lags, 1.0]
            self.error.take(z - sum(map(mul, w, lags)) for z, w in zip(now, known.weights, strict=True))
        self._lags.extendleft(reversed(now))
        return full


def fit(stretches: Sequence[Sequence[Values]]) -> VarLimits:
    """Learn from unbroken stretches of healthy readings, at least one longer than ``LEAST``."""
    columns = [tuple(column) for column in zip(*(row for rows in stretches for row in rows), strict=True)]
    mean, middle = [fmean(c) for c in columns], [median(c) for c in columns]
    floor = [max(_FLOOR * abs(m), _TINY) for m in middle]
    spread = [sqrt(fmean([(v - m) ** 2 for v in c])) for c, m in zip(columns, mean, strict=True)]
    scale = [max(s, f) for s, f in zip(spread, floor, strict=True)]
    start = VarLimits(tuple(mean), tuple(scale), tuple(middle), (), (), (), ())
    weights = _predictors(stretches, start)
    first = VarLimits(start.mean, start.scale, start.middle, (), (), weights, ())
    levels, errors = _healthy(stretches, first)
    ranges = [_range(c, v, m, f) for c, v, m, f in zip(levels, columns, middle, floor, strict=True)]
    return VarLimits(
        first.mean, first.scale, first.middle,
        tuple(low for low, _ in ranges),
        tuple(high for _, high in ranges),
        weights,
        tuple(max(quantile(c, LEVEL), f / s) for c, f, s in zip(errors, floor, scale, strict=True)),
    )  # fmt: skip


def _range(levels: Values, values: Values, middle: float, floor: float) -> tuple[float, float]:
    """Return between which levels a signal was healthy, with room for its drift."""
    half = len(values) // 2
    drift = DRIFT * abs(fmean(values[half:]) - fmean(values[:half]))
    low = min(quantile(levels, 1 - LEVEL), middle - floor) - drift
    return low, max(quantile(levels, LEVEL), middle + floor) + drift


def _predictors(stretches: Sequence[Sequence[Values]], start: VarLimits) -> tuple[tuple[float, ...], ...]:
    """Return the ridge regression of each reading on the ORDER before it."""
    import numpy as np  # here, not above: the daemon that evaluates does without

    pasts, futures = [], []
    for rows in stretches:
        standard = (np.array(rows, float).reshape(len(rows), -1) - start.mean) / start.scale
        count = max(0, len(standard) - ORDER)
        lags = [standard[ORDER - lag : ORDER - lag + count] for lag in range(1, ORDER + 1)]
        pasts.append(np.hstack([*lags, np.ones((count, 1))]))
        futures.append(standard[ORDER : ORDER + count])
    past, future = np.vstack(pasts), np.vstack(futures)
    ridge = RIDGE * max(len(past), 1) * np.eye(past.shape[1])
    weights = np.linalg.solve(past.T @ past + ridge, past.T @ future)
    return tuple(map(tuple, weights.T.tolist()))


def _healthy(stretches: Sequence[Sequence[Values]], first: VarLimits) -> tuple[list[Values], list[Values]]:
    levels, errors = [], []
    for rows in stretches:
        trace = VarRun(first)
        for index, row in enumerate(rows):
            trace.take(row)
            if index >= _SETTLE:
                levels.append(trace.level.now)
                errors.append([abs(e) for e in trace.error.now])
    return [*zip(*levels, strict=True)], [*zip(*errors, strict=True)]


class VarResidualChart:
    """Evaluates readings one by one. ``guilty`` is the index of the signal that was farthest off.

    Each counts for as long as it lasted, so that it is seconds that decide and not how often it is read;
    readings that come more slowly than ``FEWEST`` in ``over_s`` seconds make that longer.
    """

    def __init__(self, limits: VarLimits, over_s: float = OVER_S) -> None:
        self.limits, self._over = limits, over_s
        self.verdict: bool | None = None
        self.guilty = 0
        self._peak = 0.0
        self.forget()

    def forget(self) -> None:
        """Readings were missed: begin a new stretch. The verdict stands."""
        self.trace = VarRun(self.limits)
        self._last: deque[tuple[float, bool]] = deque()
        self._calm = 0.0

    def step(self, values: Values, lasted: float = 1.0) -> bool | None:
        """Evaluate a reading, ``lasted`` s after the one before. None: too few yet, and no verdict before."""
        if not self.trace.take(values):
            return self.verdict
        scores = self._scores()
        worst = max(scores)
        if worst > FACTOR:
            self.guilty = scores.index(worst)
        seen, wrong = self._vote(lasted, worst > FACTOR)
        over = max(self._over, FEWEST * lasted)
        if self.verdict:
            self._peak = max(self._peak, worst)
            self._calm = self._calm + lasted if worst < max(FACTOR, BACK * self._peak) else 0.0
            self.verdict = self._calm < CALM * over
        elif wrong >= SHARE * over:
            self.verdict, self._peak, self._calm = True, worst, 0.0
        elif seen >= over:
            self.verdict = False
        return self.verdict

    def _vote(self, lasted: float, wrong: bool) -> tuple[float, float]:
        """Return for how many of the last seconds it was seen at all, and wrong."""
        self._last.append((lasted, wrong))
        seen = sum([span for span, _ in self._last])
        over = max(self._over, FEWEST * lasted)
        while seen - self._last[0][0] >= over:
            seen -= self._last.popleft()[0]
        return seen, sum([span for span, bad in self._last if bad])

    def allowed(self, index: int) -> tuple[float, float]:
        """Return how low and how high a signal's level may be, in its unit."""
        known = self.limits
        middle = known.middle[index]
        return (
            middle - FACTOR * (middle - known.low[index]),
            middle + FACTOR * (known.high[index] - middle),
        )

    def _scores(self) -> list[float]:
        """Return per signal the prediction error over its healthy level; 0 where the level is healthy."""
        known, trace = self.limits, self.trace
        scores = []
        for level, error, middle, low, high, wander in zip(
            trace.level.now, trace.error.now, known.middle, known.low, known.high, known.wander, strict=True
        ):
            room = high - middle if level > middle else middle - low
            scores.append(abs(error) / wander if abs(level - middle) > FACTOR * room else 0.0)
        return scores
