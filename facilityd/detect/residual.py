"""Kind ``residual``: what the physics explains taken away, so that one rule is true for every pump."""

from __future__ import annotations

from math import prod

from facilityd.detect.detector import in_seconds
from facilityd.detect.device_state import DeviceState
from facilityd.detect.learned import LearnedDetector
from facilityd.model.baseline import HealthyReading
from facilityd.model.charts import Residual
from facilityd.model.finding import Evidence, Number

WIDER, FARTHER = 0.5, 0.25
"""Beyond the range seen, half its width again or a quarter of its bound may be extrapolated, no more."""


class ResidualDetector(LearnedDetector):
    """Unknown where the explaining signals are far outside what was learned."""

    def __init__(self, rule: Residual, device_state: DeviceState) -> None:
        super().__init__(rule, device_state)
        self._rule = rule
        names = rule.vector
        self._terms = tuple(tuple((names.index(s), e) for s, e in term) for term in rule.factors)
        self._explains = tuple(sorted({index for term in self._terms for index, _ in term}))
        self._bounds: tuple[tuple[int, float, float], ...] = ()
        self.forget()

    def forget(self) -> None:
        """A new baseline: its ranges, and nothing seen yet."""
        self._seen_wrong: bool | None = None
        self._value = self._expected = 0.0
        self._above = True
        ranges = self.data.get("ranges", {})
        names = self._rule.vector
        self._bounds = tuple((i, *_farthest(*ranges[names[i]])) for i in self._explains if names[i] in ranges)

    def compare(self, row: HealthyReading | None, now: int) -> bool | None:
        """Return whether the newest reading is off; one reading lost leaves the last, while it is good."""
        if row is not None:
            self._seen_wrong = self._judge(row.values)
        stale = any(signal_state.good(now) is None for signal_state in self._vector)
        return None if stale else self._seen_wrong

    def _judge(self, values: tuple[float, ...]) -> bool | None:
        if any(not low <= values[i] <= high for i, low, high in self._bounds):
            return None
        try:
            parts = [prod(values[i] ** e if e != 1 else values[i] for i, e in term) for term in self._terms]
        except ZeroDivisionError:
            return None
        if any(isinstance(part, complex) for part in parts):  # a root of a negative value
            return None
        expected = float(sum(c * part for c, part in zip(self.data["coefficients"], parts, strict=True)))
        self._value, self._expected = values[0], expected
        away = values[0] - expected
        self._above = away > 0
        back = self._rule.hysteresis if self.delay.verdict else 0.0
        scale = abs(expected) if self._rule.relative else 1.0
        self.size = abs(away) / scale if scale else None
        return any((side * away) > (limit - back) * scale for side, limit in self._limits())

    def _limits(self) -> list[tuple[int, float]]:
        """Return each side (1 above, -1 below) with its bound, never narrower than the healthy spread."""
        wide = self._rule.factor * float(self.data["sigma"])
        asked = ((1, self._rule.above), (-1, self._rule.below))
        return [(side, max(side * limit, wide)) for side, limit in asked if limit is not None]

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


def _farthest(low: float, high: float) -> tuple[float, float]:
    """Return how far a range seen may be stretched."""
    more = WIDER * (high - low)
    return low - max(more, FARTHER * abs(low)), high + max(more, FARTHER * abs(high))
