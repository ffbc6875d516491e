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


class SuccessiveDifferences:
    """The spread of a signal's last steps from sample to sample, in its unit."""

    def __init__(self, points: int) -> None:
        self._steps: deque[float] = deque(maxlen=points)
        self._last: float | None = None
        self._total = 0.0

    @property
    def spread(self) -> float | None:
        """Return the spread; None while too few steps were seen."""
        if len(self._steps) < (self._steps.maxlen or 0):
            return None
        return math.sqrt(max(0.0, self._total) / len(self._steps) / 2.0)

    def take(self, value: float) -> None:
        """Take the next sample."""
        if self._last is not None:
            if len(self._steps) == self._steps.maxlen:
                self._total -= self._steps[0]
            self._steps.append((value - self._last) ** 2)
            self._total += self._steps[-1]
        self._last = value

    def forget(self) -> None:
        """A pause ends the window."""
        self._steps.clear()
        self._last, self._total = None, 0.0

    def checkpoint(self) -> Any:
        """Return the steps of the window."""
        return {"steps": list(self._steps), "last": self._last}

    def restore(self, kept: Any) -> None:
        """Go on from the window."""
        self._steps.extend(kept["steps"])
        self._last, self._total = kept["last"], sum(kept["steps"])


class RippleDetector(ConditionalDetector):
    """The spread is taken from successive differences (von Neumann 1941): a slope adds next to nothing."""

    def __init__(self, rule: Ripple, device_state: DeviceState) -> None:
        super().__init__(rule, device_state)
        self._rule, self._signal_state = rule, self.signal_states[0]
        self._differences = SuccessiveDifferences(rule.points)

    def evaluate(self, now: int) -> bool | None:
        """Return whether it is too unsteady, or too steady; None while too little was seen."""
        value = good_float(self._signal_state, now)
        if value is None:
            self.disabled(now)
            return None
        if self.fresh():
            self._differences.take(value)
        spread = self._differences.spread
        if spread is None:
            return self.delay.verdict
        back = self._rule.hysteresis if self.delay.verdict else 0.0
        if self._rule.above is not None:
            return spread > self._rule.above - back
        return spread < (self._rule.below or 0.0) + back

    def disabled(self, now: int) -> None:  # noqa: ARG002 - whenever it was
        """A pause ends the window."""
        self._differences.forget()

    def kind_checkpoint(self) -> Any:
        """Return the steps of the window."""
        return self._differences.checkpoint()

    def restore_kind(self, kept: Any) -> None:
        """Go on from the window."""
        self._differences.restore(kept)

    def known_evidence(self, now: int) -> Evidence:  # noqa: ARG002 - as of the last look
        """Return the spread and what is usual."""
        limit = self._rule.above if self._rule.above is not None else self._rule.below
        numbers: dict[str, Number] = {
            "spread": "?" if self._differences.spread is None else self._differences.spread
        }
        numbers |= {
            "unit": self._signal_state.measure,
            "limit": limit or 0.0,
            "for_s": in_seconds(self.delay.held),
        }
        if not self.delay.verdict:
            return Evidence("ripple-over", {"unit": self._signal_state.measure}, self._signal_state.signal)
        side = "above" if self._rule.above is not None else "below"
        return Evidence(f"ripple-{side}", numbers, self._signal_state.signal)
