"""What weather leaves behind, from 0 to 1: a first-order lag that rises and falls at paces of its own."""

from __future__ import annotations

import math

from facilityd.detect.device_state import SignalState
from facilityd.model.charts import LaggedCondition
from facilityd.model.operating_mode import answer


class Lag:
    """The state of one lagged condition. While the condition is unknown it stays as it is."""

    def __init__(self, rule: LaggedCondition, signal_state: SignalState) -> None:
        self._rule, self._signal_state = rule, signal_state
        self.level, self._at = 0.0, 0

    def at(self, now: int) -> float:
        """Return the level at ``now`` (ns, steady), which does not run backwards."""
        passed = max(0, now - self._at) if self._at else 0
        self._at = max(now, self._at)
        holds = answer(self._rule.when, self._signal_state.good(now))
        if holds is not None and passed:
            goal, constant = (1.0, self._rule.rise) if holds else (0.0, self._rule.fall)
            self.level = goal + (self.level - goal) * math.exp(-passed / constant)
        return self.level

    def checkpoint(self) -> list[float]:
        """Return what a restart must not lose."""
        return [self.level, self._at]

    def restore(self, kept: list[float]) -> None:
        """Go on from there."""
        self.level, self._at = float(kept[0]), int(kept[1])
