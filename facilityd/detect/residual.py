"""Kind ``residual``: what the physics explains taken away, so that one rule is true for every pump."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from facilityd.detect.detector import in_seconds
from facilityd.detect.device_state import DeviceState
from facilityd.detect.lag import Lag
from facilityd.detect.learned import LearnedDetector
from facilityd.model.baseline import HealthyReading
from facilityd.model.charts import Residual
from facilityd.model.finding import Evidence, Number

WIDER = 0.5
"""Beyond the range seen, half its width again or the rule's reach of its bound, no more."""


WETTER = 0.15
"""A share of being soaked that is beyond what was seen, and still explained."""


class ResidualDetector(LearnedDetector):
    """Unknown where the explaining signals are far outside what was learned."""

    def __init__(self, rule: Residual, device_state: DeviceState) -> None:
        super().__init__(rule, device_state)
        self._rule = rule
        known = device_state.signal_states
        bound = all(one.when.signal in known for one in rule.lags.values())
        self._lags = [Lag(one, known[one.when.signal]) for one in rule.lags.values()] if bound else []
        self.repeatable = not self._lags  # what the weather leaves behind changes while the readings do not
        self._names = names = (*rule.vector, *(rule.lags if bound else ()))
        factors = [term for term in rule.factors if all(s in names for s, _ in term)]
        self._terms = tuple(tuple((names.index(s), e) for s, e in term) for term in factors)
        self._of_weather = tuple(any(s in rule.lags for s, _ in term) for term in factors)
        self._less = names.index(rule.less) if rule.less else None
        self._explains = tuple(sorted({index for term in self._terms for index, _ in term}))
        self._bounds: tuple[tuple[int, float, float], ...] = ()
        self.forget()

    def forget(self) -> None:
        """A new baseline: its ranges, and nothing seen yet."""
        self._seen_wrong: bool | None = None
        self._value = self._expected = self._away = 0.0
        self._above = True
        self.of_weather = 0.0
        ranges = self.data.get("ranges", {})
        names = self._names
        reach = self._rule.reach
        self._bounds = tuple(
            (i, *(_soaked if names[i] in self._rule.lags else _farthest)(ranges[names[i]], reach))
            for i in self._explains
            if names[i] in ranges
        )

    def compare(self, row: HealthyReading | None, now: int) -> bool | None:
        """Return whether the newest reading is off; one reading lost leaves the last, while it is good."""
        if row is not None:
            self._seen_wrong = self._judge(row.values)
        stale = any(signal_state.good(now) is None for signal_state in self._vector)
        return None if stale else self._seen_wrong

    def beside(self, now: int) -> tuple[float, ...]:
        """Return how much of the weather is left behind."""
        return tuple(lag.at(now) for lag in self._lags)

    def kind_checkpoint(self) -> Any:
        """Return how soaked it is."""
        return [lag.checkpoint() for lag in self._lags] or None

    def restore_kind(self, kept: Any) -> None:
        """Go on from there."""
        for lag, one in zip(self._lags, kept, strict=False):
            lag.restore(one)

    def _judge(self, values: tuple[float, ...]) -> bool | None:
        self.of_weather = 0.0
        if any(not low <= values[i] <= high for i, low, high in self._bounds):
            return None
        try:
            parts = [prod(values[i] ** e if e != 1 else values[i] for i, e in term) for term in self._terms]
        except ZeroDivisionError:
            return None
        if any(isinstance(part, complex) for part in parts):  # a root of a negative value
            return None
        # A baseline from before the weather was bound knows fewer terms: the first.
        explained = [c * part for c, part in zip(self.data["coefficients"], parts, strict=False)]
        expected = float(sum(explained))
        if self._lags:
            of = zip(explained, self._of_weather, strict=False)
            self.of_weather = float(sum(part for part, lagged in of if lagged))
        value = values[0] if self._less is None else values[0] - values[self._less]
        self._value, self._expected = value, expected
        away = value - expected
        self._above = away > 0
        back = self._rule.hysteresis if self.delay.verdict else 0.0
        scale = abs(expected) if self._rule.relative else 1.0
        self.size = abs(away) / scale if scale else None
        self._away = away / scale if scale else 0.0
        return any((side * away) > (limit - back) * scale for side, limit in self._limits())

    def _limits(self) -> list[tuple[int, float]]:
        """Return each side (1 above, -1 below) with its bound, never narrower than the healthy spread."""
        wide = self._rule.factor * float(self.data["sigma"])
        asked = ((1, self._rule.above), (-1, self._rule.below))
        return [(side, max(side * limit, wide)) for side, limit in asked if limit is not None]

    def beyond(self, limit: float) -> bool:
        """Return whether it is off by more than another limit, in this one's measure and on its side.

        Where ``limit`` is negative, on the other side. As of the newest look; never narrower than the
        healthy spread.
        """
        away = self._away if limit > 0 else -self._away
        limit = max(abs(limit), self._rule.factor * float(self.data["sigma"]))
        asked = ((1, self._rule.above), (-1, self._rule.below))
        return any(side * away > limit for side, bound in asked if bound is not None)

    def known_evidence(self, now: int) -> Evidence:  # noqa: ARG002 - as of the newest reading
        """Return the value, what was expected here, and which version says so."""
        by = self.baseline
        numbers: dict[str, Number] = {"value": self._value, "unit": self.signal_states[0].measure}
        numbers |= {
            "expected": self._expected,
            "learned_at": by.at if by else 0,
            "version_n": by.version if by else 0,
        }
        if not self.delay.verdict:
            return Evidence("residual-over", numbers, self._rule.signal)
        numbers["for_s"] = in_seconds(self.delay.held)
        side = "above" if self._above else "below"
        return Evidence(f"residual-{side}", numbers, self._rule.signal)

    def evidence(self, now: int) -> Evidence:
        """Return what the verdict rests on; also that an operating mode was never learned."""
        strange = not self._known and self.baseline is not None and self._seen_wrong is None
        if strange and all(signal_state.good(now) is not None for signal_state in self._vector):
            return Evidence("unknown-outside", {}, self._rule.signal)
        return super().evidence(now)


def _soaked(seen: Sequence[float], reach: float) -> tuple[float, float]:  # noqa: ARG001 - a share of 1 is all
    """Return how wet it may be for what was learned to hold: little more than was seen."""
    return -1.0, seen[1] + WETTER


def _farthest(seen: Sequence[float], reach: float) -> tuple[float, float]:
    """Return how far a range seen may be stretched."""
    low, high = seen
    more = WIDER * (high - low)
    return low - max(more, reach * abs(low)), high + max(more, reach * abs(high))
