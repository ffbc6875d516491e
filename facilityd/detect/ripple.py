"""Kind ``ripple``: how unsteady a signal is from sample to sample, whatever way it goes slowly."""

from __future__ import annotations

import math
from collections import deque
from typing import Any

from facilityd.detect.conditional import ConditionalDetector, good_float
from facilityd.detect.detector import in_seconds
from facilityd.detect.device_state import DeviceState
from facilityd.model.finding import Evidence, Number
from facilityd.model.rule import Ripple


class RippleDetector(ConditionalDetector):
    """The spread is taken from successive differences (von Neumann 1941): a slope adds next to nothing."""

    def __init__(self, rule: Ripple, device_state: DeviceState) -> None:
        super().__init__(rule, device_state)
        self._rule, self._signal_state = rule, self.signal_states[0]
        self._steps: deque[float] = deque(maxlen=rule.points)
        self._last: float | None = None
        self._total = 0.0

    @property
    def _spread(self) -> float:
        return math.sqrt(max(0.0, self._total) / len(self._steps) / 2.0)

    def evaluate(self, now: int) -> bool | None:
        """Return whether it is too unsteady, or too steady; None while too little was seen."""
        value = good_float(self._signal_state, now)
        if value is None:
            self.disabled(now)
            return None
        if self.fresh():
            self._step(value)
        if len(self._steps) < self._rule.points:
            return self.delay.verdict
        if self._rule.above is not None:
            return self._spread > self._rule.above
        return self._spread < (self._rule.below or 0.0)

    def _step(self, value: float) -> None:
        if self._last is not None:
            if len(self._steps) == self._rule.points:
                self._total -= self._steps[0]
            self._steps.append((value - self._last) ** 2)
            self._total += self._steps[-1]
        self._last = value

    def disabled(self, now: int) -> None:  # noqa: ARG002 - whenever it was
        """A pause ends the window."""
        self._steps.clear()
        self._last, self._total = None, 0.0

    def kind_checkpoint(self) -> Any:
        """Return the steps of the window."""
        return {"steps": list(self._steps), "last": self._last}

    def restore_kind(self, kept: Any) -> None:
        """Go on from the window."""
        self._steps.extend(kept["steps"])
        self._last, self._total = kept["last"], sum(kept["steps"])

    def known_evidence(self, now: int) -> Evidence:  # noqa: ARG002 - as of the last look
        """Return the spread and what is usual."""
        limit = self._rule.above if self._rule.above is not None else self._rule.below
        numbers: dict[str, Number] = {"spread": self._spread if self._steps else "?"}
        numbers |= {
            "unit": self._signal_state.measure,
            "limit": limit or 0.0,
            "for_s": in_seconds(self.delay.held),
        }
        if not self.delay.verdict:
            return Evidence("ripple-over", {"unit": self._signal_state.measure}, self._signal_state.signal)
        side = "above" if self._rule.above is not None else "below"
        return Evidence(f"ripple-{side}", numbers, self._signal_state.signal)
